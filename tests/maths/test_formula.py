import contextlib
import math

import numpy as np
import pytest

from trainlab.errors import SpecError
from trainlab.maths import compile_formula
from trainlab.maths.formula import FUNCTIONS, MAX_LENGTH, evaluate_factor

T = np.arange(200, dtype=np.float64)
NAMES = {"pi": math.pi, "min": min, "max": max, "abs": abs} | {
    name: getattr(math, name) for name in ("exp", "sqrt", "cos", "sin", "log", "floor")
}
GOOD = [
    "1",
    "0.5",
    "t",
    "0.95 ** t",
    "1 / (1 + 0.1 * t)",
    "-t + 2e2 - +3",
    "t // 7 % 5",
    "2 ** -t * 1e3",
    "min(t, 10) / max(1, t, 5)",
    "0.5 * (1 + cos(pi * t / 200))",
    "exp(-t / 10) + sqrt(t) + abs(sin(t)) + floor(t / 3)",
    "log(t) if t > 0 else 1",
    "1 / t if t != 0 else 2",
    "0.1 if t < 10 else 0.2 if 10 <= t < 50 else 0.3",
    "(t >= 20) * 1 + (t == 3)",
    "0.1 ** ((t >= 10) + (t >= 20))",
    "1 - 0.5 * ((t > 3) - (t > 5))",
    "1 + -(t > 3)",
    "+(t > 3) - (1 < 2) - (pi < pi)",
    "exp((t > 3) / 3) + exp(t > 3) + sqrt(2 < 3 < t)",
    "((t > 3) + (t > 5)) ** 0.5 / 3",
    "2 if (t > 3) - (t > 9) else 3",
    "  t  ",
    "(t\n+ 1)",
]


@pytest.mark.parametrize("text", GOOD)
def test_a_formula_means_what_it_does_in_python(text: str):
    with np.errstate(all="ignore"):
        ours = np.broadcast_to(compile_formula(text)(T), T.shape)
    expected = [eval(text.strip(), {"__builtins__": {}}, NAMES | {"t": int(t)}) for t in T]
    np.testing.assert_allclose(ours.astype(float), expected, rtol=1e-12)


def test_every_function_is_tried_above():
    assert set(FUNCTIONS) == {name for name in NAMES if name != "pi"}
    assert all(any(f"{name}(" in text for text in GOOD) for name in FUNCTIONS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x * 2", r"^factor = 'x \* 2': 'x' is not a name it may use\. A formula may use numbers, t, pi, "),
        ("coss(t)", r"'coss' is not a function it may use\. Did you mean 'cos'\?"),
        ("__import__('os')", "'__import__' is not a function it may use"),
        ("t.real", r"'t\.real' is not part of a formula"),
        ("t[0]", "is not part of a formula"),
        ("[t]", "is not part of a formula"),
        ("'a'", "is not part of a formula"),
        ("True", "is not part of a formula"),
        ("1j", "is not part of a formula"),
        ("None", "is not part of a formula"),
        ("lambda: t", "is not part of a formula"),
        ("t and 1", "is not part of a formula"),
        ("not t", "is not part of a formula"),
        ("~t", "is not part of a formula"),
        ("t << 1", "is not part of a formula"),
        ("t is t", "is not part of a formula"),
        ("t in t", "is not part of a formula"),
        ("(t := 3)", "is not part of a formula"),
        ("f'{t}'", "is not part of a formula"),
        ("exp(t, base=2)", "is not part of a formula"),
        ("(exp)(*t)", "is not part of a formula"),
        ("t.exp(1)", "is not part of a formula"),
        ("exp(t, 2)", "exp takes 1 argument, and is given 2"),
        ("min(t)", "min takes 2 or more arguments, and is given 1"),
        ("exp", "'exp' is not a name it may use"),
        ("", "must be a formula of t, such as"),
        ("t = 3", "must be a formula of t"),
        ("import os", "must be a formula of t"),
        ("1 +", "must be a formula of t"),
        ("1\0", "must be a formula of t"),
        ("0x1for t", "is not part of a formula"),
        ("\ud800", "must be a formula of t"),
        ("0x" + "f" * 290, "has a number too large for a float64"),
        ("1e999", "must be a finite number"),
        ("t" * 400, "has 400 characters; a formula may have 300 at most"),
    ],
)
def test_anything_else_is_refused_in_one_line(text: str, message: str):
    with pytest.raises(SpecError, match=message) as caught:
        evaluate_factor(text, T)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("factor = ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "1 - t / 100",
            r"is -0\.01 at t = 101; a factor of the learning rate must be a finite number ≥ 0\.$",
        ),
        ("1 / t", "is inf at t = 0"),
        ("2 ** (t * t)", "is inf at t = 32"),
        ("log(t - 1)", "is nan at t = 0"),
        ("t % 0", "is nan at t = 0"),
    ],
)
def test_a_factor_that_no_rate_can_have_is_refused_with_its_time(text: str, message: str):
    with pytest.raises(SpecError, match=message):
        evaluate_factor(text, T)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 149 + "t" + ")" * 149,
        "-" * 299 + "t",
        "t" + "+t" * 149,
        "t" + "**t" * 99,
        "exp(" * 59 + "t" + ")" * 59,
    ],
    ids=["parentheses", "signs", "sums", "powers", "calls"],
)
def test_the_deepest_formulas_are_read_or_refused_and_nothing_worse(text: str):
    assert len(text) <= MAX_LENGTH
    # Whatever comes of it, no other exception does.
    with contextlib.suppress(SpecError):
        assert evaluate_factor(text, T).shape == T.shape


def test_a_long_table_is_quick():
    assert evaluate_factor("0.5 ** (t // 1000)", np.arange(1e6)).shape == (1_000_000,)
