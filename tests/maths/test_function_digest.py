"""A digest changes with everything that changes what a function computes, and with nothing else."""

import functools
import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from trainlab.errors import SpecError
from trainlab.maths.formula import function_digest

SCALE = 2.0
TABLE = [1.0, 2.0]
NAMES = {"math": math, "np": np, "torch": torch}


def made(text: str, **names: Any) -> Callable[..., Any]:
    """A function from its text, in a world of its own."""
    world = {**NAMES, **names}
    exec(text, world)
    return world["f"]


def digest(text: str, **names: Any) -> str:
    return function_digest("loss 'f'", made(text, **names))


SQUARE = "def f(p, y): return (p - y) ** 2"


def test_what_changes_nothing_changes_no_digest() -> None:
    same = ["def f(p, y):\n\n    # A comment.\n    return (p - y) ** 2", "f = lambda p, y: (p - y) ** 2"]
    assert digest(same[0]) == digest(SQUARE)
    # Code flags and bytecode of a lambda are those of the function.
    assert digest(same[1]) == digest(SQUARE)
    assert digest(SQUARE, unused=[1]) == digest(SQUARE)
    assert digest(SQUARE) == digest(SQUARE)


DIFFERENT = [
    (SQUARE, {}),
    ("def f(p, y): return (p - y) ** 4", {}),
    ("def f(p, y): return (p - y) ** 2.0", {}),
    ("def f(p, y): return (p + y) ** 2", {}),
    ("def f(y, p): return (p - y) ** 2", {}),
    ("def f(p, y, k=2): return (p - y) ** k", {}),
    ("def f(p, y, k=3): return (p - y) ** k", {}),
    ("def f(p, y, *, k=3): return (p - y) ** k", {}),
    ("def f(p, y): return (p - y) ** k", {"k": 2}),
    ("def f(p, y): return (p - y) ** k", {"k": 3}),
    ("def f(p, y): return (p - y) ** k", {"k": 2.0}),
    ("def f(p, y): return (p - y) ** k[0]", {"k": (2, 3)}),
    ("def f(p, y): return (p - y) ** k[0]", {"k": (2, 4)}),
    ("def f(p, y): return g(p - y)", {"g": made("def f(d): return d * d")}),
    ("def f(p, y): return g(p - y)", {"g": made("def f(d): return d * d * d")}),
    ("def f(p, y): return g(p - y)", {"g": math.cosh}),
    ("def f(p, y): return g(p - y)", {"g": math.sinh}),
    ("def f(p, y): return g(p - y)", {"g": np.abs}),
    ("def f(p, y): return math.cosh(p - y)", {}),
    ("def f(p, y): return math.sinh(p - y)", {}),
    ("def f(p, y):\n    g = lambda d: d * 2\n    return g(p - y)", {}),
    ("def f(p, y):\n    g = lambda d: d * 3\n    return g(p - y)", {}),
]


def test_what_computes_otherwise_has_another_digest() -> None:
    digests = [digest(text, **names) for text, names in DIFFERENT]
    assert len(set(digests)) == len(digests)


def closure(k: float) -> Callable[[float, float], float]:
    return lambda p, y: (p - y) ** k


def test_closures_and_derivatives_count() -> None:
    assert function_digest("x", closure(2)) != function_digest("x", closure(3))
    assert function_digest("x", closure(2)) == function_digest("x", closure(2))
    assert function_digest("x", closure(2), None) != function_digest("x", closure(2), closure(1))
    assert function_digest("x", closure(2), closure(1)) != function_digest("x", closure(1), closure(2))


def test_a_function_that_calls_itself_has_one() -> None:
    assert digest("def f(p, y): return p - y if p < 9 else f(p - 1, y)")


class Callable_:  # noqa: N801
    def __call__(self, p: float, y: float) -> float:
        return p


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            made("def f(p, y): return k[0] * p", k=[1.0]),
            "loss 'f': uses 'k', a list, which may change unseen",
        ),
        (made("def f(p, y): return k * p", k=np.ones(1)), "uses 'k', a ndarray, which may change unseen"),
        (made("def f(p, y, k=[]): return p"), "uses a default, a list"),
        (made("def f(p, y): return nothing * p"), "uses the unknown name 'nothing'; define it first."),
        (made("def f(p, y): return eval('p')"), "uses the builtin 'eval'; use only abs, min"),
        (made("def f(p, y):\n    global k\n    k = p\n    return p"), "changes 'k' outside of itself"),
        (made("def f(p, y):\n    import os\n    return p"), "imports 'os'; only math, numpy"),
        (
            made("def f(p, y): return np.random.normal()"),
            "uses 'random'; a loss must not draw random numbers",
        ),
        (made("def f(p, y): return random.random()", random=random), "a loss must not draw random numbers"),
        (
            made("def f(p, y): return functools.reduce(p, y)", functools=functools),
            "uses the module 'functools'",
        ),
        (
            made("def f(p, y):\n    assert p < 1\n    return p"),
            "raises or asserts; a loss must return a number",
        ),
        (Callable_(), "a Callable_ is no plain function; write it with def or lambda."),
        (functools.partial(math.pow), "a partial is no plain function"),
        (math.pow, "a builtin_function_or_method is no plain function"),
    ],
)
def test_what_no_digest_can_cover_is_refused(given: Any, message: str) -> None:
    with pytest.raises(SpecError) as error:
        function_digest("loss 'f'", given)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
