from __future__ import annotations

import re
from collections.abc import Callable
from xml.etree import ElementTree

import pytest

from trainlab.draw import RateLike, Spread, rate_grid, spread_grid
from trainlab.errors import TrainlabError

MakeRate = Callable[[int, int], RateLike]
SVG = "{http://www.w3.org/2000/svg}"


def test_each_cell_has_its_number_and_its_interval(rate: MakeRate) -> None:
    values = [[rate(963, 1000), rate(0, 1000)], [rate(999, 1000), None]]
    picture = rate_grid(["Model 1", "Model 2"], ["A", "B"], values, title="Title", column_label="Changes")
    assert [picture.svg.count(f">{shown}</text>") for shown in ("96", ">99".replace(">", "&gt;"), "–")] == [
        1,
        1,
        1,
    ]
    assert "<title>Model 1, A: 963 of 1,000 (95.3 to 97.3 %)</title>" in picture.svg
    assert "Model 2: A 999 of 1,000 (98.9 to 100.0 %); B no data." in picture.text
    assert picture.data["rows"][0] == ["Model 1", "A", 963, 1000, 0.963, 0.953, 0.973]
    assert len(picture.data["rows"]) == 3
    assert "Solved, % of seeds" in picture.svg
    assert ">Changes</text>" in picture.svg


def test_a_wide_grid_of_few_rows_is_turned(rate: MakeRate) -> None:
    combos = [f"combo {i}" for i in range(32)]
    values = [[rate(10 * i + model, 1000) for i in range(32)] for model in range(3)]
    picture = rate_grid(
        ["M1", "M2", "M3"], combos, values, title="T", row_label="Network", column_label="Changes"
    )
    assert picture.data["headers"][:2] == ["Changes", "Network"]
    assert picture.data["rows"][4][:5] == ["combo 1", "M2", 11, 1000, 0.011]
    assert "combo 31: M1 310 of 1,000" in picture.text
    rects = [r for r in ElementTree.fromstring(picture.svg).iter(f"{SVG}rect") if len(r)]
    assert len(rects) == 96
    assert len({r.get("x") for r in rects}) == 3
    assert min(float(r.get("width", 0)) for r in rects) > 60


def test_many_columns_go_on_in_a_second_block(rate: MakeRate) -> None:
    names = [str(i) for i in range(20)]
    picture = rate_grid(names, names, [[rate(i, 100) for i in range(20)] for _ in names], title="T")
    rects = [r for r in ElementTree.fromstring(picture.svg).iter(f"{SVG}rect") if len(r)]
    assert len(rects) == 400
    assert len({(r.get("x"), r.get("y")) for r in rects}) == 400
    assert len({r.get("x") for r in rects}) == 8


def test_a_cell_s_text_has_the_colour_of_its_step(rate: MakeRate) -> None:
    svg = rate_grid(["a"], ["b"], [[rate(100, 100)]], title="T").svg
    assert re.search(r'fill="#FFFFFF" style="fill:var\(--tl-t10,#FFFFFF\)"><text [^>]*>100</text>', svg)


def test_seeds_nobody_ran_are_no_division(rate: MakeRate) -> None:
    class Nothing:
        k, n, low, high = 0, 0, 0.0, 1.0

    picture = rate_grid(["a"], ["b"], [[Nothing()]], title="T")
    assert ">–</text>" in picture.svg
    assert picture.data["rows"] == [["a", "b", 0, 0, None, 0.0, 1.0]]


def test_errors_count_what_is_missing(rate: MakeRate) -> None:
    with pytest.raises(TrainlabError, match="values: 1 rows for 2 row names"):
        rate_grid(["a", "b"], ["c"], [[None]], title="T")
    with pytest.raises(TrainlabError, match="values: row 'a' has 1 cells for 2 columns"):
        rate_grid(["a"], ["c", "d"], [[rate(1, 2)]], title="T")


def test_spreads_show_their_median_and_keep_the_rest_for_the_tooltip() -> None:
    values = [[Spread(median=0.755, low=0.5, high=1.0), None]]
    picture = spread_grid(["A"], ["M1", "M2"], values, title="T", value_label="Accuracy, %")
    assert ">76</text>" in picture.svg
    assert "<title>A, M1: 75.5 % (50.0 to 100.0 %)</title>" in picture.svg
    assert "M2 no data" in picture.text
    assert picture.data == {
        "headers": ["Row", "Column", "Median", "Low", "High"],
        "rows": [["A", "M1", 0.755, 0.5, 1.0]],
    }
