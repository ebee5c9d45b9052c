"""The plane of a map as a table: a trained point's share solved leads to its runs."""

from __future__ import annotations

from collections.abc import Mapping

from trainlab.draw import format_number, format_percent
from trainlab.draw.svg import Html
from trainlab.page.document import paragraph
from trainlab.page.html import joined
from trainlab.studies.maps.axis import axis_words
from trainlab.studies.maps.question import Question
from trainlab.studies.maps.refine import Point
from trainlab.web.pages.linked_table import Link, linked_table


def plane_table(asked: Question, solved: Mapping[Point, int], address: str) -> Html:
    """Return the rows and columns that have trained points, the highest y first, as in the picture."""
    columns = sorted({column for _, column in solved})
    rows = sorted({row for row, _ in solved}, reverse=True)
    width = asked.shape[1]

    def cell(row: int, column: int) -> Link | str:
        count = solved.get((row, column))
        if count is None:
            return ""
        return Link(format_percent(count, asked.seeds), f"{address}/cells/{row * width + column}")

    words = (
        f"Percent of {asked.seeds:,} seeds solved; {axis_words(asked.x)} across, {axis_words(asked.y)} up. "
        "A number leads to the runs of its point; where none stands, nothing was trained."
    )
    table = linked_table(
        [asked.y.field, *(format_number(asked.x.values[column]) for column in columns)],
        [[format_number(asked.y.values[row]), *(cell(row, column) for column in columns)] for row in rows],
    )
    return joined(paragraph(words), table)
