"""The words of a page: a line a block, without markup, styles and the coordinates of pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import groupby
from operator import itemgetter

UNSEEN = ("style", "script", "title")
BLOCKS = {
    "h1": "# ",
    "h2": "## ",
    "h3": "### ",
    "h4": "#### ",
    "p": "",
    "li": "- ",
    "dt": "term: ",
    "dd": "  ",
    "tr": "| ",
    "caption": "table: ",
    "summary": "fold: ",
    "figcaption": "caption: ",
    "pre": "",
    "div": "",
    "section": "",
    "article": "",
    "figure": "",
    "nav": "",
    "header": "",
    "table": "",
    "thead": "",
    "tbody": "",
    "details": "",
    "svg": "picture: ",
    "main": "",
    "ul": "",
    "ol": "",
    "dl": "",
}
"""Elements that begin a line, and what it begins with."""
SAID = "fold: In words and numbers"
"""What begins the numbers of a picture: sentences, then a table."""
MOST_ROWS, MOST_OF_A_PICTURE = 12, 2
"""Rows of a table that are kept, and sentences and rows of a picture: the first, and one more, the last."""
DATA = re.compile(r" +\[[-\d., e]+\],?")
"""A row of numbers in code: the first and the last of several are kept."""
OF_A_PICTURE = ("title", "desc", "text")
"""Elements of an SVG that have words; of its labels those with letters are kept."""


def page_words(page: str) -> list[str]:
    """Return the lines of a page; ``{#id}`` is the anchor of a block, ``(#id)`` where a link leads to."""
    kept: list[str] = []
    most = MOST_ROWS
    for kind, run in groupby(_with_kinds(_Words(page).lines), key=itemgetter(0)):
        lines = [line for _, line in run]
        if kind == "said":
            most = MOST_OF_A_PICTURE
        shown = most + (kind == "rows")  # with the head of the table
        if kind and len(lines) > shown + 1:
            lines = [*lines[:shown], f"… {len(lines)} in all …", lines[-1]]
        kept += lines
        if kind == "rows":
            most = MOST_ROWS
    return kept


def _with_kinds(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Yield each line with what it is one of many of: ``rows`` of a table, what is ``said`` of a picture."""
    kind = ""
    for line in lines:
        if line.startswith(BLOCKS["tr"]):
            kind = "rows"
        elif kind != "said" or line.startswith(BLOCKS["caption"]):
            kind = ""
        yield kind, line
        if line == SAID:
            kind = "said"


class _Words(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._line, self._mark, self._anchor = "", "", ""
        self._unseen = self._svg = 0
        self._label: str | None = None
        self._pre = False
        self.feed(page)
        self.close()
        self._end()

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "svg":
            self._begin(tag, "")
            self._svg += 1
        elif self._svg:
            if tag in OF_A_PICTURE:
                self._label = ""
        elif tag in UNSEEN:
            self._unseen += 1
        elif tag in BLOCKS:
            self._begin(tag, given.get("id") or "")
            self._pre = tag == "pre"
        elif tag in ("td", "th"):
            self._line += " | " if self._line else ""
        elif tag == "br":
            self._line += " / "
        elif given.get("id"):
            self._line += f"{{#{given['id']}}} "
        if tag == "a" and (given.get("href") or "").startswith("#"):
            self._line += f"({given['href']}) "

    def handle_endtag(self, tag):
        if tag == "svg":
            self._svg -= 1
            self._end()
        elif self._svg:
            if tag in OF_A_PICTURE and self._label is not None:
                words = " ".join(self._label.split())
                if re.search(r"[^\W\d_]{2}", words):
                    self._line += f" · {words}" if self._line else words
                self._label = None
        elif tag in UNSEEN:
            self._unseen -= 1
        elif tag in BLOCKS:
            self._end()
            self._pre = False

    def handle_data(self, data):
        if self._svg:
            if self._label is not None:
                self._label += data
        elif not self._unseen:
            self._line += data

    def _begin(self, tag: str, anchor: str) -> None:
        self._end()
        self._mark = BLOCKS[tag]
        if anchor:
            self._anchor += f"{{#{anchor}}} "

    def _end(self) -> None:
        words = self._line.strip("\n") if self._pre else " ".join(self._line.split())
        if words.strip() or self._anchor:
            line = f"{self._mark}{self._anchor}{words}".rstrip()
            self.lines += _without_data(line.splitlines())
            self._anchor = ""
        self._line, self._mark = "", ""


def _without_data(lines: list[str]) -> list[str]:
    kept: list[str] = []
    for place, line in enumerate(lines):
        around = lines[max(place - 1, 0) : place + 2]
        if len(around) < 3 or not all(map(DATA.fullmatch, around)):
            kept.append(line)
    return kept
