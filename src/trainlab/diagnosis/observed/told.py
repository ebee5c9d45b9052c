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


def number_in(value: Any) -> float | None:
    """Return a number, or that of one element, or the last of a list; None for anything else.

    >>> number_in([0.5, 0.75])
    0.75
    """
    last: Any = value
    if isinstance(value, list | tuple) and value:
        last = cast("Sequence[Any]", value)[-1]
    try:
        number = float(last)
    except (TypeError, ValueError, RuntimeError):
        return None
    # JSON has no word for the others; a run that ended so has no number.
    return number if math.isfinite(number) else None
