"""Sections of text, code, pictures and tables, for terminal, page and JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from trainlab.draw import Cell, Picture, html_table, terminal_table
from trainlab.draw.svg import Html, escape
from trainlab.page.html import LINE, join_html, tag

if TYPE_CHECKING:
    from rich.console import RenderableType

WIDTH: Final = 80


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """Rows under headers; the first `shown` stand on a page and in the terminal, JSON has all."""

    title: str
    headers: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    shown: int = 20

    @property
    def more(self) -> str:
        """How many rows are not shown, in words; empty if all are."""
        left = len(self.rows) - self.shown
        return f"… and {left:,} more rows; the JSON has all." if left > 0 else ""

    def to_dict(self) -> dict[str, Any]:
        """Return title, headers and all rows, ready for JSON."""
        return {"title": self.title, "headers": list(self.headers), "rows": [list(row) for row in self.rows]}


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """A part of an explanation; `name` is its id on a page: lower-case words joined by hyphens.

    `code`, if any, is shown as it is, after the text.
    """

    name: str
    heading: str
    text: tuple[str, ...] = ()
    code: str = ""
    pictures: tuple[Picture, ...] = ()
    tables: tuple[Table, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the section ready for JSON: pictures as their text and data."""
        return {
            "name": self.name,
            "heading": self.heading,
            "text": list(self.text),
            "code": self.code,
            "pictures": [drawn.to_dict() for drawn in self.pictures],
            "tables": [table.to_dict() for table in self.tables],
        }

    def __str__(self) -> str:
        return printed(self)

    def __rich__(self) -> RenderableType:
        from rich.console import Group
        from rich.text import Text

        parts: list[RenderableType] = [Text(self.heading, style="bold underline"), *map(Text, self.text)]
        parts += [Text(self.code)] if self.code else []
        for table in self.tables:
            rows = table.rows[: table.shown]
            parts.append(terminal_table(table.headers, rows, title=table.title))
            parts += [Text(table.more)] if table.more else []
        if not self.tables:
            # Where no table holds the numbers, a picture says them in words.
            parts += [Text(drawn.text) for drawn in self.pictures]
        return Group(*parts, Text(""))


def printed(shown: RenderableType) -> str:
    """Return what rich prints of something, as plain text in 80 columns."""
    from io import StringIO

    from rich.console import Console

    out = StringIO()
    Console(file=out, width=WIDTH, color_system=None).print(shown)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def section_html(part: Section) -> Html:
    """Return text, code, pictures and tables of a section, without its heading."""
    blocks = [tag("p", escape(words)) for words in part.text]
    blocks += [tag("pre", tag("code", escape(part.code)), tabindex="0")] if part.code else []
    drawn = [each._repr_html_() for each in part.pictures]  # pyright: ignore[reportPrivateUsage]
    if len(drawn) > 1:
        # Beside each other where the page's style has room for two.
        drawn = [tag("div", *(tag("div", each) for each in drawn), class_="pair")]
    blocks += drawn
    for table in part.tables:
        blocks.append(html_table(table.headers, table.rows[: table.shown], caption=table.title))
        blocks += [tag("p", escape(table.more), class_="muted")] if table.more else []
    return join_html(blocks, LINE)


def paragraphs(*words: str | Iterable[str]) -> tuple[str, ...]:
    """Return the texts that aren't empty, in order; lists of texts are taken apart."""
    flat = [word for each in words for word in ([each] if isinstance(each, str) else each)]
    return tuple(word for word in flat if word)
