"""Dropout that drops nearly all, or that acts on the network's answer."""

from __future__ import annotations

from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.events import Dropout
from trainlab.diagnosis.observed.record import Graph, Op
from trainlab.diagnosis.observed.torch_names import LINEAR_NODES, LOSS_NODES, SHAPE_NODES
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.place import Place, place_at
from trainlab.diagnosis.remedies.common_remedies import single
from trainlab.diagnosis.remedies.remedy import Remedy
from trainlab.diagnosis.signals.training import Training

HIGH = 0.75
GATED = 0.6
_TO_LOSS = LOSS_NODES | frozenset(
    ("LogSoftmax", "Softmax", "Sigmoid", "Mean", "Sum", "Pow", "Sub", "Abs", "Add", "Div", "Neg")
)


def judge(training: Training) -> Finding | None:
    """Look at shares, and at what comes between the last layer and the loss."""
    for graph in training.record.graphs:
        op = _on_output(graph)
        if op is not None:
            return _finding(
                place_at(op.site, "output", module=op.module, call="dropout"),
                op.place,
                f"dropout (p = {op.dropout:g}) acts on the network's output, after the last layer",
                "some outputs are zeroed at random, and the others scaled up",
                "Put dropout before the last layer, not after it.",
            )
    limit = GATED if training.learning.failing else HIGH
    high = [event for event in training.record.events_of(Dropout) if event.p > limit]
    if high:
        event = max(high, key=lambda one: one.p)
        place = f"{event.module} at {event.site.quoted}" if event.site else event.module
        return _finding(
            place_at(event.site, "module", module=event.module, call="dropout"),
            place or event.module,
            f"p = {event.p:g}: only {1 - event.p:.0%} of the units are left in each step",
            training.learning.words,
            "Use p between 0.1 and 0.5.",
        )
    return None


def _finding(place: Place, where: str, first: str, second: str, remedy: str) -> Finding:
    return Finding(
        place=place,
        where=where,
        confidence=0.85,
        evidence=(first, second),
        remedy=remedy,
        code="nn.Dropout(0.2)",
    )


def _on_output(graph: Graph) -> Op | None:
    """Return the dropout that is met on the way from the loss to the first layer."""
    queue, met = [0], {0}
    for place in queue if graph.nodes else []:
        node = graph.nodes[place]
        if node.op is not None and node.op.dropout and node.op.name.startswith("dropout"):
            behind = [graph.nodes[parent] for parent in node.inputs]
            while behind and all(one.kind in SHAPE_NODES for one in behind):
                behind = [graph.nodes[parent] for one in behind for parent in one.inputs]
            return node.op if any(one.kind in LINEAR_NODES for one in behind) else None
        if node.kind not in _TO_LOSS and node.kind not in SHAPE_NODES:
            continue
        new = [parent for parent in node.inputs if parent not in met]
        met.update(new)
        queue += new
    return None


def _picture(training: Training) -> Picture | None:
    """The share that each dropout drops."""
    events = training.record.events_of(Dropout)
    pairs = {f"dropout {event.module}".rstrip(): 100 * event.p for event in events}
    made = bars(
        "What dropout drops",
        "% of the units",
        list(pairs.items()),
        usual=(10.0, 50.0),
        worst=lambda value: value,
    )
    # One on the output drops too much at any rate: within the usual range it would look well.
    return made if max(pairs.values(), default=0.0) > 50.0 else None


def _remedies(finding: Finding) -> tuple[Remedy, ...]:
    """Without dropout the training loss is another one: it was measured under the noise."""
    if finding.place.kind == "output":
        return (single("no dropout", "dropout", most=0.0, same_loss=False),)
    return (single("dropout of at most 0.1", "dropout", most=0.1, same_loss=False),)


FAULT = Fault(
    name="dropout_misuse",
    family="Settings",
    title="dropout drops what it shouldn't",
    what="It drops nearly everything, or acts on the network's output.",
    formula=f"p above {HIGH:g} (above {GATED:g} where the training fails); or dropout between the last "
    "layer and the loss, by the autograd graph.",
    source="Srivastava et al. 2014: p of 0.2 to 0.5 for hidden units; the output is never dropped.",
    silent=f"p is at most {GATED:g}, before the last layer.",
    remedy="Use p between 0.1 and 0.5, before the last layer.",
    judge=judge,
    picture=_picture,
    remedies=_remedies,
    explains=(
        Explains(
            ("oscillating_loss", "capacity_too_small", "loss_plateau"), "too little is left in each step"
        ),
    ),
)
