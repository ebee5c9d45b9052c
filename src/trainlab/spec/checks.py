"""The checks that the parts of an experiment share; each raises a message that says what is allowed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from numbers import Real
from typing import Any, cast

from trainlab.errors import MAX_SHOWN, SpecError, listing, nearest, shown

MAX_COUNT = 100_000_000
"""The most epochs, steps of an epoch, or epochs between two readings."""

MAX_DEPTH = 16
"""The most tables and lists within one another; a study file needs five."""

SIGNS = {"above": ">", "at_least": "≥", "below": "<", "at_most": "≤"}


class OutOfBoundsError(SpecError):
    """A number outside of what `check_number` allows a field: `bounds` by the names of its arguments."""

    def __init__(self, message: str, *, field: str, bounds: dict[str, float]) -> None:
        super().__init__(message)
        self.field, self.bounds = field, bounds


def place(where: str, name: object) -> str:
    """Return the dotted path of a field; unprintable or very long names are written as in Python."""
    text = (
        str(name)
        if isinstance(name, str) and name.isprintable() and 0 < len(name) <= MAX_SHOWN
        else shown(name)
    )
    return f"{where}.{text}" if where else text


def check_choice(field: str, value: str, allowed: Iterable[str]) -> None:
    """Refuse a name that is not one of `allowed`, naming the nearest."""
    options = list(allowed)
    if value not in options:
        raise SpecError(f"{field} = {shown(value)}: must be {listing(options)}.{nearest(value, options)}")


def check_number(
    field: str,
    value: float,
    *,
    above: float | None = None,
    at_least: float | None = None,
    below: float | None = None,
    at_most: float | None = None,
) -> None:
    """Refuse a number that isn't finite or lies outside the given bounds, and say if it must be whole."""
    if not isinstance(value, int | float | Real):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise SpecError(f"{field} = {shown(value)}: must be a number.")
    fine = (
        # A whole number is finite, however large: math.isfinite would overflow.
        (isinstance(value, int) or math.isfinite(value))
        and (above is None or value > above)
        and (at_least is None or value >= at_least)
        and (below is None or value < below)
        and (at_most is None or value <= at_most)
    )
    if not fine:
        limits = {"above": above, "at_least": at_least, "below": below, "at_most": at_most}
        bounds = {name: bound for name, bound in limits.items() if bound is not None}
        kind = "whole" if isinstance(value, int) else "finite"
        words = " and ".join(f"{SIGNS[name]} {bound:,}" for name, bound in bounds.items())
        wanted = f"must be a {kind} number {words}".rstrip()
        raise OutOfBoundsError(f"{field} = {shown(value)}: {wanted}.", field=field, bounds=bounds)


def check_depth(data: object) -> None:
    """Refuse tables and lists nested so deeply that walking them would exhaust the stack."""
    level: list[Any] = [data]
    for _ in range(MAX_DEPTH):
        level = [inner for outer in level for inner in _members(outer)]
        if not level:
            return
    raise too_deep()


def too_deep() -> SpecError:
    """Return the error for tables and lists nested too deeply."""
    return SpecError(
        f"nested too deeply: at most {MAX_DEPTH} tables and lists within one another are allowed."
    )


def _members(value: object) -> Iterable[object]:
    if isinstance(value, Mapping):
        return cast("Mapping[str, object]", value).values()
    return cast("list[object]", value) if isinstance(value, list | tuple) else ()
