# pyright: basic
"""Runs a notebook's cells in IPython's shell, which knows magics, ``!commands`` and top-level await."""

from __future__ import annotations

import ast
import linecache
import os
import sys
from typing import Any

from IPython.core.compilerop import CachingCompiler
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from trainlab.diagnosis.script.notebook import Cell, enter_lines

_TIMED = ("<timed exec>", "<timed eval>")


class CellCompiler(CachingCompiler):
    """Compiles each cell under its place in the notebook, also inside of ``%%time`` and ``%%capture``."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        self.name = ""
        self._source = ""
        self._above = 0

    def begin(self, cell: Cell) -> None:
        """Compile from now on for this cell."""
        self.name, self._source = enter_lines(self.path, cell), cell.source

    def cache(self, transformed_code: str, number: int = 0, raw_code: str | None = None) -> str:
        """Return the cell's name; code that the cell itself makes and runs has one of IPython's."""
        raw = transformed_code if raw_code is None else raw_code
        source, part = self._source.rstrip(), raw.rstrip()
        if not part or not source.endswith(part):
            return super().cache(transformed_code, number, raw_code)
        # A cell magic passes the lines below it on, to be run as a cell of its own.
        start = len(source) - len(part)
        self._above = self._source[:start].count("\n") + _blank_lines(raw)
        self._filename_map[self.name] = number
        lines = [*["\n"] * self._above, *transformed_code.splitlines(keepends=True)]
        is_magic = transformed_code.startswith("get_ipython().run_cell_magic(")
        if start == 0 and not is_magic and len(lines) != len(source.splitlines()):
            # A command over several lines is one line now: quote what is run.
            linecache.cache[self.name] = (len(transformed_code), None, lines, self.name)
        return self.name

    def ast_parse(self, source: str, filename: str = "<unknown>", symbol: str = "exec") -> ast.AST:
        """Parse, and number lines as in the notebook."""
        tree = super().ast_parse(source, filename, symbol)
        return ast.increment_lineno(tree, self._above) if filename == self.name else tree

    def __call__(self, source: Any, filename: str, symbol: str, **options: Any) -> Any:
        """Compile; what is timed is part of the cell, too."""
        if filename in _TIMED and isinstance(source, ast.AST):
            source, filename = ast.increment_lineno(source, self._lines_above_timed()), self.name
        return super().__call__(source, filename, symbol, **options)

    def _lines_above_timed(self) -> int:
        blank = _blank_lines(self._source)
        lines = self._source.splitlines(keepends=True)
        if lines[blank].lstrip().startswith("%%"):
            return blank + 1 + _blank_lines("".join(lines[blank + 1 :]))
        frame = sys._getframe(1)
        while frame is not None and frame.f_code.co_filename != self.name:
            frame = frame.f_back
        return 0 if frame is None else frame.f_lineno - 1


def _blank_lines(text: str) -> int:
    """Return how many blank lines the text begins with: IPython drops them."""
    lines = text.splitlines()
    return next((place for place, line in enumerate(lines) if line.strip()), len(lines))


class Shell(InteractiveShell):
    """IPython's shell without a terminal or a kernel; errors are kept for the caller, not shown."""

    stopped_by: BaseException | None = None

    def showtraceback(self, *args: Any, **kwargs: Any) -> None:
        """Keep what must end the notebook even where a magic has caught it."""
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, Exception | SystemExit):
            self.stopped_by = error

    def showsyntaxerror(self, *args: Any, **kwargs: Any) -> None:
        """Say nothing: the caller does."""

    showindentationerror = showsyntaxerror

    def enable_matplotlib(self, gui: Any = None) -> tuple[Any, str]:
        """Leave the backend as it is, for ``%matplotlib``: nobody looks at figures here."""
        return gui, os.environ["MPLBACKEND"]

    def ask_exit(self) -> None:
        """``exit`` and ``quit`` end the notebook."""
        raise SystemExit(0)


def make_shell(path: str, folder: str) -> Shell:
    """Return a shell whose namespace is ``__main__``; it keeps no history, and its files in `folder`."""
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    shell = Shell.instance(config=config, ipython_dir=folder)
    shell.compile = CellCompiler(path)
    # Figures and tables are shown by their text: nobody would see pictures of them.
    formatter: Any = shell.display_formatter
    formatter.active_types = ["text/plain"]
    return shell


def run_cell(shell: Shell, cell: Cell) -> BaseException | None:
    """Run one cell; return the exception that ended it."""
    compiler: Any = shell.compile
    compiler.begin(cell)
    shell.stopped_by = None
    result = shell.run_cell(cell.source, store_history=True)
    return shell.stopped_by or result.error_before_exec or result.error_in_exec
