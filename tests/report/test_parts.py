"""What a terminal shows of a result: parts below each other, as many lines as are left for those that ask."""

from __future__ import annotations

import io

from rich.console import Console
from rich.table import Table

from trainlab.draw import terminal_table
from trainlab.report.common import Fitting, Part, print_parts, said, set_off


def printed(*parts: Part, most: int = 30) -> list[str]:
    out = io.StringIO()
    print_parts(parts, console=Console(file=out, width=20, color_system=None), most=most)
    return out.getvalue().splitlines()


def table(rows: int) -> Table:
    return terminal_table(["name"], [["a long name of two lines"], *[["b"]] * (rows - 1)])


def test_words_are_wrapped_and_printed_as_they_are() -> None:
    assert printed(said("one [bold]two[/bold] three", "", "four")) == [
        "one [bold]two[/bold]",
        "three",
        "",
        "four",
    ]


def test_nothing_takes_no_line() -> None:
    assert printed(said(), set_off([]), set_off([("A", "")]), said("end")) == ["end"]


def test_a_part_is_made_for_the_lines_that_the_others_leave() -> None:
    assert printed(said("a", "b"), lambda left: said(f"{left}"), said("c"), most=10) == ["a", "b", "7", "c"]


def test_a_table_has_as_many_rows_as_fit_and_some_whatever_there_is() -> None:
    def rows(most: int) -> int:
        lines = printed(lambda left: Fitting(table=table, most=9, least=2, left=left), said("end"), most=most)
        return 1 + [line.strip() for line in lines].count("b")

    taken = len(printed(table(1), said("end")))
    assert [rows(taken + more) for more in (-5, 1, 4, 30)] == [2, 2, 5, 9]
