"""The checks that the parts of an experiment share; each raises a message that says what is allowed."""

from __future__ import annotations

import math
from collections.abc import Iterable

from trainlab.errors import SpecError, listing, nearest


def check_choice(field: str, value: str, allowed: Iterable[str]) -> None:
    """Refuse a name that is not one of `allowed`, naming the nearest."""
    options = list(allowed)
    if value not in options:
        raise SpecError(f"{field} = {value!r}: must be {listing(options)}.{nearest(value, options)}")


def check_number(
    field: str,
    value: float,
    *,
    above: float | None = None,
    at_least: float | None = None,
    below: float | None = None,
) -> None:
    """Refuse a number that isn't finite or lies outside the stated bounds."""
    bounds = [
        f"{sign} {bound:g}" for sign, bound in ((">", above), ("≥", at_least), ("<", below)) if bound is not None
    ]
    fine = (
        math.isfinite(value)
        and (above is None or value > above)
        and (at_least is None or value >= at_least)
        and (below is None or value < below)
    )
    if not fine:
        wanted = f"must be a finite number {' and '.join(bounds)}".rstrip()
        raise SpecError(f"{field} = {value!r}: {wanted}.")
