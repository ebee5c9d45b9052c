"""Predictions and measured values beside what is right."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest

from trainlab.draw import Answers, Measured, Picture, measured_curves, predictions
from trainlab.errors import TrainlabError


def _draw(*points: Answers) -> Picture:
    return predictions(points, title="Title", tolerance=0.1)


def test_counts_and_quantiles_are_those_of_numpy() -> None:
    values = np.random.default_rng(0).normal(1, 0.1, 1000)
    picture = _draw(Answers(label="(0, 1)", target=1, predictions=values, group="Model 1"))
    near = int((abs(values - 1) < 0.1).sum())
    row = picture.data["rows"][0]
    assert row[:6] == ["Model 1", "(0, 1)", 1, 1000, near, 0]
    assert row[6:] == pytest.approx(np.quantile(values, [0.05, 0.25, 0.5, 0.75, 0.95]).tolist())
    assert f"{near} of 1,000 within ±0.1" in picture.text
    assert f">{round(near / 10)} %</text>" in picture.svg


def test_the_tolerance_is_a_strict_bound() -> None:
    picture = predictions([Answers(label="p", target=0, predictions=[0.5, 0.4])], title="T", tolerance=0.5)
    assert "1 of 2 within ±0.5" in picture.text


def _heights(picture: Picture) -> list[list[float]]:
    paths = re.findall(r'<path d="((?:M[\d. ]+v-[\d.]+h[\d.]+v[\d.]+z)+)"', picture.svg)
    return [[float(h) for h in re.findall(r"v-([\d.]+)", path)] for path in paths]


def test_bars_are_shares_to_one_scale() -> None:
    steady = Answers(label="a", target=0, predictions=[0.0] * 100)
    split = Answers(label="b", target=0, predictions=[0.0] * 50 + [1.0] * 50)
    assert _heights(_draw(steady, split)) == [[26], [13, 13]]


def test_a_single_seed_among_thousands_still_shows() -> None:
    assert min(_heights(_draw(Answers(label="a", target=0, predictions=[0.0] * 9999 + [1.0])))[0]) == 0.6


def test_far_and_lost_predictions_are_counted_not_hidden() -> None:
    values = [*np.linspace(-0.1, 0.1, 997), 1e6, math.nan, math.inf]
    picture = _draw(Answers(label="a", target=0, predictions=values))
    assert "Beyond the axis: 1 prediction," in picture.text
    assert "Not finite: 2 predictions" in picture.text
    assert len(_heights(picture)[0]) > 20
    assert picture.data["rows"][0][5] == 2


def test_no_finite_prediction_is_said() -> None:
    picture = _draw(Answers(label="a", target=0.5, predictions=[math.nan]))
    assert "a: target 0.5, no finite prediction." in picture.text
    assert "There is no finite prediction to show." in picture.svg
    assert "nan" not in picture.svg.lower().replace("finan", "")


def test_the_target_is_marked_in_every_row() -> None:
    picture = _draw(*(Answers(label=f"p{t}", target=t, predictions=[0, 1]) for t in (0, 1)))
    assert [picture.svg.count(f">→ {t}</text>") for t in (0, 1)] == [1, 1]


def test_errors_name_the_point() -> None:
    with pytest.raises(TrainlabError, match=r"predictions of 'a': an array of shape \(2, 1\)"):
        _draw(Answers(label="a", target=0, predictions=np.zeros((2, 1))))


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
