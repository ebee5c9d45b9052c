"""Where things are: a line of the user's code, and what a finding points to in it."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

# A line of the user's code, as reports name it.


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


def quoted(site: Site | None, otherwise: str = "", *, before: str = "") -> str:
    """Return a place with its source line, after words that lead to it; `otherwise` where it isn't known."""
    return otherwise if site is None else f"{before}{site.quoted}"


# Where a finding points, in parts: remedies, edits and JSON take them, and read nothing out of words.


Kind = Literal[
    "activation",
    "call",
    "data",
    "evaluation",
    "loader",
    "loss",
    "module",
    "optimizer",
    "output",
    "parameters",
    "sign",
    "targets",
    "unknown",
]
"""What is to blame; `sign` is that of the loss, `output` what the network gives."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A place of a training, as far as it is known.

    Args:
        kind: what is to blame.
        file: the script's name, without its folder; of a cell the notebook's.
        line: counted from 1; of a cell within it.
        cell: the number of a notebook's cell.
        module: a module's path in its network, or the network's name.
        parameters: their names.
        call: the function or class that is called, as PyTorch has it.
    """

    kind: Kind = "unknown"
    file: str = ""
    line: int | None = None
    cell: int | None = None
    module: str = ""
    parameters: tuple[str, ...] = ()
    call: str = ""

    @property
    def script_line(self) -> str | None:
        """The line as ``train.py:12``; None if it isn't known or lies in a notebook's cell."""
        return None if self.line is None or self.cell is not None else f"{self.file}:{self.line}"

    def is_at(self, site: Site | None) -> bool:
        """Whether it is this line."""
        return site is not None and (self.file, self.cell, self.line) == (*_file_of(site), site.line)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self) | {"parameters": list(self.parameters)}


NOWHERE = Place()


def place_at(
    site: Site | None, kind: Kind, *, module: str = "", parameters: tuple[str, ...] = (), call: str = ""
) -> Place:
    """Return the place at a line, if that is known."""
    file, cell = ("", None) if site is None else _file_of(site)
    line = None if site is None else site.line
    return Place(kind=kind, file=file, line=line, cell=cell, module=module, parameters=parameters, call=call)


def place_from(data: dict[str, Any]) -> Place:
    """Return the place that JSON has."""
    parameters = tuple(data.get("parameters", ()))
    return replace(NOWHERE, **{**data, "parameters": parameters})


def _file_of(site: Site) -> tuple[str, int | None]:
    """Return file and cell: Python knows a cell's lines by one name, ``train.ipynb, cell 3``."""
    cell = re.fullmatch(r"(.*\.ipynb), cell (\d+)", site.file)
    return (site.file, None) if cell is None else (cell[1], int(cell[2]))
