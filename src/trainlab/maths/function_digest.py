"""A digest of what a Python function computes: its bytecode, and every outside value that it uses.

Two functions with the same digest compute the same; what can't be covered is refused. A digest is valid for
one version of Python, since bytecode differs.
"""

from __future__ import annotations

import builtins
import dis
import hashlib
import sys
from collections.abc import Callable, Iterator
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any, cast

from trainlab.errors import SpecError

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
