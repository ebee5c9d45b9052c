"""Pictures of the way from the input to the loss: what is on it, what is beside it, and which shapes meet."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from trainlab.diagnosis.pictures.kinds import bars, chain, node
from trainlab.diagnosis.rules.wrong_loss import negated
from trainlab.diagnosis.seen import Graph, Node, Op, ParamSeen
from trainlab.diagnosis.signals.case import Case

Picture = dict[str, Any]
SQUASHING = frozenset(
    ("softmax", "sigmoid", "clamp", "hardtanh", "relu", "relu_", "relu6", "threshold", "hardsigmoid", "tanh")
)
LINEAR = frozenset(("linear", "addmm", "matmul", "mm", "bmm", "conv1d", "conv2d", "conv3d"))
RESHAPING = frozenset(
    ("__getitem__", "view", "reshape", "flatten", "squeeze", "unsqueeze", "permute", "transpose",
     "contiguous", "expand", "clone", "to", "float")
)  # fmt: skip
NEGATING = frozenset(("neg", "__neg__", "negative", "mul", "__mul__", "__rmul__", "multiply"))
MOST_NODES = 9


def linear_in_a_row(case: Case) -> Picture | None:
    """The operations from the input to the loss; linear ones with nothing between them are marked."""
    return _chain_to_loss(case, lambda _, op, after: op in LINEAR and after in LINEAR)


def squashed_before_loss(case: Case) -> Picture | None:
    """The operations from the input to the loss; one that squashes right before the loss is marked."""
    return _chain_to_loss(case, lambda left, op, _: op in SQUASHING and left == 1)


def loss_at_the_end(case: Case) -> Picture | None:
    """The operations from the input to the loss; a change of its sign is marked, else the loss itself."""
    if any(negated(graph) is not None for graph in case.seen.graphs):
        return _chain_to_loss(case, lambda left, op, _: left == 0 and op in NEGATING)
    return _chain_to_loss(
        case, lambda left, op, after: op not in NEGATING and (not left or after in NEGATING)
    )


def _chain_to_loss(case: Case, is_wrong: Callable[[int, str, str], bool]) -> Picture | None:
    """Return the operations from the input to the loss; None where none is wrong: then it shows nothing.

    `is_wrong` gets how many operations are left to the loss, an operation's name and the next one's.
    """
    graph = max(case.seen.graphs[:3], key=lambda one: one.complete, default=None)
    ops = _operations(graph) if graph is not None else []
    if not ops:
        return None
    nodes: list[dict[str, Any]] = []
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


def reached(case: Case) -> Picture | None:
    """Values of each layer, those that gradients reach and those that none does, in order of declaration."""
    return _by_layer(
        case,
        "Gradient reaches",
        lambda param: "" if param.reached or param.with_grad else "no gradient reaches it",
    )


def held(case: Case) -> Picture | None:
    """Layers, and whether an optimizer has their parameters."""
    return _by_layer(
        case,
        "In an optimizer",
        lambda param: "" if param.optimizers or not param.reached else "in no optimizer",
    )


def frozen(case: Case) -> Picture | None:
    """Layers, and whether they are frozen."""
    return _by_layer(case, "Trained", lambda param: "" if param.requires_grad else "frozen, random")


def _by_layer(case: Case, title: str, fault: Callable[[ParamSeen], str]) -> Picture | None:
    layers: dict[str, list[ParamSeen]] = {}
    declared = [key for root in case.seen.roots for key in root.params]
    for key in dict.fromkeys([*declared, *case.seen.params]):
        param = case.seen.params.get(key)
        if param is not None and param.name and not param.is_of_one_step:
            layers.setdefault(param.name.rpartition(".")[0] or param.name, []).append(param)
    nodes: list[dict[str, Any]] = []
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


def widths(case: Case) -> Picture | None:
    """How many units each layer has, from the input to the output."""
    weights = [param for param in case.weights() if len(param.shape) == 2]
    if not weights:
        return None
    pairs = [
        ("inputs", float(weights[0].shape[1])),
        *((param.name, float(param.shape[0])) for param in weights),
    ]
    title = "Width of the network, input first"
    return bars(title, "units", pairs, worst=lambda value: -value)


def shapes(case: Case) -> Picture | None:
    """The two shapes that meet in the loss, and what they are blown up to."""
    for graph in case.seen.graphs:
        for place in graph.nodes:
            op = place.op
            if op is not None and "shapes" in op.facts and case.loss_of(op) is not None:
                output, target, wide = op.facts["shapes"]
                return {
                    "kind": "shapes",
                    "title": "Shapes that meet in the loss",
                    "boxes": [
                        {"label": "output", "shape": list(output), "wrong": False},
                        {"label": "target", "shape": list(target), "wrong": False},
                        {"label": "compared", "shape": list(wide), "wrong": True},
                    ],
                }
    return None


def dropout(case: Case) -> Picture | None:
    """The share that each dropout drops; where one is at work in evaluations, what those drop there."""
    wrong = case.seen.events_of("dropout_in_eval")
    events = wrong or case.seen.events_of("dropout")
    pairs = {f"dropout {event.module}".rstrip(): 100 * float(event.facts["p"]) for event in events}
    title = "What dropout drops in evaluations" if wrong else "What dropout drops"
    usual = None if wrong else (10.0, 50.0)
    made = bars(title, "% of the units", list(pairs.items()), usual=usual, worst=lambda value: value)
    # One on the output drops too much at any rate: within the usual range it would look well.
    return made if wrong or max(pairs.values(), default=0.0) > 50.0 else None
