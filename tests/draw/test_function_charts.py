"""Functions as curves: panels."""

from __future__ import annotations

import re

import numpy as np
import pytest

from trainlab.draw import Band, Curve, Picture, panels
from trainlab.errors import TrainlabError

# Small multiples: a panel a curve, shared axes.


def draw(*series: Curve) -> Picture:
    return panels(series, x_label="Epoch", y_label="Rate", title="Title", middle="rate")


def lines(picture: Picture) -> list[list[tuple[float, float]]]:
    found = re.findall(r'<path d="M([^"]*)" stroke-width="1.8"', picture.svg)
    return [[tuple(map(float, place.split())) for place in path.split("L")] for path in found]


def test_equal_curves_lie_alike_in_two_columns() -> None:
    shape = {"x": [0, 1, 2], "median": [0.0, 2.0, 1.0]}
    one, two, three = lines(draw(*(Curve(label=name, **shape) for name in "abc")))
    assert [y for _, y in one] == [y for _, y in two]
    across = {round(b[0] - a[0], 1) for a, b in zip(one, two, strict=True)}
    down = {round(b[1] - a[1], 1) for a, b in zip(one, three, strict=True)}
    assert [x for x, _ in one] == [x for x, _ in three]
    assert len(across) == len(down) == 1
    assert min(across) > one[2][0] - one[0][0]
    assert min(down) > one[0][1] - one[1][1]


def test_all_share_a_scale_that_holds_0() -> None:
    low, high = lines(
        draw(Curve(label="a", x=[0, 1], median=[1, 1]), Curve(label="b", x=[0, 2], median=[2, 4]))
    )
    assert low[0][1] - high[0][1] == pytest.approx(52 / 4, abs=0.11)
    assert (low[1][0] - low[0][0]) * 2 == pytest.approx(high[1][0] - high[0][0], abs=0.11)


def test_words_bands_and_data() -> None:
    band = Band(label="5–95 %", low=[0, 1], high=[2, 3])
    picture = draw(Curve(label="<a>", x=[0, 1], median=[1, 2], bands=(band,)))
    assert "<a>: rate 1 at 0, 2 at 1 (5–95 % 1 to 3); least 1 at 0." in picture.text
    assert "Lines: rates. Bands: 5–95 %." in picture.text
    assert "&lt;a&gt;" in picture.svg
    assert picture.data["headers"][:3] == ["Curve", "Epoch", "Rate"]
    assert picture.data["rows"][1] == ["<a>", 1.0, 2.0, 1.0, 3.0]


def test_gaps_long_labels_and_nothing_at_all() -> None:
    picture = draw(Curve(label="label " * 30, x=np.arange(4.0), median=[1, np.nan, 2, 3]))
    assert "…" in picture.svg
    assert len(lines(picture)) == 1
    assert draw().svg.startswith("<svg ")


def test_lengths_that_differ_are_refused() -> None:
    with pytest.raises(TrainlabError, match="median"):
        draw(Curve(label="a", x=[0, 1], median=[1]))
