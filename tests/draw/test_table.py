from __future__ import annotations

from xml.etree import ElementTree

import pytest
from rich.console import Console

from trainlab.draw import Cell, html_table, terminal_table
from trainlab.errors import TrainlabError

HEADERS = ["Network", "Solved", "Rate", "Low"]
ROWS: list[list[Cell]] = [["Model 1", 963, "96 %", 1e-5], ["[red]Model[/red] 2\x1b[31m", None, "<1 %", 0.25]]


def _printed(width: int = 80) -> list[str]:
    console = Console(width=width, record=True, file=None, force_terminal=False, color_system=None)
    with console.capture() as capture:
        console.print(terminal_table(HEADERS, ROWS, title="[b]Rates"))
    return [line.rstrip() for line in capture.get().splitlines() if line.strip()]


def test_the_terminal_shows_text_as_it_is() -> None:
    printed = "\n".join(_printed())
    assert "[red]Model[/red] 2�[31m" in printed
    assert "[b]Rates" in printed
    assert "\x1b" not in printed


def test_numbers_stand_to_the_right_in_the_terminal() -> None:
    table = terminal_table(HEADERS, ROWS)
    assert [column.justify for column in table.columns] == ["left", "right", "right", "right"]
    turned = terminal_table(["a", "b"], [["x", 1]], align=["right", "left"])
    assert [column.justify for column in turned.columns] == ["right", "left"]
    first, second = _printed()[-2:]
    assert len(first) == len(second)


def test_html_is_escaped_and_says_what_heads_what() -> None:
    markup = html_table(["<b>", "n"], [['"&<i>', 1000], ["y", 2.5]], caption="<u>")
    root = ElementTree.fromstring(markup)
    assert root.find(".//caption") is not None
    assert [(th.get("scope"), th.text) for th in root.iter("th")] == [
        ("col", "<b>"),
        ("col", "n"),
        ("row", '"&<i>'),
        ("row", "y"),
    ]
    assert [td.text for td in root.iter("td")] == ["1,000", "2.5"]
    assert "tabular-nums" in markup


def test_html_aligns_numbers_right_and_words_left() -> None:
    root = ElementTree.fromstring(
        html_table(["name", "n", "words", "yes"], [["a", 1, "b", True], ["c", None, "", False]])
    )
    body = root.find(".//tbody")
    assert body is not None
    assert body.get("style") == "text-align:right"
    styles = [[cell.get("style") for cell in row] for row in body]
    assert styles == [["text-align:left;font-weight:400", None, "text-align:left", "text-align:left"]] * 2
    assert [td.text for td in root.iter("td")] == ["1", "b", "yes", "–", None, "no"]


@pytest.mark.parametrize(
    ("cell", "numeric"),
    [
        ("97 %", True),
        (">99", True),
        ("−2×10⁻⁵", True),
        ("1,000", True),
        ("2-11-1", False),
        ("12.3 (8 to 16)", False),
    ],
)
def test_figures_written_as_text_count_as_numbers(cell: str, numeric: bool) -> None:
    assert (terminal_table(["a"], [[cell]]).columns[0].justify == "right") == numeric


def test_empty_tables_are_tables() -> None:
    assert "<tbody" in html_table(["a"], [])
    assert terminal_table(["a"], []).row_count == 0


def test_errors_name_the_row() -> None:
    with pytest.raises(TrainlabError, match="rows: row 1 has 1 cells, but there are 2 headers"):
        html_table(["a", "b"], [[1, 2], [1]])
    with pytest.raises(TrainlabError, match="align: 1 sides for 2 headers"):
        terminal_table(["a", "b"], [], align=["left"])
