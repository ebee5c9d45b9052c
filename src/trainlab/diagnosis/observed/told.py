"""What a training said of itself: what it printed, the variables that it leaves, what it returned."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """The end of what was printed (and logged), variables by their names, and a function's value.

    `whose` is ``the script`` or ``the function``.
    """

    printed: str = ""
    variables: Mapping[str, Any] = field(default_factory=dict[str, Any])
    returned: Any = None
    whose: str = "the script"


def single(value: Any) -> Any:
    """Return the element of an array or a tensor that has just one; anything else as it is."""
    return value.item() if count_in(value) == 1 and hasattr(value, "item") else value


def count_in(value: Any) -> int | None:
    """Return how many numbers an array or a tensor has; None for anything else."""
    if isinstance(value, type):
        return None
    numel, size = getattr(value, "numel", None), getattr(value, "size", None)
    count = numel() if callable(numel) else size
    return count if isinstance(count, int) else None


def last_of(value: Any) -> Any:
    """Return the last of a list, as of an epoch each; anything else as it is."""
    listed = isinstance(value, list | tuple) and len(cast("Sequence[Any]", value)) > 0
    return cast("Sequence[Any]", value)[-1] if listed else cast("Any", value)


def number_in(value: Any) -> float | None:
    """Return a number, or that of one element, or the last of a list; None for anything else.

    >>> number_in([0.5, 0.75])
    0.75
    """
    try:
        number = float(single(last_of(value)))
    except Exception:  # whatever an object of the user's raises, it is no number
        return None
    # JSON has no word for the others; a run that ended so has no number.
    return number if math.isfinite(number) else None
