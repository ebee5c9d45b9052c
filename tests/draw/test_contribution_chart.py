from __future__ import annotations

import re

import pytest

from trainlab.draw import Part, Picture, contributions
from trainlab.errors import TrainlabError


def draw(*values: float, shown: int = 12) -> Picture:
    parts = [Part(label=f"x{place}", value=value, how=f"w × {place}") for place, value in enumerate(values)]
    return contributions(
        parts, total=sum(values), total_label="sum", x_label="sum so far", title="Title", shown=shown
    )


def test_each_bar_begins_where_the_one_before_ended() -> None:
    svg = draw(2.0, 3.0).svg
    bars = [
        (float(x), float(x) + float(width))
        for x, width in re.findall(r'<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="12"', svg)
    ][:3]
    (first, second), (third, fourth), (fifth, sixth) = bars
    assert third == pytest.approx(second, abs=0.2)
    assert (fifth, sixth) == (pytest.approx(first, abs=0.2), pytest.approx(fourth, abs=0.2))


def test_what_takes_away_differs_in_more_than_colour() -> None:
    svg = draw(2.0, -1.0).svg
    assert 'stroke-dasharray="4 2"' in svg
    assert ">adds</text>" in svg
    assert ">takes away</text>" in svg


def test_words_and_data_hold_every_part() -> None:
    picture = draw(2.0, -1.0)
    assert "x1: w × 1 = −1." in picture.text
    assert picture.data["rows"] == [["x0", "w × 0", 2], ["x1", "w × 1", -1], ["sum", "", 1]]


def test_of_many_the_largest_are_drawn_and_the_rest_together() -> None:
    picture = draw(*(float(value) for value in range(20)), shown=5)
    assert "16 others: 120." in picture.text
    assert "x19: w × 19 = 19." in picture.text
    assert len(picture.data["rows"]) == 21


def test_numbers_must_be_finite() -> None:
    with pytest.raises(TrainlabError, match=r"x0: nan isn't finite"):
        draw(float("nan"))
