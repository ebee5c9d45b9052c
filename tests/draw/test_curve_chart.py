from __future__ import annotations

import itertools
import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainlab.draw import Band, Curve, Picture, curves
from trainlab.draw.curve_charts import BUCKETS, downsample, spread
from trainlab.draw.palette import series_role
from trainlab.draw.svg import dash, line, runs
from trainlab.errors import TrainlabError


def _draw(*series: Curve, log_y: bool = False) -> Picture:
    return curves(series, x_label="Epoch", y_label="Loss", title="Title", log_y=log_y)


def _paths(picture: Picture) -> list[str]:
    return re.findall(r'<path d="(M[^"]*)" stroke-width="2"', picture.svg)


def test_a_nan_parts_the_line_and_a_lone_point_is_a_dot() -> None:
    picture = _draw(Curve(label="a", x=[0, 1, 2, 3, 4, 5], median=[1, 2, math.nan, 3, math.nan, 1.5]))
    assert _paths(picture)[0].count("M") == 1
    assert picture.svg.count("<circle") == 2
    assert picture.data["rows"][2] == ["a", 2.0, None]


def test_the_line_goes_where_the_numbers_are() -> None:
    picture = _draw(Curve(label="a", x=[0, 1, 2], median=[0, 1, 0.5]))
    points = [tuple(map(float, p.split())) for p in _paths(picture)[0][1:].split("L")]
    assert [y for _, y in points] == [214, 24, 119]
    assert points[1][0] == pytest.approx((points[0][0] + points[2][0]) / 2, abs=0.06)


def test_nothing_positive_lies_on_the_edge_of_a_log_axis_with_a_note() -> None:
    picture = _draw(Curve(label="a", x=[0, 1, 2], median=[1, 0.01, 0]), log_y=True)
    assert "Values of 0 or less" in picture.text
    assert "Values of 0 or less" in picture.svg
    assert "Loss (log scale)" in picture.svg
    assert float(_paths(picture)[0].rsplit(" ", 1)[1]) == 214


def test_an_underflow_does_not_flatten_the_rest_and_is_said() -> None:
    picture = _draw(Curve(label="a", x=[0, 1, 2], median=[1, 0.01, 1e-40]), log_y=True)
    assert "Values below 10⁻¹⁶ lie on the lower edge." in picture.text
    assert "Values of 0 or less" not in picture.text


def test_a_log_x_axis_has_decades_apart_alike_and_says_so() -> None:
    series = [Curve(label="a", x=[1e-3, 1e-2, 1e-1], median=[1, 2, 3])]
    picture = curves(series, x_label="Rate", y_label="Loss", title="T", log_x=True, middle="share")
    across = [float(p.split()[0]) for p in _paths(picture)[0][1:].split("L")]
    assert across[1] - across[0] == pytest.approx(across[2] - across[1], abs=0.11)
    assert "Rate (log scale)" in picture.svg
    assert "a: share 1 at 0.001" in picture.text
    assert picture.data["headers"][2] == "Share"


def test_no_note_without_need() -> None:
    picture = _draw(Curve(label="a", x=[0, 1], median=[1, 0.01]), log_y=True)
    assert "edge" not in picture.text


def test_long_labels_move_to_a_legend() -> None:
    x = [0, 1]
    direct = _draw(Curve(label="Model 1", x=x, median=x), Curve(label="Model 2", x=x, median=x))
    legend = _draw(
        Curve(label="Model 1", x=x, median=x), Curve(label="Model 2 with all its changes", x=x, median=x)
    )

    def height(picture: Picture) -> int:
        found = re.search(r'viewBox="0 0 400 (\d+)"', picture.svg)
        assert found
        return int(found[1])

    assert height(legend) > height(direct)
    assert all("Model 1</text>" in p.svg for p in (direct, legend))


def test_text_gives_start_end_least_and_the_last_band() -> None:
    band = Band(label="5–95 % of seeds", low=[0.5, 0.1, 0.2], high=[2, 0.2, 0.4])
    picture = _draw(Curve(label="Model 1", x=[0, 50, 100], median=[1, 0.15, 0.3], bands=[band]))
    assert (
        "Model 1: median 1 at 0, 0.3 at 100 (5–95 % of seeds 0.2 to 0.4); least 0.15 at 50." in picture.text
    )
    assert "Lines: medians. Bands: 5–95 % of seeds." in picture.text
    assert picture.data["headers"] == [
        "Curve",
        "Epoch",
        "Median",
        "5–95 % of seeds, low",
        "5–95 % of seeds, high",
    ]
    assert picture.data["rows"][1] == ["Model 1", 50.0, 0.15, 0.1, 0.2]


def test_a_curve_without_bands_beside_one_with_has_empty_cells() -> None:
    band = Band(label="range", low=[0, 0], high=[2, 2])
    picture = _draw(
        Curve(label="a", x=[0, 1], median=[1, 1], bands=[band]), Curve(label="b", x=[0, 1], median=[1, 1])
    )
    assert picture.data["rows"][-1] == ["b", 1.0, 1.0, None, None]


def test_a_diverged_curve_is_a_gap_and_said() -> None:
    picture = _draw(Curve(label="a", x=[0, 1], median=[math.inf, math.nan]))
    assert "a: no finite value." in picture.text
    assert "There is no finite value to show." in picture.svg


def test_errors_name_the_curve_and_the_part() -> None:
    with pytest.raises(TrainlabError, match="curve 'a', median: 1 values where there must be 2"):
        _draw(Curve(label="a", x=[0, 1], median=[1]))
    with pytest.raises(TrainlabError, match="curve 'a', high of range: 1 values where there must be 2"):
        _draw(Curve(label="a", x=[0, 1], median=[1, 1], bands=[Band(label="range", low=[0, 0], high=[1])]))
    with pytest.raises(TrainlabError, match="curve 'a', x: not all values are finite"):
        _draw(Curve(label="a", x=[0, math.nan], median=[1, 1]))


def test_series_differ_in_hue_and_dash_together() -> None:
    assert len({(series_role(i), dash(i)) for i in range(56)}) == 56
    assert len({dash(i) for i in range(7)}) == 7


@given(st.lists(st.floats(0, 200), max_size=20))
def test_labels_spread_in_order_without_overlap(wanted: list[float]) -> None:
    placed = spread(wanted, gap=14, low=0, high=200)
    gap = min(14, 200 / max(len(wanted) - 1, 1))
    ordered = sorted(placed)
    assert all(b - a >= gap - 1e-9 for a, b in itertools.pairwise(ordered))
    assert all(-1e-9 <= place <= 200 + 1e-9 for place in placed)
    assert [i for _, i in sorted(zip(wanted, range(99), strict=False))] == [
        i for _, i in sorted(zip(placed, range(99), strict=False))
    ]


def test_labels_with_room_stay_where_they_are() -> None:
    assert spread([100, 20, 60], gap=14, low=0, high=200) == [100, 20, 60]


def test_thinning_keeps_ends_and_extremes() -> None:
    rng = np.random.default_rng(0)
    points = np.column_stack([np.arange(5000.0), rng.normal(size=5000)])
    kept = downsample(points)
    assert len(kept) <= 2 * BUCKETS + 2
    assert kept[0].tolist() == points[0].tolist()
    assert kept[-1].tolist() == points[-1].tolist()
    assert kept[:, 1].max() == points[:, 1].max()
    assert kept[:, 1].min() == points[:, 1].min()
    assert (np.diff(kept[:, 0]) > 0).all()
    assert (
        downsample(points, keep="low")[:, 1].mean()
        > kept[:, 1].mean()
        > downsample(points, keep="high")[:, 1].mean()
    )
    assert downsample(points[:50]) is not None
    assert len(downsample(points[:50])) == 50


def test_runs_of_presence() -> None:
    assert runs(np.array([True, True, False, True])) == [(0, 2), (3, 4)]
    assert runs(np.array([False])) == []
    assert line(np.full((2, 2), np.nan), role="s1") == ""


def test_a_spike_of_ten_to_the_twelve_takes_a_log_axis_by_itself_and_says_so() -> None:
    x, values = np.arange(100.0), np.full(100, 0.5)
    values[40] = 1e12
    drawn = curves([Curve(label="loss", x=x, median=values)], x_label="step", y_label="loss", title="T")
    assert ">loss (log scale)</text>" in drawn.svg
    assert "The axis is logarithmic" in drawn.text
    flat = curves(
        [Curve(label="loss", x=x, median=np.full(100, 0.5))], x_label="s", y_label="loss", title="T"
    )
    assert "log" not in flat.svg
    asked = curves(
        [Curve(label="loss", x=x, median=values)], x_label="s", y_label="loss", title="T", log_y=True
    )
    assert "The axis is logarithmic" not in asked.text  # who asked for it knows


def test_where_values_below_zero_forbid_a_log_axis_the_spike_is_cut_and_told() -> None:
    values = np.linspace(-1, 1, 100)
    values[40] = 1e12
    drawn = curves(
        [Curve(label="loss", x=np.arange(100.0), median=values)], x_label="s", y_label="loss", title="T"
    )
    assert ">loss</text>" in drawn.svg
    assert ">1.0</text>" in drawn.svg
    assert "1 value beyond the axis, up to 10¹², on its edge." in drawn.text


def test_an_axis_holds_what_the_chart_beside_it_has() -> None:
    low, high = (Curve(label="a", x=[0, 1], median=values) for values in ([1, 2], [1, 900]))
    pair = [
        curves([low], x_label="s", y_label="loss", title="T", log_y=True, hold=[1, 900]),
        curves([high], x_label="s", y_label="loss", title="T", log_y=True, hold=[1, 2]),
    ]
    ticks = [re.findall(r">([\d,]+)</text>", drawn.svg) for drawn in pair]
    assert ticks[0] == ticks[1]
    assert "1,000" in ticks[0]
