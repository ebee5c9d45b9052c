"""Layers one after the other with nothing between them: together they are one linear layer.

A finding where the training fails, else a note: a linear model may be meant.
"""

from __future__ import annotations

from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding, Proof, proven_if
from trainlab.diagnosis.observed.record import Graph
from trainlab.diagnosis.observed.torch_names import LINEAR_NODES, SHAPE_NODES
from trainlab.diagnosis.pictures.kinds import Picture
from trainlab.diagnosis.pictures.network import chain_to_loss
from trainlab.diagnosis.place import Place
from trainlab.diagnosis.remedies.common_remedies import single
from trainlab.diagnosis.signals.limits import best_line, holds_up, may_hold_more
from trainlab.diagnosis.signals.training import Training, named

LONG = 200
_LINEAR = LINEAR_NODES | {"Bmm"}
_PASSING = frozenset(
    (
        "NativeDropout",
        "Add",
        "NativeBatchNorm",
        "CudnnBatchNorm",
        "Mean",
        "AccumulateGrad",
        "AvgPool2D",
        "Fused Dropout",
    )
)


def judge(training: Training) -> Finding | None:
    """Fire if no layer of at least two is followed by anything but another layer.

    A single layer that gets nowhere is told of in a note.
    """
    for graph in training.record.graphs[:6]:
        chain = _chain(training, graph)
        if chain is None:
            continue
        finding = Finding(
            place=Place(kind="parameters", parameters=tuple(chain)),
            where=f"between {named(chain)}",
            confidence=0.85,
            proof=_proof(training),
            evidence=(
                f"{len(chain)} linear layers ({named(chain)}) follow each other without a "
                "non-linear function: "
                "their product is one matrix",
                training.learning.words,
            ),
            remedy="Put an activation after each hidden layer.",
            code="x = torch.relu(self.layer1(x))\nreturn self.layer2(x)",
        )
        return finding if training.learning.failing else finding.as_note()
    name = only_layer(training) if training.learning.state == "stuck" else ""
    return _alone(training, name).as_note() if name else None


def only_layer(training: Training) -> str:
    """Return the weight of a network of one linear layer that had time to find the best line, or ""."""
    layers = [one for one in training.record.params.values() if len(one.shape) >= 2]
    if any(one.owner is not None and not one.requires_grad for one in layers):
        return ""  # frozen ones leave no trace in the graph
    names = [one.name for one in layers if one.reached]
    kinds = {node.kind for graph in training.record.graphs[:6] for node in graph.nodes}
    linear = bool(kinds & _LINEAR) and "Convolution" not in kinds and not training.record.activations
    settled = training.record.tick >= LONG and not training.learning.falling
    return names[0] if len(names) == 1 and linear and settled else ""


def _alone(training: Training, name: str) -> Finding:
    return Finding(
        place=Place(kind="parameters", parameters=(name,)),
        where=name,
        confidence=0.7,
        evidence=(f"{name} is the network's only layer: what it computes is linear", training.learning.words),
        remedy="If the targets aren't linear in the inputs, put a hidden layer with an activation before it.",
        code="nn.Sequential(nn.Linear(inputs, 16), nn.Tanh(), nn.Linear(16, outputs))",
    )


def _proof(training: Training) -> Proof:
    if not may_hold_more(training):
        return Proof(words="5 nearest neighbours are no better than a constant answer, either")
    floor = best_line(training)
    words = f"the best line leaves {floor:.0%} of the targets' variance"
    return proven_if(holds_up(training, floor), words)


def _chain(training: Training, graph: Graph) -> list[str] | None:
    """Return the weights in order if all linear layers of the graph are joined directly, else None."""
    linear = [
        place
        for place, node in enumerate(graph.nodes)
        if node.kind in _LINEAR and _weight(training, graph, place)
    ]
    if len(linear) < 2 or not graph.complete:
        return None
    joined = 0
    for place in linear:
        met, waiting = set[int](), list(graph.nodes[place].inputs)
        while waiting:
            at = waiting.pop()
            node = graph.nodes[at]
            if at in met or node.kind == "AccumulateGrad":
                continue
            met.add(at)
            if at in linear:
                joined += 1
                continue
            dropped = node.kind == "Mul" and node.op is not None and node.op.name == "dropout"
            if node.kind not in SHAPE_NODES and node.kind not in _PASSING and not dropped:
                return None
            waiting += node.inputs
    if joined < len(linear) - 1:
        return None
    return [_weight(training, graph, place) for place in reversed(linear)]


def _weight(training: Training, graph: Graph, place: int) -> str:
    """Return the name of the weight that a linear node uses, or an empty string."""
    for at in graph.nodes[place].inputs:
        node = graph.nodes[at]
        while node.kind in SHAPE_NODES and node.inputs:
            node = graph.nodes[node.inputs[0]]
        if node.param is not None and len(training.record.params[node.param].shape) >= 2:
            return training.record.params[node.param].name
    return ""


_LINEAR_CALLS = frozenset(("linear", "addmm", "matmul", "mm", "bmm", "conv1d", "conv2d", "conv3d"))


def _picture(training: Training) -> Picture | None:
    """The operations from the input to the loss; linear ones with nothing between them are marked."""
    return chain_to_loss(training, lambda _, op, after: op in _LINEAR_CALLS and after in _LINEAR_CALLS)


FAULT = Fault(
    name="no_nonlinearity",
    family="The network",
    title="there is no non-linearity between the layers",
    what="Linear layers in direct succession are one linear layer, however many they are.",
    formula="The autograd graph has at least two linear layers or convolutions, and nothing between them "
    "but each other.",
    source="The product of matrices is a matrix.",
    silent="the training succeeds: then it is a note, since a linear model may be what you want. A "
    "network of one layer that gets nowhere is a note, too.",
    proven="the best linear answer to the rows that were kept is no better than a constant, or the loss "
    "has come down to what it leaves. Not where nearest neighbours are no better than a constant, either.",
    remedy="Put an activation after each hidden layer.",
    see=("neuron",),
    judge=judge,
    picture=_picture,
    remedies=(single("ReLU between the layers", "between"),),
    explains=(
        Explains(("capacity_too_small", "loss_plateau"), "a chain of linear layers is one linear layer"),
    ),
)
