"""Checks of arguments; an error gives the name, the value, what is allowed and what to do."""

from __future__ import annotations

from trainlab.errors import BudgetError, listing, nearest, shown

BIAS_RULES = ("yes", "no", "any")

MOST = 10**15
"""The largest number that is asked for anywhere."""


def check_whole(name: str, value: object, *, least: int) -> None:
    """Raise BudgetError unless `value` is an int (not a bool) of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int):
        meant = int(value) if isinstance(value, float) and value.is_integer() and value >= least else least
        raise BudgetError(
            f"{name}={shown(value)} is not a whole number; allowed are integers of at least {least}: "
            f"write for example {name}={meant}."
        )
    if value > MOST:
        raise BudgetError(
            f"{name}={shown(value)} is too large; allowed are integers of at most {MOST:,}: lower it."
        )
    if value < least:
        raise BudgetError(
            f"{name}={shown(value)} is too small; allowed are integers of at least {least}: raise it."
        )


def check_limits(name: str, least: int, most: int | None, *, floor: int) -> None:
    """Raise BudgetError unless floor <= least <= most; `most` None means no upper limit."""
    check_whole(f"min_{name}", least, least=floor)
    if most is None:
        return
    check_whole(f"max_{name}", most, least=floor)
    if most < least:
        raise BudgetError(
            f"max_{name}={most} is below min_{name}={least}; allowed are limits with min_{name} <= "
            f"max_{name}: raise max_{name} or lower min_{name}."
        )


def check_choice(name: str, value: object, allowed: tuple[str, ...]) -> None:
    """Raise BudgetError unless `value` is one of `allowed`; the error names the nearest one."""
    if not isinstance(value, str) or value not in allowed:
        raise BudgetError(
            f"{name}={shown(value)} is not known; allowed are {listing(allowed)}: "
            f"choose one of them.{nearest(str(value), allowed)}"
        )
