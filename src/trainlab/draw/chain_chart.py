"""Boxes in sequence, over several lines: the way from an input to a loss, or layers as declared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from .formats import counted
from .marks import rule
from .picture import Picture, compose
from .svg import SIZE, SMALL, WIDTH, element, fit, group, paint, text, text_width, tooltip

_BOX: Final = 42.0
_GAP: Final = 24.0
_MOST: Final = 240.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """A box: its name, a remark, and whether something is wrong there."""

    label: str
    note: str = ""
    wrong: bool = False


def chain(links: Sequence[Link], *, title: str, arrows: bool = True) -> Picture:
    """Draw the boxes from left to right, line after line; wrong ones have a dashed double edge and a ✗.

    `arrows` says that each leads to the next.
    """
    drawn: list[str] = []
    x, y = 8.0, 4.0
    for place, link in enumerate(links):
        width = _width(link)
        if x > 8 and x + width > WIDTH - 8:
            x, y = 8.0, y + _BOX + 16
        drawn.append(_box(link, x, y, width))
        if arrows and place < len(links) - 1:
            drawn.append(_arrow(x + width + 3, y + _BOX / 2))
        x += width + _GAP
    wrong = [link.label for link in links if link.wrong]
    return compose(
        "".join(drawn),
        height=y + _BOX + 8,
        title=title,
        summary=f"{counted(len(links), 'box')[:-1]}es" if len(links) != 1 else "1 box",
        details=[
            f"{link.label}{f' ({link.note})' if link.note else ''}{': wrong' if link.wrong else ''}."
            for link in links
        ],
        notes=[f"✗ marks where it goes wrong: {', '.join(wrong)}."] if wrong else [],
        headers=["Box", "Note", "Wrong"],
        rows=[[link.label, link.note, link.wrong] for link in links],
    )


def _width(link: Link) -> float:
    words = max(text_width(_name(link)) * 1.08, text_width(link.note, SMALL))
    return min(max(words + 18, 56.0), _MOST)


def _name(link: Link) -> str:
    return f"✗ {link.label}" if link.wrong else link.label


def _box(link: Link, x: float, y: float, width: float) -> str:
    role = "bad" if link.wrong else "muted"
    dashed: dict[str, str | float] = {"stroke_dasharray": "5 3"} if link.wrong else {}
    frame = element(
        "rect",
        x=x,
        y=y,
        width=width,
        height=_BOX,
        rx=6.0,
        stroke_width=2.4 if link.wrong else 1.2,
        **dashed,
        **paint(fill="bg", stroke=role),
    )
    middle = x + width / 2
    shown = [
        text(
            middle,
            y + (18 if link.note else 26),
            fit(_name(link), width - 8),
            anchor="middle",
            bold=link.wrong,
        ),
        text(middle, y + 33, fit(link.note, width - 8, SMALL), anchor="middle", size=SMALL, role="muted")
        if link.note
        else "",
    ]
    return group([tooltip(f"{link.label} {link.note}".strip()), frame, *shown], font_size=SIZE)


def _arrow(x: float, y: float) -> str:
    end = x + _GAP - 8
    head = element(
        "path",
        d=f"M{end - 5:.1f} {y - 4:.1f}L{end:.1f} {y:.1f}L{end - 5:.1f} {y + 4:.1f}",
        stroke_width=1.4,
        **paint(fill="none", stroke="muted"),
    )
    return rule(x, y, end, y, width=1.4) + head
