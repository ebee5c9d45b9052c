"""The terms that a loss adds up, each with its sign: which of them has no floor, and which cancel."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from trainlab.diagnosis.observed.losses import LossCurve
from trainlab.diagnosis.observed.record import Graph, Node, Op
from trainlab.diagnosis.observed.torch_names import LOSS_NODES, SHAPE_NODES
from trainlab.diagnosis.signals import curve
from trainlab.diagnosis.signals.curve import median

# What enters a loss through sums, differences and factors that are numbers: there a sign is known.

MOST_NODES = 400
_THROUGH = frozenset(("Add", "Mean", "Sum", "Stack", "Cat")) | SHAPE_NODES
_EVEN = frozenset(("square",))
_POWERS = frozenset(("pow", "__pow__"))
_NEVER_BELOW = frozenset(("Exp", "Abs", "LinalgVectorNorm", "Norm")) | LOSS_NODES
"""Nodes that give nothing below 0, and have no upper end."""


@dataclass(frozen=True, slots=True)
class SignedTerm:
    """A node that a loss adds (`sign` 1) or takes away (−1); `turned` is the call next to the loss that
    changes that."""

    node: Node
    place: int
    sign: int
    turned: Op | None = None


def signed_terms(graph: Graph) -> list[SignedTerm]:
    """Return where sums and signs end on the way back from a loss, each place once for each sign."""
    found: list[SignedTerm] = []
    if not graph.nodes:
        return found
    waiting = [SignedTerm(graph.nodes[0], 0, 1)]
    met = {(0, 1)}
    for term in waiting:
        if len(waiting) > MOST_NODES:
            break
        parts = list(_parts(graph, term))
        if not parts:
            found.append(term)
        for part in parts:
            if (part.place, part.sign) not in met:
                met.add((part.place, part.sign))
                waiting.append(part)
    return found


def _parts(graph: Graph, term: SignedTerm) -> Iterator[SignedTerm]:
    """Yield what a node adds up, with the signs; nothing of a node that does anything else."""
    node, op = term.node, term.node.op
    signs: list[int] = []
    if node.kind.rstrip("0123456789") in _THROUGH:
        signs = [1] * len(node.inputs)
    elif node.kind == "Neg":
        signs = [-1]
    elif node.kind in ("Sub", "Rsub"):
        signs = _of_a_difference(node, op)
    elif node.kind in ("Mul", "Div") and len(node.inputs) == 1:
        signs = _of_a_factor(node, op)
    for place, sign in zip(node.inputs, signs, strict=False):
        turned = term.turned or (op if sign < 0 else None)
        yield SignedTerm(graph.nodes[place], place, term.sign * sign, turned)


def _of_a_difference(node: Node, op: Op | None) -> list[int]:
    """Return the signs of both sides; of a single one with a graph only where the other is a number."""
    first = 1 if node.kind == "Sub" else -1
    if len(node.inputs) == 2:
        return [first, -first]
    return [first] if op is not None and len(op.shapes) == 1 else []


def _of_a_factor(node: Node, op: Op | None) -> list[int]:
    """Return the sign of the number that it is multiplied by; of a tensor's values it isn't known."""
    if op is None or len(op.shapes) != 1:
        return []
    if node.kind == "Div":
        return [1]
    if op.scalar is None or op.scalar == 0:
        return []
    return [1 if op.scalar > 0 else -1]


# A term that is never below 0, has no upper end, and is taken away: making it larger has no end.

LEAST_LOSSES = 20
TIMES = 100
"""A loss that starts below 0 has no floor if it ends at so many times that, and falls on."""


@dataclass(frozen=True, slots=True)
class Endless:
    """Such a term, with the start and the end of the loss; `certain` if its form alone says it."""

    term: SignedTerm
    certain: bool
    start: float
    end: float


def endless(graphs: list[Graph], loss_curve: LossCurve | None) -> Endless | None:
    """Return the term that takes the loss below its floor: by its form, or as the loss runs away below 0.

    By its form: u − eᵘ, which a divergence between normal distributions is where its sign is turned. Others
    may be held by the rest of the loss, or by what they are taken of: then the loss comes to rest.
    """
    values = [] if loss_curve is None else loss_curve.values
    start, end = (curve.start(values), curve.end(values)) if values else (math.nan, math.nan)
    runs = _runs_away(values, start, end)
    for graph in graphs:
        terms = signed_terms(graph)
        added = {term.place for term in terms if term.sign > 0}
        for term in terms:
            if term.sign > 0 or term.place in added or not _is_never_below(graph, term.node):
                continue
            certain = term.node.kind == "Exp" and _beside_itself(graph, term.node, added)
            if certain or runs:
                return Endless(term, certain, start, end)
    return None


def _is_never_below(graph: Graph, node: Node) -> bool:
    op = node.op
    if node.kind in _NEVER_BELOW:
        return True
    if node.kind == "Mul":
        return len(node.inputs) == 2 and node.inputs[0] == node.inputs[1]
    if node.kind != "Pow" or op is None:
        return False
    even = op.scalar is not None and op.scalar > 0 and op.scalar % 2 == 0
    return op.name in _EVEN or (op.name in _POWERS and even)


def _beside_itself(graph: Graph, node: Node, added: set[int]) -> bool:
    """Whether what an exponential is taken of is added to the loss."""
    return any(place in added for place in node.inputs)


def _runs_away(values: list[float], start: float, end: float) -> bool:
    """Whether a loss ends below 0 by more than it began above, and falls on to the end."""
    if len(values) < LEAST_LOSSES or not end < 0:
        return False
    third = len(values) // 3
    falls = median(values[-third:]) < median(values[-2 * third : -third])
    return falls and (-end > start if start > 0 else end < TIMES * start)


# Terms that cancel: the loss is 0 from the first step, and has no gradient, whatever the network answers.

NOTHING = 1e-5


def cancelling(graphs: list[Graph], loss_curve: LossCurve | None) -> tuple[Op, Op] | None:
    """Return two terms of a loss that are equal and opposite in every step, if there are such."""
    if loss_curve is None or len(loss_curve.first) < LEAST_LOSSES:
        return None
    largest = max(abs(value) for value in loss_curve.first.values())
    for graph in graphs:
        for node in _sums(graph):
            ops = [graph.nodes[place].op for place in node.inputs]
            if len(ops) != 2 or ops[0] is None or ops[1] is None or ops[0].out or ops[1].out:
                continue
            size = min(abs(ops[0].total), abs(ops[1].total))
            if size > 0 and largest <= NOTHING * size:
                return ops[0], ops[1]
    return None


def _sums(graph: Graph) -> Iterator[Node]:
    """Yield the sum or difference that a loss is, seen through factors and signs."""
    place = 0
    for _ in range(10):
        if not graph.nodes:
            return
        node = graph.nodes[place]
        if node.kind in ("Add", "Sub", "Rsub") and len(node.inputs) == 2:
            yield node
            return
        if len(node.inputs) != 1 or node.kind not in ("Mul", "Div", "Neg", "Add", "Sub", "Abs"):
            return
        place = node.inputs[0]
