from __future__ import annotations

import numpy as np
import pytest

from trainlab.draw import Picture, tangent
from trainlab.draw.tangent_chart import _touching  # pyright: ignore[reportPrivateUsage]
from trainlab.errors import TrainlabError


def draw(z: float, slope: float) -> Picture:
    x = np.linspace(-4, 4, 41)
    return tangent(
        x,
        np.tanh(x),
        at=(z, float(np.tanh(z))),
        slope=slope,
        name="tanh",
        x_label="sum",
        y_label="output",
        title="Title",
    )


def test_it_says_where_the_point_is_and_how_steep() -> None:
    picture = draw(0.5, 0.786)
    assert "tanh: at sum 0.5, output 0.462, slope 0.786." in picture.text
    assert ">slope 0.786</text>" in picture.svg
    assert picture.data["headers"] == ["sum", "output"]
    assert len(picture.data["rows"]) == 41


@pytest.mark.parametrize("slope", [0.0, 0.5, -0.5, 100.0, -100.0])
def test_the_tangent_passes_through_the_point_and_stays_inside(slope: float) -> None:
    (x1, y1), (x2, y2) = _touching((0.2, 0.3), slope, (-4.0, 4.0), (-1.0, 1.0)).tolist()
    assert x1 < 0.2 < x2
    assert (y2 - y1) / (x2 - x1) == pytest.approx(slope)
    assert 0.3 + slope * (x1 - 0.2) == pytest.approx(y1)
    assert all(-1 - 1e-9 <= y <= 1 + 1e-9 for y in (y1, y2))


def test_numbers_must_be_finite_and_as_many() -> None:
    with pytest.raises(TrainlabError, match="must be finite numbers"):
        draw(0.0, float("inf"))
    with pytest.raises(TrainlabError, match="y: 2 values where there must be 1"):
        tangent([1], [1, 2], at=(0, 0), slope=0, name="f", x_label="x", y_label="y", title="t")
