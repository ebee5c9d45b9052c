"""Lines for the terminal with their styles: fields set off from their labels, items of a list."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from trainlab.draw import TERMINAL, wrapped
from trainlab.draw.svg import clean

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 80
Lines = list[tuple[str, str]]
"""Each line's text and style: a role of the palette, ``bold`` or nothing."""
EMPTY: Lines = [("", "")]


def paragraph(text: str, width: int, style: str = "") -> Lines:
    """Return a paragraph."""
    return [(line, style) for line in wrapped(text, width)]


def field(label: str, text: str, width: int, *, room: int, indent: str = "", style: str = "") -> Lines:
    """Return a text set off from its label, for which there is `room`."""
    lines = wrapped(text, width, first=f"{indent}{label.ljust(room)}", rest=f"{indent}{' ' * room}")
    return [(line, style) for line in lines]


def item(text: str, width: int) -> Lines:
    """Return an item of a list."""
    return [(line, "") for line in wrapped(text, width, first="- ", rest="  ")]


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
    return clean(text.expandtabs())
