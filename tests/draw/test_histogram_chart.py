from __future__ import annotations

import math

import numpy as np
import pytest

from trainlab.draw import Density, histogram
from trainlab.errors import TrainlabError


def test_bars_have_area_one_and_every_value() -> None:
    values = np.random.default_rng(0).normal(size=1000)
    picture = histogram(values, title="T", x_label="weight")
    rows = picture.data["rows"]
    assert len(rows) == 32
    assert sum(row[2] for row in rows) == 1000  # type: ignore[misc]
    assert sum((row[1] - row[0]) * row[3] for row in rows) == pytest.approx(1.0)  # type: ignore[operator]
    assert f"from {rows[0][0]:.2f}".replace("-", "−")[:7] in picture.text
    assert picture.svg.count("<rect") == 1 + 1 + sum(1 for row in rows if row[2])


def test_the_density_is_drawn_and_named() -> None:
    values = np.linspace(0, 1, 50)
    line = Density(label="by theory", x=[0, 0, 1, 1], y=[0, 1, 1, 0])
    picture = histogram(values, densities=[line], title="T", x_label="w", value_label="50 values")
    assert "by theory" in picture.svg
    assert "50 values" in picture.svg
    assert "var(--tl-s2" in picture.svg


def test_one_value_is_one_bar() -> None:
    assert len(histogram([0.5], title="T", x_label="w").data["rows"]) == 1


@pytest.mark.parametrize("values", [[], [1.0, math.nan], [math.inf]])
def test_what_can_not_be_drawn(values: list[float]) -> None:
    with pytest.raises(TrainlabError, match=f"values: {len(values)} numbers, not all finite"):
        histogram(values, title="T", x_label="w")


def test_a_density_of_another_length_is_refused() -> None:
    with pytest.raises(TrainlabError, match="y: 1 values where there must be 2"):
        histogram([1.0, 2.0], densities=[Density(label="d", x=[0, 1], y=[1])], title="T", x_label="w")
