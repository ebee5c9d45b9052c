"""Pictures of the network: the way from the input to the loss, and numbers and shares by layer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from trainlab.diagnosis.observed.record import ActivationRecord, Graph, Node, Op, ParamRecord
from trainlab.diagnosis.pictures.kinds import Part, Picture, bars, chain, lines, node, one_line
from trainlab.diagnosis.signals.gradients import early_gradients
from trainlab.diagnosis.signals.training import Training

RESHAPING = frozenset(
    ("__getitem__", "view", "reshape", "flatten", "squeeze", "unsqueeze", "permute", "transpose",
     "contiguous", "expand", "clone", "to", "float")
)  # fmt: skip
MOST_NODES = 9
MOST_LINES = 6


def chain_to_loss(training: Training, is_wrong: Callable[[int, str, str], bool]) -> Picture | None:
    """Return the operations from the input to the loss; None where none is wrong: there is nothing to show.

    `is_wrong` gets how many operations are left to the loss, an operation's name and the next one's.
    """
    graph = max(training.record.graphs[:3], key=lambda one: one.complete, default=None)
    ops = _operations(graph) if graph is not None else []
    if not ops:
        return None
    nodes: list[Part] = []
    ops = [op for op in ops if op.name not in RESHAPING] or ops
    for place, op in enumerate(ops):
        after = ops[place + 1].name if place + 1 < len(ops) else ""
        note = op.module or (f"line {op.site.line}" if op.site is not None else "")
        nodes.append(node(op.name, note, wrong=is_wrong(len(ops) - 1 - place, op.name, after)))
    if not any(one["wrong"] for one in nodes):
        return None
    if len(nodes) > MOST_NODES:
        left = len(nodes) - MOST_NODES + 1
        nodes = [node("…", f"{left} more"), *nodes[-MOST_NODES + 1 :]]
    return chain("From the input to the loss", nodes, arrows=True)


def _operations(graph: Graph) -> list[Op]:
    """Return the operations on the longest way from the loss to the input, input first."""
    found: list[Op] = []
    place, met = 0, set[int]()
    while graph.nodes and place not in met:
        met.add(place)
        here = graph.nodes[place]
        if here.op is not None and (not found or found[-1] is not here.op):
            found.append(here.op)
        inner = [at for at in here.inputs if at not in met and not _is_weight(graph, graph.nodes[at])]
        if not inner:
            break
        # Gradients of values come before what only changes shape or is a constant.
        place = max(inner, key=partial(_reach, graph))
    return found[::-1]


def _is_weight(graph: Graph, here: Node) -> bool:
    while here.param is None and len(here.inputs) == 1 and here.op is None:
        here = graph.nodes[here.inputs[0]]
    return here.param is not None


def _reach(graph: Graph, start: int) -> int:
    """Return how many nodes lie behind one, counted up to 400."""
    met, waiting = {start}, [start]
    while waiting and len(met) < 400:
        new = [at for at in graph.nodes[waiting.pop()].inputs if at not in met]
        met.update(new)
        waiting += new
    return len(met)


def reached(training: Training) -> Picture | None:
    """Values of each layer, those that gradients reach and those that none does, in order of declaration."""
    return by_layer(
        training,
        "Gradient reaches",
        lambda param: "" if param.reached or param.with_grad else "no gradient reaches it",
    )


def by_layer(training: Training, title: str, fault: Callable[[ParamRecord], str]) -> Picture | None:
    """Return the layers as declared; `fault` says what is wrong with one's parameter, "" if nothing is."""
    layers: dict[str, list[ParamRecord]] = {}
    declared = [key for root in training.record.networks for key in root.params]
    for key in dict.fromkeys([*declared, *training.record.params]):
        param = training.record.params.get(key)
        if param is not None and param.name and not param.is_of_one_step:
            label = training.label(param)
            layers.setdefault(label.rpartition(".")[0] or label, []).append(param)
    nodes: list[Part] = []
    for name, params in layers.items():
        wrong = next((fault(param) for param in params if fault(param)), "")
        nodes.append(
            node(name, wrong or f"{sum(param.size for param in params):,} values", wrong=bool(wrong))
        )
    if not any(one["wrong"] for one in nodes):
        return None  # what is wrong lies elsewhere: layers alone show nothing
    if len(nodes) > MOST_NODES:
        bad = [one for one in nodes if one["wrong"]][: MOST_NODES - 2]
        good = [one for one in nodes if not one["wrong"]]
        kept = [*bad, *good[: MOST_NODES - 1 - len(bad)]]
        nodes = [one for one in nodes if any(one is each for each in kept)]
        nodes.append(node("…", f"{len(layers) - len(nodes)} more"))
    return chain(f"{title}: layer by layer, as declared", nodes, arrows=False)


def gradient_by_depth(training: Training) -> Picture | None:
    """The median rms gradient of each weight matrix in the first 20 steps looked at."""
    pairs = [(training.label(param), value) for param, value in early_gradients(training)]
    return bars("Gradient by layer, input first", "rms gradient (median of 20 steps)", pairs, log=True)


def shares(found: list[ActivationRecord], series: list[list[float]], title: str, unit: str) -> Picture | None:
    """Return the shares of the activations where they are greatest, in the order of the network."""
    import numpy as np

    told = [(one, values) for one, values in zip(found, series, strict=True) if len(values) > 1]
    worst = sorted(range(len(told)), key=lambda at: -float(np.nanmean(told[at][1])))[:MOST_LINES]
    drawn = [
        one_line(
            f"{one.kind} after {one.feeder}" if one.feeder else one.module or one.kind,
            one.ticks,
            [100 * value for value in values],
        )
        for at, (one, values) in enumerate(told)
        if at in worst
    ]
    return lines(title, "step", unit, drawn) if drawn else None
