"""Grids of success rates and of shares: colour for the eye, the number in each cell for the reader."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from trainlab.draw.axes import label_text, label_width
from trainlab.draw.formats import counted, format_fixed, format_percent, format_share
from trainlab.draw.heat_charts import ramp
from trainlab.draw.palette import STEPS, heat_step
from trainlab.draw.picture import Picture, compose
from trainlab.draw.svg import SMALL, WIDTH, element, escape, group, paint, text, tooltip, wrap
from trainlab.draw.table import Cell
from trainlab.errors import TrainlabError

_COLUMNS: Final = 8
_ROW: Final = 19.0
_LINE: Final = 13.0


class RateLike(Protocol):
    """`k` of `n`, with its interval from `low` to `high` as shares between 0 and 1."""

    @property
    def k(self) -> int:
        """How many."""
        ...

    @property
    def n(self) -> int:
        """Of how many."""
        ...

    @property
    def low(self) -> float:
        """Lower end of the interval."""
        ...

    @property
    def high(self) -> float:
        """Upper end of the interval."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """The median of shares between 0 and 1, and the bounds of their middle 90 %."""

    median: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class _Value:
    """What a cell shows: its share (None if there is none), in short, in words, and as numbers."""

    share: float | None
    short: str
    words: str
    numbers: list[Cell]


_Values: TypeAlias = Sequence[Sequence[_Value | None]]


@dataclass(frozen=True, slots=True)
class _Place:
    """One cell: its left and upper edge, width, value and names."""

    x: float
    y: float
    width: float
    value: _Value | None
    row: str
    column: str


def rate_grid(
    rows: Sequence[str],
    columns: Sequence[str],
    values: Sequence[Sequence[RateLike | None]],
    *,
    title: str,
    row_label: str = "",
    column_label: str = "",
) -> Picture:
    """Draw ``values[row][column]`` as a grid; ``None`` is a cell without data.

    A wide grid with few rows is transposed to fit a phone: the long side runs down. If more than eight
    columns remain they continue in a second block below. Nearly none reads ``<1``, nearly all ``>99``.

    Raises:
        TrainlabError: if `values` hasn't a row for each of `rows` and a cell for each of `columns`.
    """
    return _grid(
        rows,
        columns,
        [[None if rate is None else _of_rate(rate) for rate in line] for line in values],
        title=title,
        labels=(row_label, column_label, "Solved, % of seeds"),
        headers=["k", "n", "Rate", "Low", "High"],
    )


def spread_grid(
    rows: Sequence[str],
    columns: Sequence[str],
    values: Sequence[Sequence[Spread | None]],
    *,
    title: str,
    value_label: str,
) -> Picture:
    """Draw the median of each ``values[row][column]`` as `rate_grid` draws rates; tooltips have the spread.

    Raises:
        TrainlabError: as `rate_grid`.
    """
    return _grid(
        rows,
        columns,
        [[None if spread is None else _of_spread(spread) for spread in line] for line in values],
        title=title,
        labels=("", "", value_label),
        headers=["Median", "Low", "High"],
    )


def _of_rate(rate: RateLike) -> _Value:
    share = rate.k / rate.n if rate.n else None
    low, high = format_fixed(100 * rate.low, 1), format_fixed(100 * rate.high, 1)
    return _Value(
        share,
        format_percent(rate.k, rate.n),
        f"{rate.k:,} of {rate.n:,} ({low} to {high} %)",
        [rate.k, rate.n, share, rate.low, rate.high],
    )


def _of_spread(spread: Spread) -> _Value:
    median, low, high = (format_share(v, decimals=1) for v in (spread.median, spread.low, spread.high))
    return _Value(
        spread.median,
        format_share(spread.median),
        f"{median} % ({low} to {high} %)",
        [spread.median, spread.low, spread.high],
    )


def _grid(
    rows: Sequence[str],
    columns: Sequence[str],
    values: _Values,
    *,
    title: str,
    labels: tuple[str, str, str],
    headers: Sequence[str],
) -> Picture:
    """Draw the grid; `labels` are those of rows, columns and values, `headers` of a value's numbers."""
    _check(rows, columns, values)
    row_label, column_label, value_label = labels
    turned = len(columns) > _COLUMNS and len(rows) < len(columns)
    if turned:
        rows, columns, row_label, column_label = columns, rows, column_label, row_label
        values = [[line[place] for line in values] for place in range(len(rows))]
    drawn, places, y = list[str](), list[_Place](), 2.0
    for start in range(0, max(len(columns), 1), _COLUMNS):
        part, found, y = _block(
            rows, columns, values, start, y + (8 if start else 0), row_label, column_label
        )
        drawn.append(part)
        places += found
    key, height = _key(y + 8, value_label)
    known = [(place, place.value) for place in places if place.value is not None]
    return compose(
        "".join(drawn) + _cells(places) + key,
        height=height,
        title=title,
        summary=_summary(places, rows, columns, value_label),
        details=_in_words(places, rows),
        notes=[] if known else ["There is nothing to show."],
        headers=[row_label or "Row", column_label or "Column", *headers],
        rows=[[place.row, place.column, *value.numbers] for place, value in known],
    )


def _check(rows: Sequence[str], columns: Sequence[str], values: _Values) -> None:
    if len(values) != len(rows):
        raise TrainlabError(
            f"values: {len(values)} rows for {len(rows)} row names; give one row for each name."
        )
    for name, line in zip(rows, values, strict=True):
        if len(line) != len(columns):
            raise TrainlabError(
                f"values: row {name!r} has {len(line)} cells for {len(columns)} columns; "
                "give one for each column (None where there is no data)."
            )


def _block(
    rows: Sequence[str],
    columns: Sequence[str],
    values: _Values,
    start: int,
    y: float,
    row_words: str,
    column_words: str,
) -> tuple[str, list[_Place], float]:
    """Return headers, cells and lower edge of the block of columns that begins with column `start`."""
    names = columns[start : start + _COLUMNS]
    left = 8 + label_width([*rows, row_words], 150 if len(columns) < 5 else 110, SMALL) + 8
    width = min(108.0, (WIDTH - 8 - left) / max(min(len(columns), _COLUMNS), 1))
    drawn: list[str] = []
    if column_words:
        drawn.append(text(left, y + 11, column_words, size=SMALL, role="muted"))
        y += _LINE + 3
    heads = [wrap(name, width - 2, SMALL, lines=3) for name in names]
    depth = max((len(head) for head in heads), default=0)
    drawn.append(
        text(8, y + 10 + _LINE * max(depth - 1, 0), row_words, size=SMALL, role="muted") if row_words else ""
    )
    for place, head in enumerate(heads):
        middle, first = left + width * (place + 0.5), y + 10 + _LINE * (depth - len(head))
        drawn += [
            text(middle, first + _LINE * i, word, anchor="middle", size=SMALL) for i, word in enumerate(head)
        ]
    y += _LINE * max(depth, 1) + 4
    places: list[_Place] = []
    for name, line in zip(rows, values, strict=True):
        drawn.append(label_text(8, y + 13, name, width=left - 14, size=SMALL))
        for place, column in enumerate(names):
            places.append(_Place(left + width * place, y, width, line[start + place], name, column))
        y += _ROW
    return "".join(drawn), places, y


def _cells(places: Sequence[_Place]) -> str:
    """Return rectangles and numbers, grouped by colour, so that ninety cells stay small."""
    drawn: list[str] = []
    for step in (*range(STEPS), None):
        same = [place for place in places if _step(place) == step]
        fill, ink = ("grid", "muted") if step is None else (f"h{step}", f"t{step}")
        drawn += _painted(same, fill, ink)
    return "".join(drawn)


def _painted(same: Sequence[_Place], fill: str, ink: str) -> Iterator[str]:
    yield group(
        (
            element("rect", tooltip(_place_in_words(p)), x=p.x, y=p.y, width=p.width - 1.5, height=_ROW - 1.5)
            for p in same
        ),
        **paint(fill=fill),
    )
    yield group(
        (element("text", _shown(p), x=p.x + p.width / 2 - 0.7, y=p.y + 13) for p in same),
        text_anchor="middle",
        font_size=SMALL,
        pointer_events="none",
        **paint(fill=ink),
    )


def _step(place: _Place) -> int | None:
    share = place.value.share if place.value is not None else None
    return None if share is None else heat_step(share)


def _key(y: float, value_label: str) -> tuple[str, float]:
    """Return the legend of the ramp below height `y`, and its lower edge."""
    start = 32.0
    drawn, end = ramp(start, y)
    words = [
        text(start - 6, y + 9, "0", anchor="end", size=SMALL, role="muted"),
        text(end + 6, y + 9, "100", size=SMALL, role="muted"),
        text(end + 40, y + 9, value_label, size=SMALL),
    ]
    return "".join([drawn, *words]), y + 18


def _shown(place: _Place) -> str:
    return "–" if place.value is None else escape(place.value.short)


def _said(place: _Place) -> str:
    return "no data" if place.value is None else place.value.words


def _place_in_words(place: _Place) -> str:
    return f"{place.row}, {place.column}: {_said(place)}"


def _summary(places: Sequence[_Place], rows: Sequence[str], columns: Sequence[str], value_label: str) -> str:
    size = f"{value_label}: {counted(len(rows), 'row')} by {counted(len(columns), 'column')}"
    known = [
        (place.value.share, place)
        for place in places
        if place.value is not None and place.value.share is not None
    ]
    if not known:
        return f"{size}, without data."
    low, high = min(known, key=lambda pair: pair[0])[1], max(known, key=lambda pair: pair[0])[1]
    return f"{size}; least {_place_in_words(low)}; most {_place_in_words(high)}."


def _in_words(places: Sequence[_Place], rows: Sequence[str]) -> list[str]:
    gathered: dict[str, list[str]] = {name: [] for name in rows}
    for place in places:
        gathered[place.row].append(f"{place.column} {_said(place)}")
    return [f"{name}: {'; '.join(words)}." for name, words in gathered.items()]
