"""What a network can't express, however it is trained."""

from __future__ import annotations

from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding, Proof, proven_if
from trainlab.diagnosis.observed.record import Graph, Node
from trainlab.diagnosis.observed.torch_names import LINEAR_NODES, SHAPE_NODES
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.pictures.shared_pictures import chain_to_loss
from trainlab.diagnosis.place import Place
from trainlab.diagnosis.remedies.remedy import single
from trainlab.diagnosis.signals.curve import median
from trainlab.diagnosis.signals.training import Training, behind, best_line, holds_up, may_hold_more, named

# capacity_too_small: A hidden layer so narrow that what the classes differ in can't pass.
#
# Only where the training has come to rest well below what nearest neighbours reach. Narrow codes of an
# autoencoder are meant so, and its targets are no classes.

NARROW = 3
BEHIND = 0.12
UNFIT = 0.5


def judge_capacity_too_small(training: Training) -> Finding | None:
    """Fire where a hidden layer has at most 3 units and the network is 0.12 behind its neighbours.

    Also where embeddings of one column are multiplied, and the loss stays above half of the best constant's.
    """
    learning = training.learning
    single = _single_factor(training)
    if single is not None:
        return single
    if not learning.falls_short or learning.main is None or learning.rows < 100:
        return None
    if not learning.reference - learning.reached > BEHIND:
        return None
    weights = [param for param in training.weights() if len(param.shape) == 2]
    hidden = weights[:-1]
    if not hidden:
        return None
    narrow = min(hidden, key=lambda param: param.shape[0])
    needed = max(2, min((learning.main.classes or 2) - 1, weights[0].shape[1]))
    if narrow.shape[0] > NARROW or (narrow.shape[0] >= needed and narrow.shape[0] > 2):
        return None
    if median(narrow.update or [0.0]) * max(1, training.record.tick) < 0.5:
        return None
    module = narrow.name.rpartition(".")[0] or narrow.name
    return Finding(
        place=Place(kind="module", module=module, parameters=(narrow.name,)),
        where=f"{module} ({narrow.name}): {narrow.shape[0]} hidden unit{'s' if narrow.shape[0] > 1 else ''}",
        confidence=0.8,
        evidence=(
            f"{narrow.name} has {narrow.shape[0]} output{'s' if narrow.shape[0] > 1 else ''}; "
            f"{narrow.shape[1]} come in, and {learning.main.classes or weights[-1].shape[0]} "
            "are told apart after it",
            learning.words,
        ),
        remedy="Make this layer wider: 8 times as wide, and at least one unit a class.",
        code=f"# {module}: {narrow.shape[0]} → {max(16, 8 * narrow.shape[0])} units",
    )


def _single_factor(training: Training) -> Finding | None:
    """Two embeddings are multiplied that have one number for each row, and half of the loss stays."""
    if not training.learning.ratio > UNFIT or training.learning.adversarial:
        return None
    for graph in training.record.graphs:
        for node in graph.nodes:
            if node.kind != "Mul":
                continue
            tables = [
                training.record.params[key]
                for parent in behind(graph, node)
                if parent.kind == "Embedding" and (key := _table(graph, parent)) is not None
            ]
            if len(tables) != 2 or any(table.shape[1:] != (1,) for table in tables):
                continue
            return Finding(
                place=Place(kind="parameters", parameters=tuple(table.name for table in tables)),
                where=f"{named(table.name for table in tables)}: one number for each row",
                confidence=0.6,
                evidence=(
                    f"their product has a single factor: {tables[0].shape[0]} times {tables[1].shape[0]} "
                    "pairs are told apart by one number each",
                    training.learning.words,
                ),
                remedy="Give the embeddings more columns, 8 or 16, and sum the products over them.",
                code=f"nn.Embedding({tables[0].shape[0]}, 16)",
            )
    return None


def _table(graph: Graph, node: Node) -> int | None:
    return next((graph.nodes[place].param for place in node.inputs), None)


def _picture_of_capacity_too_small(training: Training) -> Picture | None:
    """How many units each layer has, from the input to the output."""
    weights = [param for param in training.weights() if len(param.shape) == 2]
    if not weights:
        return None
    pairs = [("inputs", weights[0].shape[1]), *((param.name, param.shape[0]) for param in weights)]
    title = "Width of the network, input first"
    return bars(title, "units", pairs, worst=lambda value: -value)


CAPACITY_TOO_SMALL = Fault(
    name="capacity_too_small",
    family="Settings",
    title="a hidden layer is too narrow",
    what="So few units can't carry what tells the classes apart.",
    formula=f"A hidden layer has at most {NARROW} units, fewer than the classes need, the training has "
    f"come to rest, and in accuracy or R² it is more than {BEHIND:g} behind 5 nearest neighbours."
    f" Or two embeddings of one column each are multiplied, and the loss stays above {UNFIT:.0%} of "
    "the best constant answer's.",
    source="K classes need up to K − 1 dimensions; nearest neighbours show what the data allows.",
    silent="a narrow layer costs no such gap (an autoencoder's code is narrow on purpose).",
    remedy="Make the layer several times wider.",
    see=("neuron",),
    judge=judge_capacity_too_small,
    picture=_picture_of_capacity_too_small,
    untried="a wider layer needs other layers around it",
    signals=("reached", "reference", "update ratio"),
)


# no_nonlinearity: Layers one after the other with nothing between them: together they are one linear layer.
#
# A finding where the training fails, else a note: a linear model may be meant.

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


def judge_no_nonlinearity(training: Training) -> Finding | None:
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
                "non-linear function: their product is one matrix",
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


def _picture_of_no_nonlinearity(training: Training) -> Picture | None:
    """The operations from the input to the loss; linear ones with nothing between them are marked."""
    return chain_to_loss(training, lambda _, op, after: op in _LINEAR_CALLS and after in _LINEAR_CALLS)


NO_NONLINEARITY = Fault(
    name="no_nonlinearity",
    family="The network",
    title="there is no non-linearity between the layers",
    what="Linear layers in direct succession are one linear layer, however many they are.",
    formula="The autograd graph has at least two linear layers or convolutions, and nothing between them "
    "but each other."
    " Or a network has one linear layer and no activation, and the loss has come to rest after "
    f"{LONG} steps or more.",
    source="The product of matrices is a matrix.",
    silent="the training succeeds: then it is a note, since a linear model may be what you want. A "
    "network of one layer that gets nowhere is a note, too.",
    proven="the best linear answer to the rows that were kept is no better than a constant, or the loss "
    "has come down to what it leaves. Not where nearest neighbours are no better than a constant, either.",
    remedy="Put an activation after each hidden layer.",
    see=("neuron",),
    judge=judge_no_nonlinearity,
    picture=_picture_of_no_nonlinearity,
    remedies=(single("ReLU between the layers", "between"),),
    explains=(
        Explains(("capacity_too_small", "loss_plateau"), "a chain of linear layers is one linear layer"),
    ),
)
