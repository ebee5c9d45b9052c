# pyright: basic
"""Flags of a batch that its code unpacks and never reads: the variable beside the loss, and its values."""

from __future__ import annotations

import ast
import linecache
from collections import Counter
from types import CodeType, FrameType
from typing import Any

import numpy as np
import torch

from trainlab.diagnosis.observed.events import UnusedFlags
from trainlab.diagnosis.probe.frames import site_of, user_frame
from trainlab.diagnosis.probe.probe_state import ProbeState
from trainlab.diagnosis.probe.reading import readable

LOOKS, FEWEST_ROWS, BESIDE = 8, 8, 2
"""So often a function is looked at; of fewer rows flags are found by chance, as where fewer others are "
"beside."""
MOST_LINES = 20_000


class UnusedFlagsSeen:
    """Looks, where a loss is computed, at the variables of that function which nothing in it reads."""

    def __init__(self, state: ProbeState) -> None:
        self.state = state
        self._unread: dict[CodeType, dict[str, int]] = {}
        self._looks = Counter[CodeType]()

    def look(self, rows: int) -> None:
        """A loss over so many rows is computed in the user's innermost function."""
        frame = user_frame()
        if frame is None or rows < FEWEST_ROWS or self._looks[frame.f_code] >= LOOKS:
            return
        code = frame.f_code
        self._looks[code] += 1
        if code not in self._unread:
            self._unread[code] = _never_read(code)
        if self._unread[code]:
            self._look_at(frame, self._unread[code], rows)

    def _look_at(self, frame: FrameType, unread: dict[str, int], rows: int) -> None:
        values = frame.f_locals
        beside = sum(_length(value) == rows for name, value in values.items() if name not in unread)
        for name, line in unread.items():
            if beside < BESIDE or _length(values.get(name)) != rows or not _are_flags(values[name]):
                continue
            event = self.state.seen(UnusedFlags(site=site_of(frame.f_code, line), name=name), key=name)
            event.rows, event.beside = rows, max(event.beside, beside)


def _never_read(code: CodeType) -> dict[str, int]:
    """Return the variables of a function that are only ever assigned, or made anew of themselves, by line.

    Names that begin with an underscore are left out on purpose. Of a module's own variables functions may
    read any; so all of the file is looked at.
    """
    lines = linecache.getlines(code.co_filename)
    if not 0 < len(lines) <= MOST_LINES:
        return {}
    try:
        tree = ast.parse("".join(lines))
    except SyntaxError:
        return {}
    scope: ast.AST | None = tree
    if code.co_name != "<module>":
        scope = next((node for node in ast.walk(tree) if _is_function_of(node, code)), None)
    if scope is None:
        return {}
    assigned: dict[str, int] = {}
    reads = Counter[str]()
    for node in ast.walk(scope):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            assigned[node.id] = node.lineno
        elif isinstance(node, ast.Name):
            reads[node.id] += 1
        elif isinstance(node, ast.Global | ast.Nonlocal):
            reads.update(node.names)
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign) and all(isinstance(one, ast.Name) for one in node.targets):
            own = {one.id for one in node.targets if isinstance(one, ast.Name)}
            reads.subtract(
                one.id
                for one in ast.walk(node.value)
                if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load) and one.id in own
            )
    return {name: line for name, line in assigned.items() if reads[name] <= 0 and not name.startswith("_")}


def _is_function_of(node: ast.AST, code: CodeType) -> bool:
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.name != code.co_name:
        return False
    return code.co_firstlineno in (node.lineno, *(one.lineno for one in node.decorator_list))


def _length(value: Any) -> int:
    """Return how many rows a batch's variable has; −1 of anything else."""
    if isinstance(value, torch.Tensor | np.ndarray):
        return int(value.shape[0]) if value.ndim else -1
    return len(value) if isinstance(value, list | tuple) else -1


def _are_flags(value: Any) -> bool:
    """Whether these are truth values, or numbers of which all are 0 or 1 and both occur."""
    if isinstance(value, torch.Tensor):
        values = readable(value)
        if values is None or value.device.type != "cpu":
            return False
        if values.dtype == torch.bool:
            return True
        is_number = values.is_floating_point()
        return (
            is_number
            and bool(((values == 0) | (values == 1)).all())
            and 0 < float(values.sum()) < len(values)
        )
    array = np.asarray(value) if not isinstance(value, list | tuple) or _are_plain(value) else None
    if array is None or array.dtype.kind not in "bf":
        return False
    is_bool = array.dtype.kind == "b"
    return is_bool or bool(np.isin(array, (0, 1)).all() and 0 < array.sum() < array.size)


def _are_plain(values: list[Any] | tuple[Any, ...]) -> bool:
    return all(isinstance(one, bool | float | np.bool_ | np.floating) for one in values)
