"""The words of a page: a line a block, without markup, styles and the coordinates of pictures."""

from __future__ import annotations

import re
from html.parser import HTMLParser

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
MOST_ROWS = 8
"""Of a table that are kept; of a longer one its head, its first rows and its last."""
OF_A_PICTURE = ("title", "desc", "text")
"""Elements of an SVG that have words; of its labels those with letters are kept."""


def page_words(page: str) -> list[str]:
    """Return the lines of a page; ``{#id}`` is the anchor of a block, ``(#id)`` where a link leads to."""
    return _Words(page).lines


class _Words(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._line, self._mark, self._anchor = "", "", ""
        self._unseen = self._svg = 0
        self._label: str | None = None
        self._pre = False
        self._rows: list[str] = []
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
            if tag == "table":
                self._end_table()

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
            if self._mark == BLOCKS["tr"]:
                self._rows.append(line)
            else:
                self.lines += line.splitlines()
            self._anchor = ""
        self._line, self._mark = "", ""

    def _end_table(self) -> None:
        rows, self._rows = self._rows, []
        if len(rows) > MOST_ROWS + 1:
            rows = [*rows[:MOST_ROWS], f"| … {len(rows)} rows in all …", rows[-1]]
        self.lines += rows
