"""The code cells of a Jupyter notebook, and the file names that tracebacks show for them."""

from __future__ import annotations

import ast
import asyncio
import inspect
import json
import linecache
import os
import re
import sys
from dataclasses import dataclass
from types import ModuleType
from typing import Any, cast

from trainlab.errors import MAX_SHOWN, DiagnosisError, printable, shown

SUFFIX = ".ipynb"
MAY_FAIL = "raises-exception"
"""Jupyter's own tag for a cell whose error doesn't stop the others."""

MAX_BYTES = 200_000_000
"""The largest notebook that is read, outputs included."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A code cell. `number` is what Jupyter shows beside it after *Restart and run all*."""

    number: int
    source: str
    may_fail: bool = False


def is_notebook(script: str) -> bool:
    """Whether the file's name is that of a notebook."""
    return script.endswith(SUFFIX)


def read_cells(path: str) -> list[Cell]:
    """Return the cells that have code in them, in order.

    Raises:
        DiagnosisError: if it is no notebook of format 4, not in Python, or has no code.
    """
    data = _parsed(path)
    version = data.get("nbformat")
    if version != 4:
        raise DiagnosisError(
            f"{path}: is a notebook of format {shown(version)}; the doctor runs format 4. "
            "Convert it with: jupyter nbconvert --to notebook --nbformat 4"
        )
    language = _language(data)
    if not language.lower().startswith(("python", "ipython", "xpython")):
        raise DiagnosisError(
            f"{path}: is written in {printable(language[:MAX_SHOWN])}; the doctor runs notebooks in Python."
        )
    cells: list[Cell] = []
    for place, cell in enumerate(_dictionaries(data.get("cells"))):
        if cell.get("cell_type") != "code":
            continue
        text = _text(path, place, cell.get("source", ""))
        if text.strip():
            tags: Any = _dictionary(cell.get("metadata")).get("tags")
            cells.append(Cell(len(cells) + 1, text, isinstance(tags, list) and MAY_FAIL in tags))
    if not cells:
        raise DiagnosisError(f"{path}: has no code cells, so there is nothing to run.")
    return cells


def _text(path: str, place: int, source: Any) -> str:
    """Return a cell's source, which is a text or a list of its lines."""
    if isinstance(source, str):
        return source
    lines = cast("list[Any]", source) if isinstance(source, list) else [source]
    wrong = [line for line in lines if not isinstance(line, str)]
    if wrong:
        raise DiagnosisError(
            f"{path}: cells[{place}].source holds {shown(wrong[0])}; it must be text, or a list of lines."
        )
    return "".join(lines)


def _parsed(path: str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            # Read no more than allowed: a device such as /dev/zero has no end.
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise DiagnosisError(f"{path}: can't be read ({error.strerror}).") from None
    if len(raw) > MAX_BYTES:
        raise DiagnosisError(
            f"{path}: is larger than {MAX_BYTES:,} bytes. Clear its outputs with: jupyter nbconvert "
            "--clear-output --inplace"
        )
    try:
        data = json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise DiagnosisError(f"{path}: is no notebook: it isn't JSON ({error}).") from None
    if not isinstance(data, dict) or "nbformat" not in data:
        raise DiagnosisError(f"{path}: is JSON, but no notebook: it has no nbformat.")
    return cast("dict[str, Any]", data)


def _language(data: dict[str, Any]) -> str:
    """Return the language that the notebook says it is in; where it says nothing, Python."""
    about = _dictionary(data.get("metadata"))
    named = _dictionary(about.get("language_info")).get("name")
    return str(named or _dictionary(about.get("kernelspec")).get("language") or "python")


def _dictionary(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _dictionaries(value: Any) -> list[dict[str, Any]]:
    return [_dictionary(one) for one in cast("list[Any]", value)] if isinstance(value, list) else []


def cell_file(path: str, number: int) -> str:
    """Return the file name that a cell's code is compiled under, as tracebacks and places show it."""
    return f"{os.path.abspath(path)}, cell {number}"


def enter_lines(path: str, cell: Cell) -> str:
    """Make the cell's lines, as they are written, known to tracebacks; return its file name."""
    name = cell_file(path, cell.number)
    # Without a time of change `linecache` never looks for such a file.
    linecache.cache[name] = (len(cell.source), None, [f"{line}\n" for line in cell.source.splitlines()], name)
    return name


# Runs a notebook's cells where IPython isn't installed: Python only; magics and commands are left out.


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
