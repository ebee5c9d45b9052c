"""A picture: its SVG, its content in words, and the numbers behind it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2s
from typing import Final, TypedDict

from trainlab.draw.svg import SIZE, SMALL, WIDTH, Html, element, escape, group, paint, text, wrap
from trainlab.draw.table import Cell, html_table

_FONT: Final = "system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif"
_EDGE: Final = 8.0
_ROWS_SHOWN: Final = 200


class Data(TypedDict):
    """The numbers behind a picture as a tidy table; not-finite numbers are ``None``, so that it is JSON."""

    headers: list[str]
    rows: list[list[Cell]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """What every chart returns. It prints as its text and displays itself in a notebook."""

    title: str
    svg: Html = field(repr=False)
    text: str
    data: Data = field(repr=False)

    def __str__(self) -> str:
        return self.text

    def to_dict(self) -> dict[str, object]:
        """Return title, text and data, ready for JSON. The SVG isn't in it: it is drawn from the data."""
        return {"title": self.title, "text": self.text, "data": self.data}

    def _repr_html_(self) -> Html:
        paragraphs = "".join(f"<p>{escape(line)}</p>" for line in self.text.splitlines()[1:])
        rows = self.data["rows"]
        few = len(rows) <= _ROWS_SHOWN
        table = (
            html_table(self.data["headers"], rows, caption=self.title)
            if few
            else f"<p>Its {len(rows):,} numbers are in the JSON.</p>"
        )
        return Html(
            f'<figure class="tl-figure"><div class="tl-drawing">{self.svg}</div>'
            f"<details><summary>In words{' and numbers' if few else ''}</summary>"
            f"{paragraphs}{table}</details></figure>"
        )


def compose(
    body: str,
    *,
    height: float,
    title: str,
    summary: str,
    details: Sequence[str] = (),
    notes: Sequence[str] = (),
    headers: Sequence[str],
    rows: Sequence[Sequence[Cell]],
) -> Picture:
    """Put the title above `body` and the notes below it, and return the finished picture.

    `body` is SVG drawn from (0, 0) to (WIDTH, height). `summary` is one or two sentences, read out by screen
    readers; `details` are further lines of the text equivalent. The ids come from the content, so the same
    picture is the same bytes.
    """
    # Bold letters are about a tenth wider.
    head = wrap(title, (WIDTH - 2 * _EDGE) / 1.12, SIZE + 1.5, lines=3)
    top = 18.0 * len(head) + 6
    foot = [line for note in notes for line in wrap(note, WIDTH - 2 * _EDGE, SMALL)]
    total = top + height + 14.0 * len(foot) + 6
    words = "\n".join([title, " ".join([summary, *notes]), *details])
    name = (
        "tl-"
        + blake2s("\0".join([title, summary, body]).encode("utf-8", "replace"), digest_size=5).hexdigest()
    )
    marks = [
        element("rect", width=WIDTH, height=total, **paint(fill="bg")),
        *(text(_EDGE, 16 + 18.0 * i, line, size=SIZE + 1.5, bold=True) for i, line in enumerate(head)),
        group([body], transform=f"translate(0 {top:g})"),
        *(
            text(_EDGE, top + height + 12 + 14.0 * i, line, size=SMALL, role="muted")
            for i, line in enumerate(foot)
        ),
    ]
    svg = element(
        "svg",
        element("title", escape(title), id=f"{name}-t"),
        element("desc", escape(" ".join([summary, *notes])), id=f"{name}-d"),
        group(marks, **paint(fill="text")),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH:g} {math.ceil(total)}",
        role="img",
        aria_labelledby=f"{name}-t {name}-d",
        font_family=_FONT,
        font_size=SIZE,
        style="display:block;width:100%;max-width:540px;height:auto;font-variant-numeric:tabular-nums",
    )
    return Picture(
        title=title,
        svg=svg,
        text=words,
        data={"headers": list(headers), "rows": [[_json(cell) for cell in row] for row in rows]},
    )


def _json(cell: Cell) -> Cell:
    return None if isinstance(cell, float) and not math.isfinite(cell) else cell
