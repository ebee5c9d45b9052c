"""The shape of every explanation: an answer, sections of text, tables and pictures, and the numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from trainlab.draw import JSON_FORMAT, Picture, counted, html_table, json_text, terminal_table
from trainlab.draw.svg import Html, escape
from trainlab.page.document import joined, style_sheet, tag
from trainlab.page.section import Section, Table, printed, section_html
from trainlab.plain import Plain, pick
from trainlab.stats import Verdict

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

MOST_LINES: Final = 20
"""Of the table of a short answer, so that it stands on a screen with its sentence and what comes after."""

TITLES: Final = {
    "neuron": "What is a neuron?",
    "learning-rate": "What is the learning rate for?",
    "init": "How are weights initialised?",
    "loss": "What is a loss?",
    "chain-rule": "What is the chain rule?",
}
"""The five questions, by the names by which they are asked for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ShortAnswer(Plain):
    """What is said first: a sentence with its number, the table that shows it, and what it was shown on."""

    sentence: str
    shown_on: str = ""
    table: Table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.text import Text

        yield Text(self.sentence, style="bold")
        yield Text("")
        count = min(len(self.table.rows), self.table.shown)
        table = self._table(count)
        while count > 1 and len(console.render_lines(table, options)) > MOST_LINES:
            count -= 1
            table = self._table(count)
        yield table
        left = len(self.table.rows) - count
        if left:
            yield Text(f"… and {left:,} more rows.")
        if self.shown_on:
            yield Text(self.shown_on)

    def _table(self, count: int) -> RenderableType:
        return terminal_table(self.table.headers, self.table.rows[:count], title=self.table.title)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Explanation:
    """What every function of trainlab.explain returns. It prints, plots and serialises itself.

    Printed it is the short `answer`; each of `sections` prints itself as well, and a notebook has them all.
    `question` is the name by which it is asked for, `subject` what it was asked of, `verdict` the answer in a
    few sentences, with numbers; `numbers` holds everything computed, as plain data. Where only some parts
    were asked for, there are their `sections` and `numbers` alone: `answer` is None, and `verdict` empty.
    """

    question: str
    verdict: str
    answer: ShortAnswer | None
    sections: tuple[Section, ...]
    numbers: dict[str, Any]
    subject: str = ""

    @property
    def title(self) -> str:
        """The question as a reader would ask it."""
        return TITLES[self.question]

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """The answer, as every result has it: one verdict, which judges no single statement."""
        if not self.verdict:
            return ()
        return (Verdict(topic=self.question, sentence=self.verdict),)

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """All pictures, in order."""
        return tuple(drawn for part in self.sections for drawn in part.pictures)

    def section(self, name: str) -> Section:
        """Return one section by its name; KeyError if none has it."""
        for part in self.sections:
            if part.name == name:
                return part
        raise KeyError(f"no section is called {name!r}")

    def to_dict(self) -> dict[str, Any]:
        """Return the explanation as plain data; the format is documented in docs/json.md."""
        names = "question title subject verdict answer numbers sections"
        return {"format": JSON_FORMAT} | pick(self, names)

    def to_json(self) -> str:
        """Return `to_dict` as text; a number that isn't finite is null."""
        return json_text(self.to_dict())

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.title!r}: {counted(len(self.sections), 'section')}>"

    def __str__(self) -> str:
        return printed(self)

    def __rich__(self) -> RenderableType:
        from rich.console import Group
        from rich.text import Text

        if self.answer is None:
            return Group(Text(self.title, style="bold"), *self.sections)
        names = ", ".join(part.name for part in self.sections)
        rest = f"Sections, for print(result.section(NAME)): {names}."
        return Group(Text(self.title, style="bold"), self.answer, Text(rest))

    def _repr_html_(self) -> Html:
        parts = [
            tag("details", tag("summary", escape(part.heading)), section_html(part)) for part in self.sections
        ]
        head = joined(style_sheet(), tag("h3", escape(self.title)))
        if self.answer is None:
            return joined(head, *parts)
        table = self.answer.table
        sentence = tag("p", tag("strong", escape(self.answer.sentence)))
        shown = html_table(table.headers, table.rows[: table.shown], caption=table.title)
        on = tag("p", escape(self.answer.shown_on), class_="muted")
        return joined(head, sentence, shown, on, *parts)
