"""Which files import each other in a circle, as they are imported or as they run."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

Imports = Mapping[str, frozenset[str]]


def imports_of(package: Path, *, types: bool = False) -> Imports:
    """Return, for each file of a package by its place, the files that it imports, in functions too.

    With `types` also those that only type checkers read. The ``__init__.py`` of the folders above, which
    Python runs before any file in them, aren't counted.
    """
    names = {_module(package, path): path for path in sorted(package.rglob("*.py"))}
    places = {name: path.relative_to(package).as_posix() for name, path in names.items()}
    return {
        places[name]: frozenset(places[used] for used in _used(path, name, places, types=types))
        for name, path in names.items()
    }


def circles(imports: Imports) -> list[tuple[str, ...]]:
    """Return the groups of files each of which reaches every other, sorted; most are two files, or three."""
    found: set[tuple[str, ...]] = set()
    reached = {file: _reached(file, imports) for file in imports}
    for file, others in reached.items():
        if file in others:
            found.add(tuple(sorted(other for other in others if file in reached[other])))
    return sorted(found)


def _reached(file: str, imports: Imports) -> set[str]:
    found: set[str] = set()
    left = [file]
    while left:
        for other in imports[left.pop()] - found:
            found.add(other)
            left.append(other)
    return found


def _module(package: Path, path: Path) -> str:
    parts = (package.name, *path.relative_to(package).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _used(path: Path, module: str, known: Mapping[str, str], *, types: bool) -> Iterator[str]:
    for node in _statements(ast.parse(path.read_bytes()), types=types):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name in known)
        elif isinstance(node, ast.ImportFrom):
            base = _base(node, module, is_package=path.name == "__init__.py")
            for each in node.names:
                # A name is a file, or is found in its folder's __init__.py.
                used = f"{base}.{each.name}"
                if used in known or base in known:
                    yield used if used in known else base


def _base(node: ast.ImportFrom, module: str, *, is_package: bool) -> str:
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    above = parts[: len(parts) - node.level + is_package]
    return ".".join([*above, *([node.module] if node.module else [])])


def _statements(tree: ast.AST, *, types: bool) -> Iterator[ast.AST]:
    """Yield what stands in a file, in functions too; with `types` also what type checkers read."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING" and not types:
            for other in node.orelse:
                yield other
                yield from _statements(other, types=types)
        else:
            yield node
            yield from _statements(node, types=types)
