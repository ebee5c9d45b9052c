"""A torch module that a user hands over: what is one, its mode, and an error of its code in one line."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from trainlab.draw import join

LONGEST = 160


def is_module(source: object) -> bool:
    """Return whether `source` is a torch.nn.Module; without torch loaded nothing is, and it isn't loaded."""
    torch: Any = sys.modules.get("torch")
    return torch is not None and isinstance(source, torch.nn.Module)


def one_line(error: BaseException) -> str:
    """Return what an error says, on one line and no longer than that."""
    text = " ".join(str(error).split()).rstrip(". ") or type(error).__name__
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def mode_of(module: Any) -> str:
    """Return ``"training"``, ``"evaluation"``, or ``"mixed"`` where the parts differ."""
    modes = {bool(part.training) for part in module.modules()}
    return "mixed" if len(modes) > 1 else "training" if True in modes else "evaluation"


def mode_words(mode: str) -> str:
    """Return in a sentence in which mode a module was looked at: always the one that it was given in."""
    if mode == "evaluation":
        return "The module was looked at in evaluation mode, as it was given."
    if mode == "mixed":
        return (
            "The module was looked at as it was given: some of its parts in training mode, where dropout "
            "draws at random and batch-norm takes the batch's statistics, others in evaluation mode."
        )
    return (
        "The module was looked at in training mode, as it was given, where dropout draws at random and "
        "batch-norm takes the batch's statistics; call eval() first to see it as it predicts."
    )


def hook_words(hooked: Sequence[str]) -> str:
    """Return that a module's hooks were left out, and which; empty if there are none."""
    if not hooked:
        return ""
    more = [f"{len(hooked) - 3} more"] if len(hooked) > 3 else []
    where = join([*(repr(name) for name in hooked[:3]), *more])
    return f"Its hooks, on {where}, did not run, and what they change isn't in these numbers."
