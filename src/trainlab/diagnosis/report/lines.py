"""Lines for the terminal with their styles: fields set off from their labels, items of a list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trainlab.draw import TERMINAL, wrapped
from trainlab.errors import printable
from trainlab.page.section import Fact
from trainlab.page.sketch import Sketch
from trainlab.page.text_picture import MOST_ROWS

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 80
Lines = list[tuple[str, str]]
"""Each line's text and style: a role of the palette, ``bold`` or nothing."""
EMPTY: Lines = [("", "")]


def paragraph(text: str, width: int, style: str = "") -> Lines:
    """Return a paragraph."""
    return [(line, style) for line in wrapped(text, width)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Fields:
    """Fields of `width`: texts set off from their labels, for which there is `room`, after an `indent`."""

    width: int
    room: int
    indent: str = ""

    def field(self, label: str, text: str, style: str = "") -> Lines:
        """Return a text set off from its label."""
        first, rest = f"{self.indent}{label.ljust(self.room)}", f"{self.indent}{' ' * self.room}"
        return [(line, style) for line in wrapped(text, self.width, first=first, rest=rest)]

    def facts(self, facts: Iterable[Fact], *, most: int | None = None) -> Lines:
        """Return facts; of one with several texts the first `most`, only the first with the label."""
        return [
            line
            for fact in facts
            for place, text in enumerate([fact.said] if isinstance(fact.said, str) else fact.said[:most])
            for line in self.field("" if place else fact.label, text)
        ]

    def sketch(self, label: str, sketch: Sketch, *, most: int = MOST_ROWS) -> Lines:
        """Return a picture set off from its label."""
        drawn = sketch.lines(width=self.width, label=f"{self.indent}{label.ljust(self.room)}", most=most)
        return [(line, "") for line in drawn]


def items(texts: Iterable[str], width: int) -> Lines:
    """Return the items of a list."""
    return [(line, "") for text in texts for line in wrapped(text, width, first="- ", rest="  ")]


def print_lines(lines: Iterable[tuple[str, str]], console: Console) -> None:
    """Print the lines in their styles; nothing is told by colour alone."""
    from rich.text import Text

    for text, style in lines:
        console.print(Text(_harmless(text), style=TERMINAL.get(style, style)), soft_wrap=True)


def lines_text(lines: Iterable[tuple[str, str]]) -> str:
    """Return the lines as plain text, without a last line break."""
    return "\n".join(_harmless(text) for text, _ in lines)


def _harmless(text: str) -> str:
    """Return text that can't command a terminal; a script's words may have control characters."""
    return printable(text.expandtabs(), lines=True)
