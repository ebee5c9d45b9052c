"""Outputs and targets of shapes that don't match are blown up to a table of all pairs.

(N, 1) against (N,) makes (N, N): each output meets every target, and the best answer is their mean.
"""

from __future__ import annotations

from trainlab.diagnosis.findings import Finding
from trainlab.diagnosis.seen import Op
from trainlab.diagnosis.signals.case import Case

FAULT = "loss_broadcast"


def judge(case: Case) -> Finding | None:
    """Look at the operations that losses were seen to be made of."""
    for graph in case.seen.graphs:
        for node in graph.nodes:
            op = node.op
            if op is not None and "shapes" in op.facts and case.loss_of(op) is not None:
                output, target, wide = op.facts["shapes"]
                if _is_blown_up(output, target, wide):
                    return _finding(op, output, target, wide)
    return None


def _size(shape: tuple[int, ...]) -> int:
    total = 1
    for extent in shape:
        total *= extent
    return total


def _is_blown_up(output: tuple[int, ...], target: tuple[int, ...], wide: tuple[int, ...]) -> bool:
    """Both are stretched, and one lacks an axis: with all axes written out, pairs may be meant."""
    bigger = _size(wide) > max(_size(output), _size(target))
    return bigger and len(output) != len(target) and min(_size(output), _size(target)) > 1


def _finding(op: Op, output: tuple[int, ...], target: tuple[int, ...], wide: tuple[int, ...]) -> Finding:
    shorter = "the output" if len(output) > len(target) else "the target"
    return Finding(
        fault=FAULT,
        where=f"loss line {op.site.quoted if op.site else op.name}",
        confidence=0.98,
        evidence=(
            f"{op.name}: output {list(output)} and target {list(target)} are broadcast to {list(wide)}",
            f"{_size(wide):,} differences instead of {max(_size(output), _size(target)):,}: "
            "each output is compared with every target",
        ),
        remedy=f"Give both the same shape: squeeze the last axis of {shorter}.",
        code="loss = criterion(output.squeeze(-1), target)"
        if shorter == "the output"
        else "loss = criterion(output, target.squeeze(-1))",
    )
