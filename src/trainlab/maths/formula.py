"""Formulas in t as text, such as ``0.95 ** t``: a small language, parsed into a tree and never run as Python.

Numbers, ``t``, ``pi``, ``+ - * / // % **``, comparisons (which are 1 or 0), ``a if c else b`` and the
functions of `FUNCTIONS`."""

from __future__ import annotations

import ast
import builtins
import dis
import hashlib
import operator
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import reduce
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from trainlab.errors import SpecError, nearest
from trainlab.maths.losses import Loss

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


# A digest of what a Python function computes: its bytecode, and every outside value that it uses.
#
# Two functions with the same digest compute the same; what can't be covered is refused. A digest is valid for
# one version of Python, since bytecode differs.


PACKAGES = ("math", "numpy", "torch", "numba", "scipy")
"""Packages whose functions are known by their names."""

BUILTINS = ("abs", "min", "max", "pow", "round", "float", "int", "bool", "sum", "len", "range", "divmod")
"""The builtins that a function may use: those whose result depends only on their arguments."""

PLAIN = (bool, int, float, complex, str, bytes, type(None))


def function_digest(name: str, *functions: Callable[..., Any] | None) -> str:
    """Return a SHA-256 in hex of what the functions compute; `name` begins the messages.

    Raises:
        SpecError: one of them isn't a plain function, or depends on what a digest can't cover.
    """
    seen: set[int] = set()
    words = [f"python {sys.version_info[0]}.{sys.version_info[1]}"]
    for function in functions:
        words += ["none"] if function is None else list(_function(name, function, seen))
    return hashlib.sha256("\n".join(words).encode()).hexdigest()


def _function(name: str, given: Any, seen: set[int]) -> Iterator[str]:
    function = getattr(given, "py_func", given)  # what numba.njit was given
    if not isinstance(function, FunctionType):
        raise SpecError(f"{name}: {_kind(given)} is no plain function; write it with def or lambda.")
    if id(function) in seen:
        yield "again"
        return
    seen.add(id(function))
    yield from _code(name, function.__code__)
    for value in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
        yield from _value(name, "a default", value, seen)
    for free, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        yield from _value(name, f"{free!r}", _content(name, free, cell), seen)
    for used in sorted(set(_globals(function.__code__))):
        if used in function.__globals__:
            yield from _value(name, f"{used!r}", function.__globals__[used], seen)
        elif used in BUILTINS:
            yield f"builtin {used}"
        else:
            known = hasattr(builtins, used)
            what = "the builtin" if known else "the unknown name"
            cure = f"use only {', '.join(BUILTINS)}" if known else "define it first"
            raise SpecError(f"{name}: uses {what} {used!r}; {cure}.")


def _content(name: str, free: str, cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        raise SpecError(f"{name}: uses {free!r}, which has no value yet; define it first.") from None


def _code(name: str, code: CodeType) -> Iterator[str]:
    """Yield what the code does, without its line numbers and file, which don't matter."""
    for step in dis.get_instructions(code):
        if step.opname == "STORE_GLOBAL" or (
            step.opname == "STORE_DEREF" and step.argval in code.co_freevars
        ):
            raise SpecError(f"{name}: changes {step.argval!r} outside of itself; a loss must only compute.")
        if step.opname == "RAISE_VARARGS":
            raise SpecError(f"{name}: raises or asserts; a loss must return a number, such as math.nan.")
        if step.opname == "IMPORT_NAME" and str(step.argval).partition(".")[0] not in PACKAGES:
            raise SpecError(f"{name}: imports {step.argval!r}; only {', '.join(PACKAGES)} can be covered.")
    for used in code.co_names:
        if used.startswith("rand"):
            raise SpecError(f"{name}: uses {used!r}; a loss must not draw random numbers.")
    yield code.co_code.hex()
    yield repr((code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars, code.co_argcount))
    yield repr((code.co_kwonlyargcount, code.co_posonlyargcount, code.co_flags))
    yield getattr(code, "co_exceptiontable", b"").hex()
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _code(name, constant)
        else:
            yield f"{type(constant).__name__} {constant!r}"


def _globals(code: CodeType) -> Iterator[str]:
    for step in dis.get_instructions(code):
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield str(step.argval)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _globals(constant)


def _value(name: str, what: str, value: Any, seen: set[int]) -> Iterator[str]:
    """Yield an outside value that a function uses, if it can't change unnoticed."""
    package = str(getattr(value, "__name__" if isinstance(value, ModuleType) else "__module__", "") or "")
    if isinstance(value, PLAIN):
        yield f"{what} {type(value).__name__} {value!r}"
    elif isinstance(value, tuple):
        yield f"{what} tuple {len(cast('tuple[Any, ...]', value))}"
        for item in cast("tuple[Any, ...]", value):
            yield from _value(name, what, item, seen)
    elif isinstance(value, ModuleType) and package.partition(".")[0] in PACKAGES:
        yield f"{what} module {package}"
    elif _is_known(value, package):
        yield f"{what} {package} {getattr(value, '__qualname__', getattr(value, '__name__', ''))}"
    elif isinstance(value, FunctionType) or hasattr(value, "py_func"):
        yield what
        yield from _function(name, value, seen)
    elif isinstance(value, ModuleType):
        raise SpecError(
            f"{name}: uses the module {package!r}, whose code a fingerprint can't cover; import the function "
            "that it needs by its name."
        )
    else:
        raise SpecError(
            f"{name}: uses {what}, {_kind(value)}, which may change unseen; use numbers or functions."
        )


def _is_known(value: Any, package: str) -> bool:
    """Whether this is a function from one of the packages."""
    import numpy as np

    if isinstance(value, np.ufunc):
        return True
    return isinstance(value, FunctionType | BuiltinFunctionType) and package.partition(".")[0] in PACKAGES


def _kind(value: Any) -> str:
    word = type(value).__name__
    return f"{'an' if word[:1] in 'aeiou' else 'a'} {word}"


# The user's own losses, by name and digest: what a loss ``custom`` means in this process.


Elementwise = Callable[[Array, Array], Array]

CUSTOM = 10
"""The code of every custom loss."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomLoss:
    """A loss ``function(prediction, target)`` of one number each, and its `derivative` by the prediction.

    ``values`` and ``slopes`` are the same for arrays. `on_numbers` and `on_tensors` say what the function
    accepts: Python numbers, PyTorch tensors.
    """

    name: str
    digest: str
    function: Callable[[Any, Any], Any]
    derivative: Callable[[Any, Any], Any] | None
    values: Elementwise
    slopes: Elementwise
    on_numbers: bool
    on_tensors: bool

    @property
    def entry(self) -> Loss:
        """The loss as the table has its own: the mean over all elements."""

        def value(p: Array, y: Array, **_: str) -> float:
            return float(np.mean(self.values(p, y)))

        def gradient(p: Array, y: Array, **_: str) -> Array:
            return self.slopes(p, y) / p.size

        return Loss(
            name="custom",
            code=CUSTOM,
            formula=f"L = mean {self.name}(p, y)",
            citation="the user's own",
            torch_class=None,
            label=self.name,
            value=value,
            gradient=gradient,
        )

    def check(self) -> None:
        """Raise SpecError if the function, or a value it uses, is no longer what was registered."""
        if function_digest(f"loss {self.name!r}", self.function, self.derivative) != self.digest:
            raise SpecError(
                f"loss {self.name!r}: a value that it uses has changed since it was registered; register it "
                "again with trainlab.custom_loss, and use what that returns."
            )


_registered: dict[str, dict[str, CustomLoss]] = {}


def register(loss: CustomLoss) -> None:
    """Register a loss; one of that name with another digest stays, but the name alone now means this one."""
    known = _registered.setdefault(loss.name, {})
    known.pop(loss.digest, None)
    known[loss.digest] = loss


def latest_digest(name: str) -> str | None:
    """Return the digest of the last loss registered under a name, None if there is none."""
    return next(reversed(_registered.get(name, {})), None)


def custom_entry(name: str, digest: str) -> CustomLoss:
    """Return a registered loss, unchanged.

    Raises:
        SpecError: nothing is registered under that name, something else is, or it has changed since.
    """
    known = _registered.get(name, {})
    if digest not in known:
        other = "another function is registered by that name"
        raise SpecError(
            f"loss = {name!r} (digest {digest[:8]}…): {other if known else 'is not registered here'}; "
            f"register the function it was made with: trainlab.custom_loss({name!r}, …)."
        )
    known[digest].check()
    return known[digest]
