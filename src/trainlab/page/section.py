"""Sections of text, code, pictures and tables, for terminal, page and JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any, Final

from trainlab.draw import Cell, Picture, html_table, terminal_table
from trainlab.draw.svg import Html, escape
from trainlab.page.document import LINE, join_html, joined, side_by_side, tag, terms_html
from trainlab.page.sketch import Sketch
from trainlab.plain import pick, plain

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
        return plain(pick(self, "title headers rows"))


@dataclass(frozen=True, slots=True)
class Fact:
    """A label and what is said to it: a text, or a list of them; between backticks stands code.

    An answer that has to be short has the `brief` ones.
    """

    label: str
    said: str | tuple[str, ...]
    _: KW_ONLY
    brief: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """A part of a result; `name` is its id on a page: lower-case words joined by hyphens.

    `code`, if any, is shown as it is, after the text. Explanations have `pictures`, drawn already. Reports
    of the doctor have `sketches`, `facts` and `asides`, which are said last and muted, and a JSON of their
    own: `to_dict` has none of these.
    """

    name: str
    heading: str
    text: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    code: str = ""
    pictures: tuple[Picture, ...] = ()
    sketches: tuple[Sketch, ...] = ()
    tables: tuple[Table, ...] = ()
    asides: tuple[str, ...] = ()

    @property
    def brief(self) -> tuple[Fact, ...]:
        """The facts of an answer that has to be short."""
        return tuple(fact for fact in self.facts if fact.brief)

    def to_dict(self) -> dict[str, Any]:
        """Return the section ready for JSON: pictures as their text and data."""
        return plain(pick(self, "name heading text code pictures tables"))

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

    from trainlab.draw.terminal import Terminal

    out = StringIO()
    Terminal(file=out, width=WIDTH, color_system=None).print(shown)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def section_html(part: Section) -> Html:
    """Return what a section says and shows, without its heading; its facts stand beside a picture."""
    blocks = [tag("p", escape(words)) for words in part.text]
    blocks += [tag("pre", tag("code", escape(part.code)), tabindex="0")] if part.code else []
    pictures = (*part.pictures, *(sketch.drawn() for sketch in part.sketches))
    beside = [terms_html(fact_terms(part.facts))] if part.facts else []
    beside += [each._repr_html_() for each in pictures]  # pyright: ignore[reportPrivateUsage]
    # Beside each other where the page's style has room for two.
    blocks += [side_by_side(beside)] if len(beside) > 1 else beside
    for table in part.tables:
        blocks.append(html_table(table.headers, table.rows[: table.shown], caption=table.title))
        blocks += [tag("p", escape(table.more), class_="muted")] if table.more else []
    blocks += [tag("p", escape(words), class_="muted") for words in part.asides]
    return join_html(blocks, LINE)


def fact_terms(facts: Iterable[Fact]) -> list[tuple[str, list[Html]]]:
    """Return facts as terms with what explains them, for `terms_html`."""
    return [(fact.label.capitalize(), [said_html(fact)]) for fact in facts]


def said_html(fact: Fact) -> Html:
    """Return what is said to a label."""
    return inline_html(fact.said) if isinstance(fact.said, str) else list_html(fact.said)


def list_html(texts: Iterable[str]) -> Html:
    """Return a list of texts; what stands between backticks is code."""
    return tag("ul", *(tag("li", inline_html(text)) for text in texts))


def inline_html(text: str) -> Html:
    """Return text with what stands between backticks as code."""
    parts = text.split("`")
    return joined(
        *(tag("code", escape(part)) if place % 2 else escape(part) for place, part in enumerate(parts))
    )


def paragraphs(*words: str | Iterable[str]) -> tuple[str, ...]:
    """Return the texts that aren't empty, in order; lists of texts are taken apart."""
    flat = [word for each in words for word in ([each] if isinstance(each, str) else each)]
    return tuple(word for word in flat if word)
