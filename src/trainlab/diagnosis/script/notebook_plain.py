"""Runs a notebook's cells where IPython isn't installed: Python only; magics and commands are left out."""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
import sys
from types import ModuleType

from trainlab.diagnosis.script.notebook import Cell, enter_lines

_LEFT_OUT = re.compile(r"^(\s*)([%!]\S.*|[\w.]+\?{1,2}\s*$|\?\S.*)$")
_WHOLE_CELL = re.compile(r"^\s*%%(\w+)")
_PYTHON_BELOW = frozenset(("time", "timeit", "capture", "prun", "python", "python3"))


def plain_python(source: str) -> tuple[str, list[str]]:
    """Return the cell with its magics and commands made harmless, line for line, and what was left out."""
    lines = source.splitlines()
    left_out: list[str] = []
    first = next((place for place, line in enumerate(lines) if line.strip()), 0)
    whole = _WHOLE_CELL.match(lines[first]) if lines else None
    if whole is not None:
        left_out.append(lines[first].strip())
        if whole[1] not in _PYTHON_BELOW:
            return "", left_out
        lines[first] = ""
    inside = _inside_strings("\n".join(lines))
    for place, line in enumerate(lines):
        found = None if place + 1 in inside else _LEFT_OUT.match(line)
        if found is not None:
            left_out.append(line.strip())
            lines[place] = f"{found[1]}pass"
    return "\n".join(lines), left_out


def _inside_strings(source: str) -> set[int]:
    """Return the lines that begin inside of a string: a ``%`` there is text. Empty if that can't be known."""
    shielded = "\n".join(
        line if _LEFT_OUT.match(line) is None else re.sub(r"\S.*", "pass", line)
        for line in source.splitlines()
    )
    try:
        tree = ast.parse(shielded)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        # Also NUL bytes, halves of surrogate pairs, and brackets without end: running the cell will say so.
        return set()
    return {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant | ast.JoinedStr) and node.end_lineno is not None
        for line in range(node.lineno + 1, node.end_lineno + 1)
    }


def run_cell(path: str, module: ModuleType, cell: Cell) -> BaseException | None:
    """Run one cell in the module; return the exception that ended it."""
    name = enter_lines(path, cell)
    text, left_out = plain_python(cell.source)
    for line in left_out:
        print(f"trainlab: cell {cell.number}: `{line}` isn't run without IPython.", file=sys.stderr)
    try:
        code = compile(text, name, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        result = eval(code, module.__dict__)
        if inspect.iscoroutine(result):
            asyncio.run(result)
    except BaseException as error:
        return error
    return None
