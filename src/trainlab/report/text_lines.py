"""Text for the terminal as lines that break between words, and how many of them an answer may have."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from trainlab.report.words import unbroken

LINES = 30
"""A command's answer has so many lines of 80 characters at most."""


def wrapped(words: str, width: int, *, indent: int = 0) -> list[str]:
    """Return text as lines of `width`, the later ones indented: broken at spaces, but never before a %."""
    # rich breaks at spaces that mustn't break; textwrap doesn't.
    lines = textwrap.wrap(
        unbroken(words), max(width, 20), subsequent_indent=" " * indent, break_on_hyphens=False
    )
    return [line.replace("\u00a0", " ") for line in lines]


def labelled(pairs: Sequence[tuple[str, str]], width: int, *, most: int = LINES) -> list[str]:
    """Return lines that begin with a word, set off from what they say; the longest are cut: `most` in all."""
    if not pairs:
        return []
    room = max(len(word) for word, _ in pairs) + 3
    blocks = [wrapped(f"\u00a0{word:\u00a0<{room - 1}}{words}", width, indent=room) for word, words in pairs]
    while sum(map(len, blocks)) > max(most, len(blocks)):
        longest = max(blocks, key=len)
        del longest[-1]
        cut = longest[-1].rpartition("; ")[0] or longest[-1].rpartition(" ")[0]
        longest[-1] = f"{cut} …"
    return [line for block in blocks for line in block]
