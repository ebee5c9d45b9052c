"""Formulas in t as text, such as ``0.95 ** t``: a small language, parsed into a tree and never run as Python.

Numbers, ``t``, ``pi``, ``+ - * / // % **``, comparisons (which are 1 or 0), ``a if c else b`` and the
functions of `FUNCTIONS`.
"""

from __future__ import annotations

import ast
import operator
import warnings
from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from trainlab.errors import SpecError, nearest

Array = npt.NDArray[np.float64]
Formula = Callable[[Array], Any]

MAX_LENGTH = 300

FUNCTIONS: dict[str, tuple[Callable[..., Any], int]] = {
    "min": (np.minimum, 2),
    "max": (np.maximum, 2),
    "exp": (np.exp, 1),
    "sqrt": (np.sqrt, 1),
    "cos": (np.cos, 1),
    "sin": (np.sin, 1),
    "log": (np.log, 1),
    "abs": (np.abs, 1),
    "floor": (np.floor, 1),
}
"""The functions by name, and how many arguments each takes; min and max may take more."""

_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: np.divide,
    ast.FloorDiv: np.floor_divide,
    ast.Mod: np.mod,
    ast.Pow: np.power,
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}

_ALLOWED = (
    "A formula may use numbers, t, pi, + - * / // % **, comparisons, 'a if c else b' and the functions "
    f"{', '.join(FUNCTIONS)}"
)


def compile_formula(text: str) -> Formula:
    """Return the formula as a function of t ``[k]`` (float64); SpecError if it isn't a formula."""
    if len(text) > MAX_LENGTH:
        raise SpecError(
            f"factor = {text[:40]!r}…: has {len(text):,} characters; a formula may have {MAX_LENGTH} at most."
        )
    try:
        with warnings.catch_warnings():
            # Python warns of much that isn't a formula anyway, such as a digit next to a word.
            warnings.simplefilter("ignore")
            tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise SpecError(
            f"factor = {text!r}: must be a formula of t, such as '0.95 ** t'. {_ALLOWED}."
        ) from None
    return _compiled(tree.body, text)


def evaluate_factor(text: str, t: Array) -> Array:
    """Return the factors at t ``[k]``; SpecError if one is negative, infinite or not a number."""
    with np.errstate(all="ignore"):
        values = np.broadcast_to(np.asarray(compile_formula(text)(t), dtype=np.float64), t.shape)
    wrong = ~(np.isfinite(values) & (values >= 0))
    if wrong.any():
        first = int(np.argmax(wrong))
        raise SpecError(
            f"factor = {text!r}: is {values[first]:g} at t = {t[first]:g}; "
            "a factor of the learning rate must be a finite number ≥ 0."
        )
    return values


def _compiled(node: ast.expr, text: str) -> Formula:
    """Return a node as a function; SpecError for what isn't in the language."""

    def inner(part: ast.expr) -> Formula:
        return _compiled(part, text)

    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return _constant(value, text)
        case ast.Name(id="t"):
            return lambda t: t
        case ast.Name(id="pi"):
            return lambda t: np.pi
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _OPERATORS:
            return _applied(_OPERATORS[type(op)], [inner(operand)])
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _applied(_OPERATORS[type(op)], [inner(left), inner(right)])
        case ast.Compare(left=left, ops=ops, comparators=rights) if all(type(op) in _OPERATORS for op in ops):
            sides = [inner(side) for side in (left, *rights)]
            pairs = [_applied(_OPERATORS[type(op)], [sides[i], sides[i + 1]]) for i, op in enumerate(ops)]
            # As numbers, 1 or 0: NumPy's booleans don't add up to a number, and refuse −.
            return lambda t: np.asarray(reduce(np.logical_and, [pair(t) for pair in pairs]), dtype=np.float64)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return _applied(np.where, [inner(test), inner(body), inner(orelse)])
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in FUNCTIONS:
            return _call(name, [inner(argument) for argument in args], text)
        case _:
            raise SpecError(f"factor = {text!r}: {_objection(node)}. {_ALLOWED}.")


def _constant(value: float, text: str) -> Formula:
    try:
        number = np.float64(value)
    except OverflowError:
        raise SpecError(f"factor = {text!r}: has a number too large for a float64.") from None
    return lambda t: number


def _applied(function: Callable[..., Any], parts: list[Formula]) -> Formula:
    return lambda t: function(*(part(t) for part in parts))


def _call(name: str, arguments: list[Formula], text: str) -> Formula:
    function, count = FUNCTIONS[name]
    if count == 2 and len(arguments) >= 2:
        return lambda t: reduce(function, [argument(t) for argument in arguments])
    if len(arguments) != count:
        wanted = "1 argument" if count == 1 else "2 or more arguments"
        raise SpecError(f"factor = {text!r}: {name} takes {wanted}, and is given {len(arguments)}.")
    return _applied(function, arguments)


def _objection(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name):
            return f"{name!r} is not a name it may use.{nearest(name, ['t', 'pi', *FUNCTIONS])}".rstrip(".")
        case ast.Call(func=ast.Name(id=name)) if name not in FUNCTIONS:
            return f"{name!r} is not a function it may use.{nearest(name, FUNCTIONS)}".rstrip(".")
        case _:
            return f"{ast.unparse(node)!r} is not part of a formula"
