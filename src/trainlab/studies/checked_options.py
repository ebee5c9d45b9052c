"""The options that the public functions share, checked by their names before anything runs."""

from __future__ import annotations

import functools
import inspect
import operator
import os
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

import numpy as np

from trainlab.errors import SpecError, shown

P = ParamSpec("P")
R = TypeVar("R")

MOST = 10**15
"""The largest whole number that is asked for anywhere."""

WHOLE = (
    *(
        "seeds",
        "max_seeds",
        "budget_seeds",
        "seed",
        "draw",
        "draw_seed",
        "workers",
        "why",
        "fidelity",
        "sides",
    ),
    "longer",
)
NUMBERS = ("until_width",)
FLAGS = ("fresh", "every_point", "every_budget")
TEXTS = ("engine", "cell", "x", "y")
FUNCTIONS = ("on_progress",)


def checked_options(function: Callable[P, R]) -> Callable[P, R]:
    """Have a function refuse options of the wrong type with a SpecError.

    Options that may be None have it as their default. NumPy's whole numbers become Python's.
    """
    parameters = inspect.signature(function).parameters

    @functools.wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        named = dict(cast("dict[str, Any]", kwargs))
        for name, value in named.items():
            if name in parameters and not (value is None and parameters[name].default is None):
                named[name] = _checked(name, value)
        return function(*args, **named)  # pyright: ignore[reportCallIssue]

    return checked


def _checked(name: str, value: Any) -> Any:
    if name in WHOLE:
        try:
            number = operator.index(value)
        except TypeError:
            raise _wrong(name, value, "a whole number") from None
        if abs(number) > MOST:
            raise _wrong(name, value, f"a whole number up to {MOST:,}")
        return number
    if name in NUMBERS:
        if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
            raise _wrong(name, value, "a number")
        return float(cast("float", value))
    if name in FLAGS and not isinstance(value, bool | np.bool_):
        raise _wrong(name, value, "True or False")
    if name in TEXTS and not isinstance(value, str):
        raise _wrong(name, value, "text")
    if name == "store" and not isinstance(value, str | os.PathLike):
        raise _wrong(name, value, "the path of a folder")
    if name == "only":
        words = cast("list[Any]", [value] if isinstance(value, str) else value)
        if not isinstance(words, list | tuple) or not all(isinstance(word, str) for word in words):
            raise _wrong(name, value, "a list of cells, such as ['Model 1:A']")
    if name in FUNCTIONS and not callable(value):
        raise _wrong(name, value, "a function")
    return value


def _wrong(name: str, value: object, wanted: str) -> SpecError:
    return SpecError(f"{name} = {shown(value)}: must be {wanted}.")
