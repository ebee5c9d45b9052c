"""Axes, and the room that charts take."""

from __future__ import annotations

import doctest
import importlib
import math
import pkgutil
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import trainlab.draw
from trainlab.draw.axes import Scale, axis_label, floats, linear_scale, log_scale, needs_log, tick_labels
from trainlab.errors import TrainlabError

anything = st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=12)


def _sound(scale: Scale) -> None:
    assert scale.low < scale.high
    assert math.isfinite(scale.low)
    assert math.isfinite(scale.high)
    ticks = scale.ticks(6)
    assert 1 <= len(ticks) <= 12
    assert list(ticks) == sorted(set(ticks))
    room = (scale.high / 2 - scale.low / 2) * 1e-6
    assert all(scale.low - room <= tick <= scale.high + room for tick in ticks)
    labels = tick_labels(ticks, log=scale.log)
    assert len(set(labels)) == len(labels), (ticks, labels)
    places = scale.map(np.array([scale.low, *ticks, scale.high]))
    assert np.isfinite(places).all()
    assert places[0] == pytest.approx(scale.start)
    assert places[-1] == pytest.approx(scale.end)


@given(anything, st.booleans())
def test_linear_scales_hold_whatever_comes(values: list[float], nice: bool) -> None:
    scale = linear_scale(values, start=0, end=300, nice=nice)
    _sound(scale)
    finite = [value for value in values if math.isfinite(value)]
    if finite and max(finite) / 2 - min(finite) / 2 > 1e-9 * max(map(abs, finite)):
        slack = max(map(abs, finite)) * 1e-8  # far less than a pixel
        assert scale.low <= min(finite) + slack
        assert scale.high >= max(finite) - slack


@given(anything)
def test_log_scales_hold_whatever_comes(values: list[float]) -> None:
    scale = log_scale(values, start=200, end=0)
    _sound(scale)
    assert scale.low > 0
    assert math.log10(scale.high) - math.log10(scale.low) <= 16.5


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 2000, (0, 500, 1000, 1500, 2000)),
        (0, 2001, (0, 500, 1000, 1500, 2000)),
        (0, 1, (0, 0.2, 0.4, 0.6, 0.8, 1)),
        (-40, 60, (-40, -20, 0, 20, 40, 60)),
        (0.61, 0.76, (0.65, 0.7, 0.75)),
    ],
)
def test_linear_ticks_count_by_one_two_five(low: float, high: float, ticks: tuple[float, ...]) -> None:
    assert Scale(low=low, high=high, start=0, end=1).ticks(6) == ticks


def test_log_ticks_are_decades_thinned_evenly() -> None:
    assert log_scale([0.02, 30], start=0, end=1).ticks(6) == (0.01, 0.1, 1, 10, 100)
    assert log_scale([1e-12, 1], start=0, end=1).ticks(6) == (1e-12, 1e-8, 1e-4, 1)


def test_a_nice_scale_ends_on_ticks() -> None:
    scale = linear_scale([0.03, 1.31], start=0, end=1, nice=True)
    assert (scale.low, scale.high) == (0, 1.5)


@pytest.mark.parametrize("values", [[], [math.nan], [math.inf, -math.inf]])
def test_no_finite_value_gives_the_unit_range(values: list[float]) -> None:
    assert linear_scale(values, start=0, end=1).high == 1
    assert (log_scale(values, start=0, end=1).low, log_scale(values, start=0, end=1).high) == (0.1, 1)


def test_equal_values_get_room_around_them() -> None:
    scale = linear_scale([5, 5], start=0, end=1)
    assert scale.low < 5 < scale.high
    assert scale(5) == pytest.approx(0.5)


def test_values_off_a_log_scale_lie_on_its_ends_and_nan_stays() -> None:
    scale = log_scale([1e-3, 1], start=300, end=0)
    places = scale.map(np.array([0.0, -5.0, 1e-3, math.sqrt(1e-3), 1, 50, math.nan]))
    np.testing.assert_allclose(places, [300, 300, 300, 150, 0, 0, math.nan])


def test_tick_labels_share_their_decimals() -> None:
    assert tick_labels((0, 0.5, 1)) == ["0.0", "0.5", "1.0"]
    assert tick_labels((0, 500, 1000)) == ["0", "500", "1,000"]
    assert tick_labels((0.01, 0.1, 1), log=True) == ["0.01", "0.1", "1"]
    assert tick_labels((1e-8, 1e-4, 1), log=True) == ["10⁻⁸", "10⁻⁴", "10⁰"]
    assert tick_labels((-0.5, 0.0)) == ["−0.5", "0.0"]


def test_log_axes_say_so() -> None:
    assert axis_label("Loss") == "Loss"
    assert axis_label("Loss", log=True) == "Loss (log scale)"
    assert axis_label("Time (s)", log=True) == "Time (s, log scale)"


def test_floats_say_what_is_wrong() -> None:
    with pytest.raises(TrainlabError, match="median: 2 values where there must be 3"):
        floats("median", [1, 2], length=3)
    with pytest.raises(TrainlabError, match=r"median: an array of shape \(2, 2\)"):
        floats("median", np.zeros((2, 2)))
    with pytest.raises(TrainlabError, match="isn't a sequence of numbers"):
        floats("median", ["a"])  # type: ignore[list-item]


def test_a_spike_needs_a_log_axis_and_values_below_zero_forbid_it() -> None:
    assert needs_log([1.0, 2.0, 1e12, 1.5])
    assert not needs_log([1.0, 2.0, 900.0, 1.5])
    assert not needs_log([-1.0, 2.0, 1e12, 1.5])
    assert not needs_log([1.0, 1e12])
    assert not needs_log([])


# The room as a whole: its examples run, its names are all there, and it is light to import.


def test_examples_in_the_docstrings_run() -> None:
    names = [module.name for module in pkgutil.iter_modules(trainlab.draw.__path__)]
    results = [doctest.testmod(importlib.import_module(f"trainlab.draw.{name}")) for name in names]
    assert sum(result.attempted for result in results) >= 5
    assert sum(result.failed for result in results) == 0


def test_public_names_exist_once() -> None:
    assert len(set(trainlab.draw.__all__)) == len(trainlab.draw.__all__)
    for name in trainlab.draw.__all__:
        assert getattr(trainlab.draw, name) is not None


def test_importing_loads_no_heavy_package() -> None:
    heavy = ("rich", "scipy", "torch", "llvmlite", "matplotlib")
    code = f"import sys, trainlab.draw; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
