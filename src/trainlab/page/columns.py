"""Tables declared once by their columns, and how cells say rates, differences and p-values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from trainlab.draw import Cell, format_fixed, html_table, terminal_table
from trainlab.draw.svg import Html
from trainlab.draw.table import Align, alignment
from trainlab.stats import Rate, ReadEstimate, passed_over

if TYPE_CHECKING:
    from rich.table import Table as RichTable


# How tables format rates, differences in points, p-values and readings.


UNKNOWN = "–"


def or_nothing(value: float | str | None) -> float | str:
    """Return the value, or nothing where there is none."""
    return "" if value is None else value


def or_unknown(value: float | str | None) -> float | str:
    """Return the value, or a dash where it isn't known."""
    return UNKNOWN if value is None else value


def count_of(value: Rate | None) -> str:
    """Return ``12 of 16``, or nothing where there is no rate."""
    return "" if value is None else f"{value.k:,} of {value.n:,}"


def share(value: Rate | None, *, unknown: str = UNKNOWN) -> str:
    """Return a rate in percent with its interval: ``95.9 % (94.5–97.0)``."""
    if value is None:
        return unknown
    return f"{share_alone(value)} ({100 * value.low:.1f}–{100 * value.high:.1f})"


def share_alone(value: Rate | None, *, unknown: str = UNKNOWN) -> str:
    """Return a rate in percent: ``95.9 %``."""
    return unknown if value is None else f"{100 * value.estimate:.1f} %"


def share_under_percent(value: Rate | None) -> str:
    """Return a rate with its interval, for a column whose heading has the unit: ``95.9 (94.5–97.0)``."""
    return "" if value is None else share(value).replace(" %", "")


def points(value: ReadEstimate | None) -> str:
    """Return a difference of success rates in points with its interval: ``+37.1 (+36.2 to +37.8)``."""
    if value is None:
        return UNKNOWN
    estimate, low, high = (
        format_fixed(100 * number, 1, sign=True)
        for number in (value.value.estimate, value.value.low, value.value.high)
    )
    return f"{estimate} ({low} to {high})"


def reading(value: ReadEstimate | None) -> str:
    """Return how a difference reads, with the reason if its interval by itself would read differently."""
    if value is None:
        return UNKNOWN
    return f"{value.reading}, of {value.together:,} read together" if passed_over(value) else value.reading


def p_value(value: ReadEstimate | None) -> str:
    """Return the corrected p-value with three decimals, or ``<0.001``."""
    if value is None:
        return UNKNOWN
    return "<0.001" if value.p_adjusted < 0.001 else f"{value.p_adjusted:.3f}"


# Tables declared once by their columns: terminal, page, notebook and JSON take them from there.


T = TypeVar("T")
C = TypeVar("C")


def _as_it_is(value: Any) -> Cell:
    return value


@dataclass(frozen=True, slots=True)
class Column(Generic[T]):
    """A column: an item's `value`, formatted by `show` under a `heading`.

    `brief` shows it where there is little room, under `brief_heading`. `json` is its key in JSON: a column
    without one is only shown, one without heading is only in JSON. An `optional` column is left out of a
    table where all its values are None. Without `align` numbers stand to the right.
    """

    heading: str
    value: Callable[[T], Any]
    _: KW_ONLY
    show: Callable[[Any], Cell] = _as_it_is
    brief: Callable[[Any], Cell] | None = None
    brief_heading: str = ""
    align: Align | None = None
    json: str = ""
    optional: bool = False

    def cell(self, item: T, *, brief: bool = False) -> Cell:
        """Return the cell of an item's row."""
        return (self.brief if brief and self.brief else self.show)(self.value(item))


def json_only(key: str, value: Callable[[T], Any]) -> Column[T]:
    """Return a column that no table shows."""
    return Column("", value, json=key)


@dataclass(frozen=True, slots=True)
class TableOf(Generic[T]):
    """A table with a row for each item; `numbered`, if any, is the heading of a first column 1, 2, 3, …."""

    columns: tuple[Column[T], ...]
    _: KW_ONLY
    numbered: str = ""

    def only(self, *headings: str) -> TableOf[T]:
        """Return the table with these of its columns, in this order; KeyError if it hasn't one of them."""
        named = {column.heading: column for column in self.columns}
        return TableOf(tuple(named[heading] for heading in headings))

    def shown(self, items: Sequence[T]) -> tuple[Column[T], ...]:
        """Return the columns that a table of these items has."""
        return tuple(column for column in self.columns if column.heading and _has_any(column, items))

    def headings(self, items: Sequence[T], *, brief: bool = False) -> list[str]:
        """Return the headings of a table of these items."""
        names = ((brief and column.brief_heading) or column.heading for column in self.shown(items))
        return [*self._before(self.numbered), *names]

    def rows(self, items: Sequence[T], *, brief: bool = False) -> list[list[Cell]]:
        """Return a row of cells for each item."""
        columns = self.shown(items)
        return [
            [*self._before(place), *(column.cell(item, brief=brief) for column in columns)]
            for place, item in enumerate(items, 1)
        ]

    def terminal(self, items: Sequence[T], *, title: str = "", brief: bool = False) -> RichTable:
        """Return the table for the terminal."""
        rows = self.rows(items, brief=brief)
        headings = self.headings(items, brief=brief)
        return terminal_table(headings, rows, title=title, align=self._sides(items, rows))

    def html(self, items: Sequence[T], *, caption: str = "") -> Html:
        """Return the table for a page or a notebook."""
        rows = self.rows(items)
        return html_table(self.headings(items), rows, caption=caption, align=self._sides(items, rows))

    def to_dict(self, item: T) -> dict[str, Any]:
        """Return an item as JSON has it: the columns that have a key, in their order."""
        return {column.json: _plain(column.value(item)) for column in self.columns if column.json}

    def _sides(self, items: Sequence[T], rows: Sequence[Sequence[Cell]]) -> list[Align]:
        usual = alignment(self.headings(items), rows)
        asked: list[Align | None] = [column.align for column in self.shown(items)]
        if self.numbered:
            asked.insert(0, None)
        return [side or other for side, other in zip(asked, usual, strict=True)]

    def _before(self, cell: C) -> list[C]:
        return [cell] if self.numbered else []


@dataclass(frozen=True, slots=True)
class FilledTable(Generic[T]):
    """A table together with the items whose rows it shows."""

    table: TableOf[T]
    items: Sequence[T]

    def shown(self) -> tuple[Column[T], ...]:
        """Return the columns that it has."""
        return self.table.shown(self.items)

    def headings(self) -> list[str]:
        """Return its headings."""
        return self.table.headings(self.items)

    def rows(self, *, brief: bool = False) -> list[list[Cell]]:
        """Return a row of cells for each item."""
        return self.table.rows(self.items, brief=brief)

    def html(self, *, caption: str = "") -> Html:
        """Return it for a page or a notebook."""
        return self.table.html(self.items, caption=caption)


def _has_any(column: Column[T], items: Sequence[T]) -> bool:
    return not column.optional or any(column.value(item) is not None for item in items)


def _plain(value: Any) -> Any:
    """Return a value ready for JSON: results know themselves how they look there."""
    return value.to_dict() if hasattr(value, "to_dict") else value
