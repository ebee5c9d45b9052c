"""Outputs and targets of shapes that don't match, broadcast to a table of all pairs of rows."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from math import prod

from trainlab.diagnosis.edits import parsed, replaced, splice
from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding, proven_if
from trainlab.diagnosis.observed.record import Graph, Node, Op, Shape
from trainlab.diagnosis.observed.torch_names import LAYER_NODES
from trainlab.diagnosis.pictures.kinds import Picture
from trainlab.diagnosis.place import place_at, quoted
from trainlab.diagnosis.remedies.remedy import Remedy, single
from trainlab.diagnosis.signals.training import Training, from_loss, walk_back

# loss_broadcast: Outputs and targets of shapes that don't match are broadcast to a table of all pairs.
#
# (N, 1) against (N,) makes (N, N): each output meets every target, and the best answer is their mean.


def _broadcasts(training: Training) -> Iterator[tuple[Op, tuple[Shape, Shape, Shape]]]:
    """Yield what losses were seen to be made of where output and target are of other shapes, with these."""
    for graph in training.record.graphs:
        for node in graph.nodes:
            op = node.op
            if op is not None and op.broadcast is not None and training.loss_of(op) is not None:
                yield op, op.broadcast


def judge_loss_broadcast(training: Training) -> Finding | None:
    """Look at the operations that losses were seen to be made of."""
    for op, (output, target, wide) in _broadcasts(training):
        if _is_blown_up(output, target, wide):
            return _finding(training, op, output, target, wide)
    weighted = _weighted(training)
    return None if weighted is None else _of_weights(weighted)


def _weighted(training: Training) -> Op | None:
    """Return the product of a loss for each row with a weight for each row that made all pairs of them."""

    def is_after_loss(node: Node) -> bool:
        return node.kind not in LAYER_NODES and training.loss_of(node.op) is None

    for graph in training.record.graphs:
        for node in filter(is_after_loss, from_loss(graph, is_after_loss)):
            if node.op is not None and _is_all_pairs(node.op) and _has_loss(training, graph, node):
                return node.op
    return None


def _is_all_pairs(op: Op) -> bool:
    if op.name not in WEIGHED or len(op.shapes) != 2:
        return False
    first, second = op.shapes
    return prod(first) == prod(second) and _is_blown_up(first, second, op.out)


def _has_loss(training: Training, graph: Graph, node: Node) -> bool:
    """Whether a confirmed loss goes into a node, and no layer lies between."""
    before = walk_back(graph, node.inputs, lambda one: one.kind not in LAYER_NODES)
    return any(training.loss_of(one.op) is not None for one in before)


def _of_weights(op: Op) -> Finding:
    first, second = op.shapes
    shorter, longer = sorted((first, second), key=len)
    return Finding(
        place=place_at(op.site, "loss", call=op.name),
        where=f"loss line {quoted(op.site, op.name)}",
        confidence=0.97,
        evidence=(
            f"{op.name}: {list(first)} and {list(second)} are broadcast to {list(op.out)}",
            f"{prod(op.out):,} products instead of {prod(longer):,}: each row's loss is multiplied by "
            "every row's weight, and the mean is that of both, with no weights",
        ),
        remedy=f"Give both the same shape: {list(shorter)} wants an axis more.",
        code="loss = (weights[:, None] * error).mean()",
    )


WEIGHED = ("mul", "__mul__", "__rmul__", "multiply", "div", "__truediv__", "true_divide")


def _is_blown_up(output: Shape, target: Shape, wide: Shape) -> bool:
    """Both are stretched, and one lacks an axis: with all axes written out, pairs may be meant."""
    bigger = prod(wide) > max(prod(output), prod(target))
    return bigger and len(output) != len(target) and min(prod(output), prod(target)) > 1


def _finding(training: Training, op: Op, output: Shape, target: Shape, wide: Shape) -> Finding:
    of_pairs = output == (*target, 1) or target == (*output, 1)
    alone = sum(loss.count > 0 for loss in training.record.losses) == 1
    constant = of_pairs and len(wide) == 2 and alone and training.learning.state == "stuck"
    shorter = "the output" if len(output) > len(target) else "the target"
    return Finding(
        place=place_at(op.site, "loss", call=op.name),
        where=f"loss line {quoted(op.site, op.name)}",
        confidence=0.98,
        proof=proven_if(constant, "this loss is least where all outputs are the same"),
        evidence=(
            f"{op.name}: output {list(output)} and target {list(target)} are broadcast to {list(wide)}",
            f"{prod(wide):,} differences instead of {max(prod(output), prod(target)):,}: "
            "each output is compared with every target",
        ),
        remedy=f"Give both the same shape: squeeze the last axis of {shorter}.",
        code="loss = criterion(output.squeeze(-1), target)"
        if shorter == "the output"
        else "loss = criterion(output, target.squeeze(-1))",
    )


def _picture_of_loss_broadcast(training: Training) -> Picture | None:
    """The two shapes that meet in the loss, and what they are broadcast to."""
    labels = ("output", "target", "compared")
    shapes = next((shapes for _, shapes in _broadcasts(training)), None)
    if shapes is None:
        weighted = _weighted(training)
        if weighted is None:
            return None
        labels, shapes = ("first factor", "second factor", "product"), (*weighted.shapes, weighted.out)
    boxes = [
        {"label": label, "shape": list(shape), "wrong": label == labels[-1]}
        for label, shape in zip(labels, shapes, strict=True)
    ]
    return {"kind": "shapes", "title": "Shapes that meet in the loss", "boxes": boxes}


def _remedies_for_loss_broadcast(finding: Finding) -> tuple[Remedy, ...]:
    if finding.place.call in WEIGHED:
        return ()
    return (single("targets in the outputs' shape", "equal_shapes", same_loss=False),)


def _edit_of_loss_broadcast(finding: Finding, training: Training) -> str:
    for op, _ in _broadcasts(training):
        first, second = op.shapes[:2] if len(op.shapes) >= 2 else ((), ())
        if op.site is not None and (first == (*second, 1) or second == (*first, 1)):
            return replaced(op.site, _squeezed(op.site.text, place=0 if len(first) > len(second) else 1))
    return ""


def _squeezed(text: str, *, place: int) -> str | None:
    """Return the line with ``.squeeze(-1)`` behind the first or second of the two that meet in the loss."""
    pair = _pair(text)
    if pair is None:
        return None
    wanted = pair[place]
    part = ast.get_source_segment(text, wanted)
    if part is None or wanted.end_col_offset is None:
        return None
    whole = part if isinstance(wanted, ast.Name | ast.Call | ast.Subscript | ast.Attribute) else f"({part})"
    return splice(text, wanted, f"{whole}.squeeze(-1)")


def _pair(text: str) -> tuple[ast.expr, ast.expr] | None:
    tree = parsed(text)
    if tree is None:
        return None
    calls = [
        (node.args[0], node.args[1])
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and len(node.args) == 2
        and not any(isinstance(a, ast.Constant) for a in node.args)
    ]
    minus = [
        (node.left, node.right)
        for node in ast.walk(tree)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub)
    ]
    found = minus or calls
    return found[0] if len(found) == 1 else None


LOSS_BROADCAST = Fault(
    name="loss_broadcast",
    family="The loss and its targets",
    title="outputs and targets are broadcast against each other",
    what="Outputs of shape (N, 1) and targets of shape (N,) make a table of N × N differences: each "
    "output meets every target, and the best answer to that is their mean.",
    formula="In a loss, output and target differ in their number of axes, and the result is larger than "
    "both. Or a loss for each row is multiplied by as many weights of another shape, with such a result.",
    source="A fact, read off the shapes; PyTorch's own `mse_loss` warns of it, a hand-written loss can't.",
    silent="all axes are written out, (N, 1) against (1, N): then all pairs are meant.",
    proven="nothing is learnt, outputs of shape (N, 1) meet targets of shape (N,), or the other way "
    "round, and there is no other loss: this one is least where all outputs are the same.",
    remedy="Give both the same shape: `output.squeeze(-1)` or `target.unsqueeze(-1)`.",
    see=("loss",),
    judge=judge_loss_broadcast,
    picture=_picture_of_loss_broadcast,
    edit=_edit_of_loss_broadcast,
    remedies=_remedies_for_loss_broadcast,
    explains=(
        Explains(
            ("lr_too_low", "capacity_too_small", "loss_plateau"),
            "each output is pulled towards the mean of all targets",
        ),
    ),
)
