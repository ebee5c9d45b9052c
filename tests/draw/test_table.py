"""Tables in HTML and in terminals that are narrow, and as data frames."""

from __future__ import annotations

import io
import json
import sys
from io import StringIO
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from rich.console import Console
from rich.table import Table
from rich.text import Text

from trainlab.cli.output import write_text
from trainlab.draw import Cell, check_table, data_frame, html_table, terminal_table, wrapped
from trainlab.draw.formats import fold
from trainlab.draw.terminal import Terminal, parts_of, widths_of
from trainlab.errors import MissingPackageError, TrainlabError, pip_install, printable
from trainlab.plain import json_text

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


# Tables at any width: every word whole, columns folded or below each other, and no line too long.


FITTED_HEADERS = [
    "Network",
    "Layer",
    "mean of activations",
    "reset_parameters_everywhere",
    "Share",
    "Interval",
]
FITTED_ROWS = [
    ["as the experiment", str(layer), "−7.39×10⁻⁴", "cosine_annealing_warm_restarts", "95 %", "3.0 to 8.1 %"]
    for layer in range(1, 4)
]


def printed(
    width: int, headers: list[str] = FITTED_HEADERS, rows: list[list[str]] = FITTED_ROWS
) -> list[str]:
    out = StringIO()
    Console(file=out, width=width).print(terminal_table(headers, rows, title="What happens, layer by layer"))
    return [line.rstrip() for line in out.getvalue().splitlines()]


@pytest.mark.parametrize("width", [45, 60, 80, 100, 160])
def test_no_word_is_broken_and_no_line_too_long(width: int) -> None:
    lines = printed(width)
    assert max(map(len, lines)) <= width
    words = set(" ".join(lines).split())
    assert {
        word for line in [FITTED_HEADERS, *FITTED_ROWS] for cell in line for word in cell.split()
    } <= words
    assert "…" not in words


def test_with_room_each_row_is_a_line() -> None:
    assert len([line for line in printed(160) if "as the experiment" in line]) == 3


def test_columns_without_room_go_below_with_those_that_tell_rows_apart() -> None:
    assert parts_of([FITTED_HEADERS, *FITTED_ROWS], 160) == [[0, 1, 2, 3, 4, 5]]
    assert parts_of([FITTED_HEADERS, *FITTED_ROWS], 60) == [[0, 1, 2], [0, 1, 3], [0, 1, 4, 5]]
    assert sum("Layer" in line for line in printed(60)) == 3


def test_the_column_that_costs_the_fewest_lines_is_folded() -> None:
    lines = [["Name", "Words"], ["one two three four", "a"], ["b", "c d"], ["e", "f g"], ["h", "i j"]]
    assert widths_of(lines, 30) == [18, 5]
    assert widths_of(lines, 20) == [10, 5]


def test_a_number_and_its_percent_sign_stay_together() -> None:
    lines = printed(14, ["Share"], [["up to 95 % of all"]])
    assert any("95 %" in line for line in lines)
    assert wrapped("up to 95 % of", 8) == ["up to", "95 % of"]


def test_folding_keeps_what_is_longer_than_a_line() -> None:
    assert fold("a very_long_name b", 6) == "a\nvery_long_name\nb"
    assert fold("one two\nthree", 7) == "one two\nthree"
    assert fold("", 4) == ""
    assert wrapped("a very_long_name b", 6, first="- ", rest="  ") == ["- a", "  very_long_name", "  b"]


def test_wide_characters_count_twice() -> None:
    lines = printed(20, ["名前", "n"], [["学習率 学習率 学習率", "1"]])
    assert all(word in " ".join(lines) for word in ("学習率", "名前"))
    assert sum("学習率" in line for line in lines) == 2


# What is printed: text of files and exceptions can't steer a terminal.


HOSTILE = "a\x1b[2J\x1b]8;;http://x\x07b\x9b31mc\u202ed\u2066e\r\x08f\x7fg"
STEERING = set(map(chr, [*range(9), *range(11, 32), *range(127, 160)])) | set("\u202e\u2066\u200f\u061c")


def test_what_steers_is_replaced_and_the_rest_stays():
    assert printable(HOSTILE) == "a�[2J�]8;;http://x�b�31mc�d�e��f�g"
    assert printable("naïve\n\tΣ 😀 אבג") == "naïve��Σ 😀 אבג"
    assert printable("naïve\n\tΣ 😀 אבג", lines=True) == "naïve\n\tΣ 😀 אבג"
    assert printable("\ud800\r\n", lines=True) == "\\ud800�\n"


@pytest.mark.parametrize("colours", [None, "truecolor"])
def test_a_terminal_prints_text_and_its_own_styles_only(colours: str | None):
    out = io.StringIO()
    terminal = Terminal(file=out, width=60, color_system=colours, force_terminal=colours is not None)  # pyright: ignore
    table = Table(title=HOSTILE)
    table.add_column(HOSTILE)
    table.add_row(Text(HOSTILE, style="bold"))
    terminal.print(table, Text(HOSTILE), HOSTILE, markup=False)
    text = out.getvalue()
    assert text.count("�") >= 4 * 6  # rich itself drops some
    if colours:
        assert "\x1b[1m" in text
        text = (
            text.replace("\x1b[0m", "")
            .replace("\x1b[1m", "")
            .replace("\x1b[3m", "")
            .replace("\x1b[1;", "\x1b[")
        )
    assert not STEERING - {"\x1b"} & set(text)
    assert colours or "\x1b" not in text
    assert "\x1b[2J" not in text
    assert "\x1b]8" not in text


def test_json_on_the_terminal_says_the_same_in_escapes(capsys: pytest.CaptureFixture[str]):
    data = {HOSTILE: [HOSTILE]}
    write_text("--json", "-", json_text(data))
    out = capsys.readouterr().out
    assert json.loads(out) == data
    assert not STEERING & set(out)


def test_bytes_that_are_no_text_are_escaped_in_json_for_every_reader():
    text = json_text({"caf\udce9": ["caf\udce9", "😀"]})
    assert json.loads(text.encode()) == {r"caf\udce9": [r"caf\udce9", "😀"]}


def test_a_reader_that_is_gone_is_no_exit_of_richs():
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        Terminal(file=Gone()).print("text")


# Data frames of pandas or polars: which is taken, what is missing, and what is said without either.


COLUMNS: dict[str, Any] = {
    "name": ["a", "b"],
    "made": np.array([True, False]),
    "k": [3, None],
    "loss": np.array([0.5, np.nan]),
}


def test_pandas_is_taken_first():
    frame = data_frame(COLUMNS, None)
    assert type(frame).__module__.startswith("pandas")
    assert list(frame.columns) == ["name", "made", "k", "loss"]
    assert frame["made"].dtype == bool
    assert frame.loc[frame.made, "name"].tolist() == ["a"]
    assert frame["k"].isna().tolist() == frame["loss"].isna().tolist() == [False, True]


@pytest.mark.parametrize("library", ["polars", None])
def test_polars_is_taken_where_it_is_asked_for_or_alone(library: str | None, monkeypatch: pytest.MonkeyPatch):
    if library is None:
        monkeypatch.setitem(sys.modules, "pandas", None)
    frame = data_frame(COLUMNS, library)
    assert type(frame).__module__.startswith("polars")
    assert frame.columns == ["name", "made", "k", "loss"]
    assert frame.null_count().row(0) == (0, 0, 1, 1)


def test_without_either_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingPackageError) as raised:
        data_frame(COLUMNS, "pandas")
    assert str(raised.value) == (
        f"library = 'pandas': pandas isn't installed. Install it with: {pip_install('pandas')}"
    )
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(MissingPackageError) as raised:
        data_frame(COLUMNS, None)
    assert str(raised.value) == (
        "to_frame: needs pandas or polars, and neither is installed. Install one with: "
        f"{pip_install('pandas')}"
    )


def test_a_wrong_name_is_told_with_the_nearest():
    with pytest.raises(TrainlabError) as raised:
        data_frame(COLUMNS, "panda")
    assert str(raised.value) == "library = 'panda': must be 'pandas' or 'polars'. Did you mean 'pandas'?"
    with pytest.raises(TrainlabError) as raised:
        check_table("cell", ("cells", "runs"))
    assert str(raised.value) == "of = 'cell': must be 'cells' or 'runs'. Did you mean 'cells'?"
