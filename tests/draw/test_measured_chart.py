from __future__ import annotations

import math
from typing import Any

import pytest

from trainlab.draw import Measured, Picture, measured_curves
from trainlab.errors import TrainlabError

NAN = math.nan


def series(**parts: Any) -> Measured:
    data: dict[str, Any] = {
        "label": "he",
        "x": [1, 2, 3],
        "theory": [1.0, 0.1, 0.01],
        "measured": [0.9, 0.12, 0.01],
        "low": [0.8, 0.11, 0.009],
        "high": [1.0, 0.13, 0.011],
    }
    return Measured(**{**data, **parts})


def drawn(*given: Measured, log_y: bool = True) -> Picture:
    return measured_curves(given, x_label="layer", y_label="Size", title="T", log_y=log_y)


def test_theory_is_a_line_and_measurement_points_with_intervals() -> None:
    picture = drawn(series())
    assert picture.svg.count("<circle") == 3 + 1
    assert "he: measured 0.9 at 1 (theory 1), 0.01 at 3 (theory 0.01)." in picture.text
    assert "Lines: theory." in picture.svg
    assert "Points: measured, with 95 % interval." in picture.svg
    assert "Size (log scale)" in picture.svg
    assert picture.data["headers"] == ["Series", "layer", "Theory", "Measured", "Low", "High"]
    assert picture.data["rows"][1] == ["he", 2.0, 0.1, 0.12, 0.11, 0.13]


def test_series_differ_in_marker_hue_and_dashes() -> None:
    picture = drawn(series(), series(label="xavier"), series(label="default"))
    assert all(f"var(--tl-s{place}" in picture.svg for place in (1, 2, 3))
    assert all(label in picture.svg for label in ("he", "xavier", "default"))
    assert 'stroke-dasharray="7 3"' in picture.svg


def test_without_theory_the_points_are_joined() -> None:
    picture = drawn(series(theory=[NAN] * 3, low=[NAN] * 3, high=[NAN] * 3), log_y=False)
    assert "Lines: theory" not in picture.text
    assert "he: measured 0.9 at 1, 0.01 at 3." in picture.text
    assert 'stroke-width="1.4"' in picture.svg


def test_zeros_on_a_log_axis_are_left_out_and_said() -> None:
    picture = drawn(series(measured=[0.9, 0.0, 0.0], low=[0.8, 0.0, 0.0], high=[1.0, 0.0, 0.0]))
    assert "Exactly 0, and so not on a log axis: he." in picture.text
    assert picture.data["rows"][2][3] is None
    tiny = drawn(series(measured=[0.9, 1e-3, 1e-40]))
    assert "on the edge: he." in tiny.text
    assert "Exactly 0" not in tiny.text


def test_an_interval_down_to_zero_reaches_the_edge() -> None:
    picture = drawn(series(low=[0.0, 0.0, 0.0]))
    assert picture.svg.count("V") > drawn(series(low=[0.9, 0.12, 0.01], high=[0.9, 0.12, 0.01])).svg.count(
        "V"
    )


def test_nothing_at_all() -> None:
    nothing = [NAN] * 3
    picture = drawn(series(theory=nothing, measured=nothing, low=nothing, high=nothing))
    assert "he: nothing to show." in picture.text
    assert drawn().data["rows"] == []


def test_lengths_must_fit() -> None:
    with pytest.raises(TrainlabError, match=r"series 'he', low: 2 values where there must be 3"):
        drawn(series(low=[1.0, 2.0]))


def test_without_an_interval_no_bar_is_drawn() -> None:
    """A low that isn't known is not one of 0."""
    nothing = [NAN] * 3
    bare = drawn(series(low=nothing, high=nothing))
    assert bare.svg.count("V") == drawn(series(low=series().measured, high=series().measured)).svg.count("V")
    half = drawn(series(low=nothing))
    assert half.svg.count("V") == drawn(series(low=series().measured)).svg.count("V")
    for low in (math.inf, -math.inf):
        assert drawn(series(low=[low] * 3, high=nothing)).svg.count("V") == bare.svg.count("V")
