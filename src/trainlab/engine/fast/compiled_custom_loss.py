"""A custom loss and its derivative, compiled by numba to functions of two numbers."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numba

from trainlab.errors import EngineError
from trainlab.maths.custom_losses import custom_entry
from trainlab.spec import Custom

_kept: list[Any] = []
"""Compiled functions; their addresses hold as long as they live."""


def compiled_pair(loss: Custom) -> tuple[int, int]:
    """Return the addresses of value and derivative.

    Raises:
        EngineError: there is no derivative, or numba can't compile one of the two.
    """
    entry = custom_entry(loss.function, loss.digest)
    if entry.derivative is None:
        raise EngineError(
            f"engine 'fast': the loss {entry.name!r} has no derivative; give custom_loss its derivative by "
            "the prediction, or train with engine 'torch'."
        )
    return _compiled(loss, entry.function, "function"), _compiled(loss, entry.derivative, "derivative")


def can_compile(loss: Custom) -> bool:
    """Whether the fast engine can train with this loss."""
    try:
        compiled_pair(loss)
    except EngineError:
        return False
    return True


@cache
def _compiled(loss: Custom, function: Callable[[Any, Any], Any], what: str) -> int:
    plain = getattr(function, "py_func", function)
    kind: Any = numba.float64
    try:
        compiled: Any = numba.cfunc(kind(kind, kind), cache=False, error_model="numpy")(plain)
    except Exception as error:
        # numba's errors are many, and long; the first line says most.
        reason = " ".join(str(error).split())[:160]
        raise EngineError(
            f"engine 'fast': numba can't compile the {what} of the loss {loss.function!r} ({reason}…); write "
            "it of numbers and of functions of math, or train with engine 'torch'."
        ) from None
    _kept.append(compiled)
    return int(compiled.address)
