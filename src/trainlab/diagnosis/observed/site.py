"""A line of the user's code, as reports name it."""

from __future__ import annotations

from dataclasses import dataclass


def line_of(file: str, line: int) -> str:
    """Return ``train.py:24``, or ``notebook.ipynb, cell 3, line 2``."""
    return f"{file}, line {line}" if ".ipynb, cell " in file else f"{file}:{line}"


@dataclass(frozen=True, slots=True)
class Site:
    """A line of the user's code."""

    file: str
    line: int
    function: str
    text: str

    def __str__(self) -> str:
        """Return ``train.py:24``, with the function where there is one."""
        inside = "" if self.function.startswith("<") else f", in {self.function}()"
        return f"{line_of(self.file, self.line)}{inside}"

    @property
    def quoted(self) -> str:
        """The place with its source line."""
        return f"{self}: `{self.text}`" if self.text else str(self)
