# pyright: basic
"""Which operation made the first number that isn't finite, or came near a singularity of its function."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch

from trainlab.diagnosis.observed.events import NonFiniteData
from trainlab.diagnosis.observed.record import Op
from trainlab.diagnosis.probe.graph_walk import kind_of
from trainlab.diagnosis.probe.probe_state import ProbeState
from trainlab.diagnosis.probe.user_frames import user_site
from trainlab.diagnosis.torch_private import functions

_MASKS = frozenset(
    (
        "masked_fill",
        "masked_fill_",
        "full",
        "full_like",
        "where",
        "triu",
        "tril",
        "__setitem__",
        "__getitem__",
        "fill_",
    )
)
SINGULAR = frozenset(
    (
        "sqrt",
        "log",
        "norm",
        "pow",
        "__pow__",
        "div",
        "__truediv__",
        "true_divide",
        "rsqrt",
        "log2",
        "log10",
        "reciprocal",
        "std",
        "atan2",
        "__rtruediv__",
    )
)
MAX_CHECKED, MOST_CHECKED = 4_000_000, 200
"""Calls that are looked at before the first step, and values of each."""
_SAVED = ("_saved_self", "_saved_result", "_saved_other", "_saved_exponent")


def enter_origin(state: ProbeState, name: str, args: Sequence[Any], out: torch.Tensor) -> None:
    """Enter a call before the training that made the first NaN or infinity out of numbers."""
    given = [one for one in args if isinstance(one, torch.Tensor)]
    known = not given or not out.is_floating_point() or out.device.type != "cpu" or out.is_sparse
    if known or not 1 < out.numel() <= MAX_CHECKED or math.isfinite(float(out.detach().float().sum())):
        return
    if all(math.isfinite(float(one.detach().float().sum())) for one in given if not one.is_sparse):
        near = min(float(one.detach().float().abs().min()) for one in given if one.numel())
        share = float((~functions.isfinite(out)).float().mean())
        state.seen(NonFiniteData(site=user_site(), module="", name=name, nearest=near, share=share))


def first_nonfinite(ops: Sequence[Op]) -> Op | None:
    """Return the first operation with a NaN or an infinity in its output; masks are made of infinities."""
    for op in ops:
        if not math.isfinite(op.total) and op.name not in _MASKS:
            return op
    return None


def nearest_singularity(ops: Sequence[Op]) -> Op | None:
    """Return the last operation whose input touched zero, where its derivative is infinite."""
    found = [op for op in ops if op.name in SINGULAR and op.nearest < 1e-12]
    return found[-1] if found else None


def near_singularities(ops: Sequence[Op]) -> list[Op]:
    """Return the operations whose input came near zero, where their derivative is infinite."""
    return [op for op in ops if op.name in SINGULAR and op.nearest < 1e-3]


def saved_nonfinite(loss: torch.Tensor, *, most: int = 2_000) -> tuple[str, int]:
    """Return the kind of the node furthest from the loss that saved a NaN, an infinity or a log of 0. With it
    comes its place in the order of `walk`; an empty word and -1 if there is none.
    """
    start: Any = loss.grad_fn
    if start is None:
        return "", -1
    queue, met, found = [start], {start}, ("", -1)
    for place, node in enumerate(queue):
        for name in _SAVED:
            try:
                saved = getattr(node, name, None)
            except RuntimeError:
                continue  # freed, or overwritten in place
            if isinstance(saved, torch.Tensor) and saved.is_floating_point() and saved.numel():
                whole = bool(functions.isfinite(saved).all())
                pole = kind_of(node) in ("Log", "Sqrt", "Rsqrt", "Log2", "Log10") and bool((saved <= 0).any())
                if not whole or pole:
                    found = kind_of(node).lower(), place
        for parent, _ in node.next_functions:
            if parent is not None and parent not in met and len(queue) < most:
                met.add(parent)
                queue.append(parent)
    return found
