"""The options that the public functions of studies share, checked by their names before anything runs."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, TypeVar, cast

import numpy as np

from trainlab.budgets import Budget
from trainlab.errors import MOST_WHOLE, SpecError, as_whole, shown
from trainlab.interrupt import one_call

P = ParamSpec("P")
R = TypeVar("R")

WHOLE = frozenset(
    [
        *("seeds", "max_seeds", "budget_seeds", "seed", "draw_seed"),
        *("draw", "workers", "why", "fidelity", "sides", "longer"),
    ]
)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_flag(value: object) -> bool:
    return isinstance(value, bool | np.bool_)


def _is_number(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float | np.integer | np.floating)


def _are(kind: type, value: object) -> bool:
    """Whether it is a sequence of these."""
    return isinstance(value, Sequence) and all(
        isinstance(each, kind) for each in cast("Sequence[object]", value)
    )


BUDGET = "trainlab.budget(44, inputs=2, outputs=1)"
CHECKS: dict[str, tuple[Callable[[object], bool], str]] = {
    **dict.fromkeys(("engine", "cell", "x", "y"), (_is_text, "text")),
    **dict.fromkeys(("fresh", "every_point", "every_budget"), (_is_flag, "True or False")),
    "until_width": (_is_number, "a number"),
    "store": (lambda value: isinstance(value, str | os.PathLike), "the path of a folder"),
    "only": (lambda value: _are(str, value), "a list of cells, such as ['Model 1:A']"),
    "networks": (
        lambda value: isinstance(value, Budget),
        f"a budget, as in {BUDGET}",
    ),
    "budgets": (
        lambda value: _are(Budget, value),
        f"a list of budgets, as in [{BUDGET}]",
    ),
    "on_progress": (callable, "a function"),
}
"""What an option that isn't a whole number must be, and the same in words."""


def checked_options(function: Callable[P, R]) -> Callable[P, R]:
    """Have a function refuse options of the wrong type with a SpecError, and stop as `one_call`.

    Options that may be None have it as their default. NumPy's whole numbers become Python's.
    """
    parameters = inspect.signature(function).parameters

    @functools.wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        named = dict(cast("dict[str, Any]", kwargs))
        for name, value in named.items():
            if name in parameters and not (value is None and parameters[name].default is None):
                named[name] = _checked(name, value)
        with one_call():
            return function(*args, **named)  # pyright: ignore[reportCallIssue]

    return checked


def _checked(name: str, value: Any) -> Any:
    if name in WHOLE:
        number = as_whole(value)
        if number is None:
            raise _wrong(name, value, "a whole number")
        if abs(number) > MOST_WHOLE:
            raise _wrong(name, value, f"a whole number up to {MOST_WHOLE:,}")
        return number
    if name in CHECKS:
        is_right, wanted = CHECKS[name]
        if not is_right(value):
            raise _wrong(name, value, wanted)
    return value


def _wrong(name: str, value: object, wanted: str) -> SpecError:
    return SpecError(f"{name} = {shown(value)}: must be {wanted}.")
