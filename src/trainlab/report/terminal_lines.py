"""Lines for the terminal: how they are printed, and how many an answer may have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal

from trainlab.draw import TERMINAL, wrapped

if TYPE_CHECKING:
    from rich.console import Console

LINES = 30
"""A command's answer has so many lines of 80 characters at most."""


def print_lines(lines: Iterable[str], *, console: Console, style: Literal["", "bold", "muted"] = "") -> None:
    """Print lines as they are: rich's markup in them does nothing."""
    from rich.text import Text

    for line in lines:
        console.print(Text(line, style=TERMINAL["muted"] if style == "muted" else style))


def labelled(pairs: Sequence[tuple[str, str]], width: int, *, most: int = LINES) -> list[str]:
    """Return lines that begin with a word, set off from what they say; the longest are cut: `most` in all.

    The words stand in a third of the width at most; a longer one has a line of its own.
    """
    if not pairs:
        return []
    room = min(max(len(word) for word, _ in pairs) + 3, max(width // 3, 3))
    blocks = [wrapped(words, width, first=f" {word}".ljust(room), rest=" " * room) for word, words in pairs]
    while sum(map(len, blocks)) > max(most, len(blocks)):
        longest = max(blocks, key=len)
        del longest[-1]
        cut = longest[-1].rpartition("; ")[0] or longest[-1].rpartition(" ")[0]
        longest[-1] = f"{cut} …"
    return [line for block in blocks for line in block]
