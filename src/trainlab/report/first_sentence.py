"""The first sentence of an answer, which pages show large, and the rest under it."""

from __future__ import annotations

from collections.abc import Sequence

from trainlab.draw import unbroken
from trainlab.draw.svg import Html
from trainlab.page.document import paragraph
from trainlab.page.html import NOTHING, joined

_MASK = "\0"


def first_sentence(words: str, names: Sequence[str] = ()) -> tuple[str, str]:
    """Split off the first sentence; a full stop in a number or in one of the `names` doesn't end it.

    Names are what users call things: networks, changes, classes, columns.
    """
    masked = words
    for name in sorted(set(names), key=len, reverse=True):
        masked = masked.replace(name, name.replace(". ", _MASK))
        if name.endswith("."):
            masked = masked.replace(f"{name} ", f"{name[:-1]}{_MASK}")
    first, end, _ = masked.partition(". ")
    length = len(first.replace(_MASK, ". ")) + 1
    return (words[:length], words[length + 1 :]) if end else (words, "")


def verdict_html(first: str, rest: str) -> Html:
    """Return the sentence that answers the question, large, and the rest under it."""
    return joined(paragraph(unbroken(first), kind="question"), paragraph(unbroken(rest)) if rest else NOTHING)
