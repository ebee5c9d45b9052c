"""A table is declared once: terminal, page and JSON have it from its columns."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from trainlab.page.columns import Column, TableOf, json_only, share, share_alone
from trainlab.page.section import printed
from trainlab.stats import Rate, rate


@dataclass(frozen=True)
class Made:
    name: str
    solved: Rate
    lost: int | None = None


TABLE: TableOf[Made] = TableOf(
    (
        Column("Name", lambda made: made.name, json="name"),
        json_only("letters", lambda made: len(made.name)),
        Column(
            "Share that is solved",
            lambda made: made.solved,
            show=share,
            brief=share_alone,
            brief_heading="Share",
            align="right",
            json="solved",
        ),
        Column("Lost", lambda made: made.lost, json="lost", optional=True),
    )
)
ITEMS = [Made("a<b", rate(3, 4)), Made("c", rate(1, 4))]


def test_terminal_and_page_show_the_same_cells() -> None:
    page = re.findall(r"<t[hd](?: [^>]*)?>(.*?)</t[hd]>", TABLE.html(ITEMS))
    assert page == ["Name", "Share that is solved", "a&lt;b", share(rate(3, 4)), "c", share(rate(1, 4))]
    terminal = printed(TABLE.terminal(ITEMS, title="Made"))
    for words in ("Made", "Share that is solved", "a<b", share(rate(3, 4)), share(rate(1, 4))):
        assert words in terminal


def test_where_there_is_little_room_columns_are_brief() -> None:
    terminal = printed(TABLE.terminal(ITEMS, brief=True))
    assert "75.0 %" in terminal
    assert "Share" in terminal
    assert "that is solved" not in terminal
    assert "(" not in terminal


def test_json_has_all_keys_in_order_and_what_no_table_shows() -> None:
    found = TABLE.to_dict(ITEMS[0])
    assert found == {"name": "a<b", "letters": 3, "solved": rate(3, 4).to_dict(), "lost": None}
    assert list(found) == ["name", "letters", "solved", "lost"]


def test_an_optional_column_comes_with_its_first_value() -> None:
    assert "Lost" not in TABLE.headings(ITEMS)
    assert TABLE.headings([*ITEMS, Made("d", rate(1, 1), lost=0)])[-1] == "Lost"


def test_alignment_is_the_columns_or_that_of_its_numbers() -> None:
    items = [Made("7", rate(1, 2), lost=12)]
    sides = [column.justify for column in TABLE.terminal(items).columns]
    assert sides == ["right", "right", "right"]
    words = TABLE.html([Made("seven", rate(1, 2))])
    assert re.findall(r'scope="col" style="text-align:(\w+)"', words) == ["left", "right"]


def test_fewer_columns_and_places() -> None:
    numbered = TableOf(TABLE.only("Name").columns, numbered="Place")
    assert numbered.headings(ITEMS) == ["Place", "Name"]
    assert numbered.rows(ITEMS) == [[1, "a<b"], [2, "c"]]
    assert [column.justify for column in numbered.terminal(ITEMS).columns] == ["right", "left"]
    with pytest.raises(KeyError):
        TABLE.only("Nmae")
