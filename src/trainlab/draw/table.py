"""Tables of plain rows: for the terminal through rich, for a page as accessible HTML, as data frames."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy.typing as npt

from trainlab.draw.formats import Align, format_number
from trainlab.draw.palette import TERMINAL
from trainlab.draw.svg import Html, clean, escape
from trainlab.errors import MissingPackageError, TrainlabError, listing, nearest, pip_install, shown

if TYPE_CHECKING:
    from rich.table import Table


Cell: TypeAlias = str | float | int | bool | None

_NUMBER = re.compile(r"[<>≤≥]?\s?[+−-]?[\d.,]+([×·]?10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?(\s?%)?")


def terminal_table(
    headers: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    *,
    title: str = "",
    align: Sequence[Align] | None = None,
) -> Table:
    """Return a rich table. Columns of numbers stand to the right unless `align` says otherwise.

    Text is shown as it is: rich markup and control characters in it do nothing. Words stay whole: cells fold
    at spaces, and what doesn't fit beside the other columns goes below them.

    Raises:
        TrainlabError: if a row, or `align`, doesn't have one entry for each header.
    """
    from trainlab.draw.terminal import FittedTable

    _check(headers, rows, align)
    return FittedTable(
        [clean(header) for header in headers],
        [[clean(cell_words(cell)) for cell in row] for row in rows],
        sides=align or alignment(headers, rows),
        title=clean(title),
        border_style=TERMINAL["muted"],
    )


def html_table(
    headers: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    *,
    caption: str = "",
    align: Sequence[Align] | None = None,
) -> Html:
    """Return a ``<table>``: escaped, first cell of a row as its header.

    Columns of numbers stand to the right unless `align` says otherwise. The alignment is inline, so that it
    also holds in a notebook; the rest of the look comes from `css`.

    Raises:
        TrainlabError: if a row, or `align`, doesn't have one entry for each header.
    """
    _check(headers, rows, align)
    sides = align or alignment(headers, rows)
    head = "".join(_header(header, side, "col") for header, side in zip(headers, sides, strict=True))
    body = "".join(f"<tr>{_row(row, sides)}</tr>" for row in rows)
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    name = escape(caption or ", ".join(headers))
    return Html(
        f'<div class="tl-scroll" tabindex="0" role="region" aria-label="{name}">'
        '<table class="tl-table" style="font-variant-numeric:tabular-nums">'
        f'{title}<thead><tr>{head}</tr></thead><tbody style="text-align:right">{body}</tbody></table></div>'
    )


def _row(row: Sequence[Cell], sides: Sequence[Align]) -> str:
    first = _header(cell_words(row[0]), sides[0], "row") if row else ""
    rest = zip(row[1:], sides[1:], strict=True)
    return first + "".join(
        f"<td>{escape(cell_words(cell))}</td>"
        if side == "right"
        else f'<td style="text-align:left">{escape(cell_words(cell))}</td>'
        for cell, side in rest
    )


def _header(words: str, side: Align, scope: str) -> str:
    weight = ";font-weight:400" if scope == "row" else ""
    return f'<th scope="{scope}" style="text-align:{side}{weight}">{escape(words)}</th>'


def cell_words(cell: Cell) -> str:
    """Return a cell as it is written."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return cell if isinstance(cell, str) else format_number(cell)


def alignment(headers: Sequence[str], rows: Sequence[Sequence[Cell]]) -> list[Align]:
    """Return the side of each column: numbers stand to the right, words to the left."""
    return ["right" if _numeric([row[place] for row in rows]) else "left" for place in range(len(headers))]


def _numeric(column: Sequence[Cell]) -> bool:
    known = [cell for cell in column if cell is not None and cell not in ("", "–")]
    return bool(known) and all(
        _NUMBER.fullmatch(cell) is not None if isinstance(cell, str) else not isinstance(cell, bool)
        for cell in known
    )


def _check(headers: Sequence[str], rows: Sequence[Sequence[Cell]], align: Sequence[Align] | None) -> None:
    for place, row in enumerate(rows):
        if len(row) != len(headers):
            raise TrainlabError(
                f"rows: row {place} has {len(row)} cells, but there are {len(headers)} headers; "
                "give one cell for each header (None for an empty one)."
            )
    if align is not None and len(align) != len(headers):
        raise TrainlabError(
            f"align: {len(align)} sides for {len(headers)} headers; give 'left' or 'right' for each header."
        )


# Columns as a data frame of pandas or polars, whichever is installed.


LIBRARIES = ("pandas", "polars")
"""The libraries of data frames; by default the first that is installed."""

Column = Sequence[Any] | npt.NDArray[Any]


def data_frame(columns: Mapping[str, Column], library: str | None) -> Any:
    """Return columns of one length as a ``pandas.DataFrame`` or a ``polars.DataFrame``.

    Missing values, None or NaN, are NaN or None in pandas and null in polars. `library` is one of
    `LIBRARIES`; None takes the first that is installed.

    Raises:
        TrainlabError: there is no such library.
        MissingPackageError: it isn't installed, or none of them is.
    """
    if library is not None and library not in LIBRARIES:
        raise TrainlabError(
            f"library = {shown(library)}: must be {listing(LIBRARIES)}.{nearest(str(library), LIBRARIES)}"
        )
    name = library or next(filter(_is_installed, LIBRARIES), None)
    if name is None:
        raise MissingPackageError(
            "to_frame: needs pandas or polars, and neither is installed. Install one with: "
            f"{pip_install('pandas')}"
        )
    if not _is_installed(name):
        raise MissingPackageError(
            f"library = {name!r}: {name} isn't installed. Install it with: {pip_install(name)}", name=name
        )
    # trainlab needs neither, so a type checker may not know them.
    package: Any = import_module(name)
    if name == "polars":
        return package.DataFrame(dict(columns), nan_to_null=True)
    return package.DataFrame(dict(columns))


def check_table(of: str, tables: Sequence[str]) -> None:
    """Refuse a table that a result doesn't have, naming the nearest."""
    if of not in tables:
        raise TrainlabError(f"of = {shown(of)}: must be {listing(tables)}.{nearest(str(of), tables)}")


def _is_installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ValueError:  # a module that stands for it and says nothing of where it's from
        return False
