"""Rows cut into parts: what each batch is made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from trainlab.errors import TrainlabError

from .formats import counted
from .frame import legend
from .labelled_rows import label_text, label_width
from .marks import cell
from .palette import series_role
from .picture import Picture, compose
from .svg import SMALL, WIDTH, group, text, tooltip

_ROW: Final = 17.0
_BAR: Final = 14.0


def strips(
    rows: Sequence[tuple[str, Sequence[int]]], parts: Sequence[str], *, title: str, unit: str = "rows"
) -> Picture:
    """Draw a strip for each row, as long as its parts' counts; the parts are numbered as well as coloured.

    Raises:
        TrainlabError: if a row doesn't have a count for each part.
    """
    for name, counts in rows:
        if len(counts) != len(parts):
            raise TrainlabError(f"{name}: {len(counts)} counts for {len(parts)} parts; give one for each.")
    left = 18 + label_width([name for name, _ in rows], 130, SMALL)
    longest = max((sum(counts) for _, counts in rows), default=1) or 1
    scale = (WIDTH - 12 - left) / longest
    drawn = [
        _strip(name, counts, parts, left, scale, 4 + _ROW * place)
        for place, (name, counts) in enumerate(rows)
    ]
    bottom = 8 + _ROW * len(rows)
    entries = [(_swatch(place), f"{place + 1}: {part}") for place, part in enumerate(parts)]
    key, taken = legend(entries, y=bottom)
    return compose(
        "".join(drawn) + key,
        height=bottom + taken + 4,
        title=title,
        summary=f"{counted(len(rows), 'strip')} of {counted(len(parts), 'part')}.",
        details=[f"{name}: {_in_words(counts, parts)}." for name, counts in rows],
        notes=[],
        headers=["Row", *(f"{part} ({unit})" for part in parts)],
        rows=[[name, *counts] for name, counts in rows],
    )


def _strip(
    name: str, counts: Sequence[int], parts: Sequence[str], left: float, scale: float, y: float
) -> str:
    drawn = [label_text(8, y + 11, name, width=left - 14, size=SMALL)]
    x = left
    for place, count in enumerate(counts):
        width = count * scale
        if count:
            drawn.append(
                cell(
                    x,
                    y,
                    max(width - 1, 0.6),
                    _BAR,
                    role=series_role(place),
                    words=f"{name}: {count} {parts[place]}",
                )
            )
            if width >= 13:
                drawn.append(
                    text(
                        x + width / 2,
                        y + 11,
                        str(place + 1),
                        anchor="middle",
                        size=SMALL,
                        role="bg",
                        bold=True,
                    )
                )
        x += width
    return group([tooltip(f"{name}: {_in_words(counts, parts)}"), *drawn])


def _swatch(place: int) -> str:
    return cell(3, -6, 16, 12, role=series_role(place)) + text(
        11, 4, str(place + 1), anchor="middle", size=SMALL, role="bg", bold=True
    )


def _in_words(counts: Sequence[int], parts: Sequence[str]) -> str:
    return ", ".join(f"{count} {part}" for count, part in zip(counts, parts, strict=True) if count) or "empty"
