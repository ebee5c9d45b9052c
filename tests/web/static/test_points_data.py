"""A visitor's own points: what pasted text means, what is wrong with it, how it is rounded, what follows."""

from __future__ import annotations

from typing import Any

import pytest
from chromium import OpenTab, needs_chromium
from playwright.sync_api import Page

from trainlab.errors import SpecError
from trainlab.spec import Experiment, Points
from trainlab.spec.own_data import MAX_ROWS
from trainlab.web.without_server import bundle

pytestmark = [needs_chromium, pytest.mark.process]


@pytest.fixture
def page(open_tab: OpenTab) -> Page:
    tab = open_tab("about:blank")
    tab.page.add_script_tag(content=bundle("points_data"))
    return tab.page


READ = """text => { try { return readPointsText(text); } catch (error) {
  if (error instanceof PointsError) return error.message; throw error; } }"""


@pytest.mark.parametrize(
    ("text", "inputs", "targets", "classes"),
    [
        ("0,1,1\n1,1,0", [[0, 1], [1, 1]], [1, 0], []),
        ("x,y\n\n0.5,1e-3\r\n-.5,+2.\n", [[0.5], [-0.5]], [0.001, 2], []),
        ("a;b;t\n0,5;1;0\n1;0,25;1\n", [[0.5, 1], [1, 0.25]], [0, 1], []),
        ('"a"\t"b"\n"1"\t"2"', [[1]], [2], []),
        ("  1 2  3\n4 5 6", [[1, 2], [4, 5]], [3, 6], []),
        ("1,yes\n2,no\n3,maybe", [[1], [2], [3]], [2, 1, 0], ["maybe", "no", "yes"]),
        ('"a, b",c,t\n1,2,0\n3,4,1', [[1, 2], [3, 4]], [0, 1], []),
        ('1,"say ""no"""\n2,"a;b"', [[1], [2]], [1, 0], ["a;b", 'say "no"']),
        ("1,2,0,\n2,3,1,", [[1, 2], [2, 3]], [0, 1], []),
        ("x,t,\n1,0,\n2,1,", [[1], [2]], [0, 1], []),
        (",t\n0,1\n1,0", [[0], [1]], [1, 0], []),
        (",x,t\n5,1,0\n7,2,1", [[5, 1], [7, 2]], [0, 1], []),
    ],
)
def test_text_is_read(page: Page, text: str, inputs: object, targets: object, classes: object):
    read = page.evaluate(READ, text)
    assert read == {"inputs": inputs, "targets": targets, "classes": classes, "left": ""}


@pytest.mark.parametrize("text", [",x,y,t\n0,1,2,0\n1,2,3,1\n", '"","x","y","t"\n"1",1,2,0\n"2",2,3,1'])
def test_an_index_without_a_name_is_left_out_and_it_is_said(page: Page, text: str):
    read = page.evaluate(READ, text)
    assert read["inputs"] == [[1, 2], [2, 3]]
    assert read["left"] == "The first column has no name and counts the lines: it is left out."


@pytest.mark.parametrize(
    ("targets", "classes"),
    [
        ([0, 1, 2, 1], ["0", "1", "2"]),
        ([3, 1, 2], ["1", "2", "3"]),
        ([0, 1, 1], None),
        ([0, 2, 4], None),
        ([0.5, 1.5, 2.5], None),
    ],
)
def test_whole_numbers_in_a_row_may_be_classes(page: Page, targets: list[float], classes: object):
    assert page.evaluate("targets => wholeClasses(targets)", targets) == classes


def test_more_lines_than_an_experiment_has_examples_are_refused(page: Page):
    rows = "0,1\n" * MAX_ROWS
    assert len(page.evaluate(READ, f"x,t\n{rows}")["inputs"]) == MAX_ROWS
    with pytest.raises(SpecError) as told:
        Points(inputs=((0.0,),) * (MAX_ROWS + 1), targets=(1.0,) * (MAX_ROWS + 1))
    assert page.evaluate(READ, f"{rows}1,0") == str(told.value).replace("inputs: has", "There are")
    assert page.evaluate(READ, "1,2,0\n" * 200_000).startswith("There are 200,000 examples")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("  \n", "There is nothing to read: paste two columns or more."),
        ("1\n2", "Line 1 has one column: two or more are needed, the last is the target."),
        ("x,y", "There are column names, but no lines of numbers under them."),
        ("1,2,3\n\n1,2", "Line 3 has 2 columns, but line 1 has 3."),
        ("x,y\n1,2\nabc,4", "Line 3, column 1: “abc” isn't a number."),
        ("1,2\n0x10,4", "Line 2, column 1: “0x10” isn't a number."),
        ("1,2\n1e999,4", "Line 2, column 1: “1e999” isn't a number."),
        ("1,2\n,4", "Line 2, column 1: there is nothing."),
        ("1,2\n2,", "Line 2, column 2: there is nothing."),
        ("1,2\n2,no", "Line 2, column 2: “no” isn't a number."),
        ("1,no\n2,no", "Column 2: “no” is the only target; there must be two."),
    ],
)
def test_what_cannot_be_read_names_line_and_column(page: Page, text: str, message: str):
    assert page.evaluate(READ, text) == message


def test_numbers_are_rounded_to_three_decimals_but_small_columns_keep_three_digits(page: Page):
    rows = [[0.12345, 1234.56789, 0.00012345, -0.0001, 0], [-1, 1, 0.000009, 2, 0]]
    rounded = page.evaluate("rows => roundPoints(rows)", rows)
    assert rounded == [[0.123, 1234.568, 0.000123, 0, 0], [-1, 1, 0.000009, 2, 0]]
    assert (
        page.evaluate("rows => roundPoints(rows).flat().some((value) => Object.is(value, -0))", rows) is False
    )


@pytest.mark.parametrize(
    ("points", "widths", "words"),
    [
        ({"inputs": [[0, 1], [1, 0]], "targets": [0, 1]}, [2, 5, 4, 1], ""),
        (
            {"inputs": [[0], [1]], "targets": [0, 1]},
            [1, 5, 4, 1],
            "The network now begins with 1 input, as the data do.",
        ),
        (
            {"inputs": [[0, 1, 2], [1, 0, 2], [1, 1, 1]], "targets": [0, 1, 2], "classes": ["a", "b", "c"]},
            [3, 5, 4, 3],
            "The network now begins with 3 inputs and ends with 3 outputs, as the data do.",
        ),
        (
            {"inputs": [[0, 1], [1, 0]], "targets": [[0, 1], [1, 0]]},
            [2, 5, 4, 2],
            "The network now ends with 2 outputs, as the data do.",
        ),
    ],
)
def test_the_network_follows_the_data(page: Page, points: dict[str, Any], widths: list[int], words: str):
    before: dict[str, Any] = {"network": {"widths": [2, 5, 4, 1]}, "task": {"name": "xor"}}
    made = page.evaluate("([experiment, points]) => withPoints(experiment, points)", [before, points])
    assert made["words"] == words
    experiment = Experiment.from_dict(made["experiment"])
    assert list(experiment.network.widths) == widths
    assert experiment.data().inputs.tolist() == points["inputs"]


def test_points_as_text_are_read_again(page: Page):
    points = {"inputs": [[0.5, -1], [2, 3]], "targets": [1, 0]}
    assert page.evaluate("points => readPointsText(pointsText(points))", points) == {
        **points,
        "classes": [],
        "left": "",
    }
