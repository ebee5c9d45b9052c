"""A digest of what source files compute: of their syntax, without what changes no number.

Left out are comments, docstrings, annotations of functions and variables, what only type checkers read, and
what a raised exception says. The annotations of a class's fields stay: structs convert values by them. The
digest is the same with every version of Python.
"""

from __future__ import annotations

import ast
import hashlib
import os
from collections.abc import Iterable
from contextlib import suppress
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any, cast

import msgspec

MOST_KEPT = 16
"""How many digests are kept on disk, the latest ones."""
_UNREAD = frozenset({"annotation", "returns", "ctx", "type_comment", "kind"})
_KEPT = "source-digests.json"


def source_digest(files: Iterable[Path], more: str = "") -> str:
    """Return 16 hexadecimal digits that change with what the files compute, or with `more`."""
    return with_more(syntax_digest(files), more)


def with_more(digest: str, more: str) -> str:
    """Return 16 hexadecimal digits that change with a digest of sources, or with `more`."""
    return _hash([digest.encode(), more.encode()])[:16]


def syntax_digest(files: Iterable[Path]) -> str:
    """Return 64 hexadecimal digits that change with what the files compute.

    Reading the syntax of all of an engine takes a third of a second, so the digest is kept beside Python's
    byte code, under one of the bytes.
    """
    sources = [path.read_bytes() for path in files]
    raw = _hash([Path(__file__).read_bytes(), *sources])
    kept = _read()
    if (tree := kept.get(raw)) is None:
        tree = _hash(syntax(source).encode() for source in sources)
        _write({**kept, raw: tree})
    return tree


def syntax(source: str | bytes) -> str:
    """Return a module's syntax in words, without what changes no number."""
    words: list[str] = []
    _add(ast.parse(source), words, in_class=False)
    return "\0".join(words)


def _add(node: Any, words: list[str], *, in_class: bool) -> None:
    """Add the words of a node; empty fields are left out, since versions of Python differ in these."""
    if isinstance(node, list):
        for item in cast("list[Any]", node):
            _add(item, words, in_class=in_class)
        words.append("]")
        return
    if not isinstance(node, ast.AST):
        words.append(repr(node))
        return
    if _says_nothing(node, in_class=in_class):
        return
    if isinstance(node, ast.AnnAssign) and node.value is not None and not in_class:
        node = ast.Assign(targets=[node.target], value=node.value)
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        node = ast.Raise(exc=node.exc.func)
    words.append(type(node).__name__)
    is_class = isinstance(node, ast.ClassDef)
    for name in node._fields:
        value = getattr(node, name, None)
        if value is None or value == [] or (name in _UNREAD and not (in_class and name == "annotation")):
            continue
        words.append(name)
        inside = is_class or (in_class and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
        _add(value, words, in_class=inside)


def _says_nothing(node: ast.AST, *, in_class: bool) -> bool:
    """Whether a statement is a docstring, a mere declaration, or for type checkers alone."""
    match node:
        case ast.Expr(value=ast.Constant()):
            return True
        case ast.AnnAssign(value=None):
            return not in_class
        case ast.If(test=ast.Name(id="TYPE_CHECKING"), orelse=[]):
            return True
        case _:
            return False


def _hash(parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()


def _read() -> dict[str, str]:
    """Return the digests that are kept; none where they can't be read.

    A Python without a folder for compiled files says so by NotImplementedError (importlib.util).
    """
    with suppress(OSError, msgspec.MsgspecError, NotImplementedError):
        return msgspec.json.decode(_place().read_bytes(), type=dict[str, str])
    return {}


def _write(kept: dict[str, str]) -> None:
    """Keep the latest digests, whole or not at all; where nothing can be written they are made each time."""
    with suppress(OSError, NotImplementedError):
        place = _place()
        place.parent.mkdir(exist_ok=True)
        unfinished = place.with_name(f"{_KEPT}.{os.getpid()}")
        unfinished.write_bytes(msgspec.json.encode(dict(list(kept.items())[-MOST_KEPT:])))
        unfinished.replace(place)


def _place() -> Path:
    """Return the file of the kept digests, where Python keeps this module's byte code."""
    return Path(cache_from_source(__file__)).parent / _KEPT
