"""A hidden layer so narrow that what the classes differ in can't pass.

Only where the training has come to rest well below what nearest neighbours reach. Narrow codes of an
autoencoder are meant so, and its targets are no classes.
"""

from __future__ import annotations

from trainlab.diagnosis.fault import Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.record import Graph, Node
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.place import Place
from trainlab.diagnosis.signals.averages import median
from trainlab.diagnosis.signals.training import Training, behind, named

NARROW = 3
BEHIND = 0.12
UNFIT = 0.5


def judge(training: Training) -> Finding | None:
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


def _picture(training: Training) -> Picture | None:
    """How many units each layer has, from the input to the output."""
    weights = [param for param in training.weights() if len(param.shape) == 2]
    if not weights:
        return None
    pairs = [
        ("inputs", float(weights[0].shape[1])),
        *((param.name, float(param.shape[0])) for param in weights),
    ]
    title = "Width of the network, input first"
    return bars(title, "units", pairs, worst=lambda value: -value)


FAULT = Fault(
    name="capacity_too_small",
    family="The network",
    title="a hidden layer is too narrow",
    what="So few units can't carry what tells the classes apart.",
    formula=f"A hidden layer has at most {NARROW} units, fewer than the classes need, the training has "
    f"come to rest, and in accuracy or R² it is more than {BEHIND:g} behind 5 nearest neighbours.",
    source="K classes need up to K − 1 dimensions; nearest neighbours show what the data allows.",
    silent="a narrow layer costs no such gap (an autoencoder's code is narrow on purpose).",
    remedy="Make the layer several times wider.",
    see=("neuron",),
    judge=judge,
    picture=_picture,
    untried="a wider layer needs other layers around it",
    signals=("reached", "reference", "update ratio"),
)
