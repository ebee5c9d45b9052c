"""A torch module that a user hands over, and its batch: what is one, its mode, its hooks, its numbers."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from trainlab.draw import join
from trainlab.errors import ExplainError

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


def read_batch(torch: Any, name: str, given: Any) -> Any:
    """Return `given` as a tensor of its own, of a row or more; whole numbers stay whole.

    Raises:
        ExplainError: it is missing, isn't an array of numbers, is empty, or holds what isn't finite.
    """
    if given is None:
        raise ExplainError(f"{name} = None: a torch module is asked with a batch; give {name}=.")
    tensor = given.detach().clone() if isinstance(given, torch.Tensor) else _from_array(torch, name, given)
    if tensor.is_complex():
        raise ExplainError(f"{name}: holds complex numbers; give real ones.")
    if tensor.ndim == 0 or tensor.numel() == 0:
        raise ExplainError(f"{name}: has the shape {tuple(tensor.shape)}; give a row for each example.")
    if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
        place = torch.nonzero(~torch.isfinite(tensor))[0].tolist()
        raise ExplainError(
            f"{name}[{', '.join(map(str, place))}]: is {float(tensor[tuple(place)])}, not a finite number; "
            "give finite ones."
        )
    return tensor


def _from_array(torch: Any, name: str, given: Any) -> Any:
    try:
        array = np.array(given)
        if array.dtype.kind in "fiub":
            return torch.from_numpy(array)
    except (TypeError, ValueError, RuntimeError):
        # Rows of several lengths, or a kind of number that torch doesn't have.
        pass
    raise ExplainError(f"{name}: must be numbers in an array or a tensor, all rows of one length.")
