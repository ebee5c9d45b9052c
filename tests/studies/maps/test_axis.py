"""Axes as they are written: which values they take, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from studies.made_up import TINY

from trainlab.errors import SpecError
from trainlab.studies.maps.question import Axis, read_axis


def read(text: str, count: int = 5) -> Axis:
    return read_axis(TINY, text, name="x", count=count)


def test_a_range_of_two_decades_is_log_and_of_less_linear():
    assert read("optimizer.lr=1e-4..1e-2") == Axis(
        field="optimizer.lr", log=True, values=(1e-4, 0.000316228, 1e-3, 0.00316228, 1e-2)
    )
    assert read("lr=0.1..0.9").values == (0.1, 0.3, 0.5, 0.7, 0.9)
    assert [read(text).log for text in ("lr=0.1..9.9", "lr=0..100", "lr=0.1..10")] == [False, False, True]


def test_the_scale_can_be_said():
    assert read("lr=1..3:log", 3).values == (1.0, 1.73205, 3.0)
    assert read(" lr = 0.01 .. 100 : linear ", 2) == Axis(
        field="optimizer.lr", log=False, values=(0.01, 100.0)
    )


def test_whole_numbers_are_rounded_and_distinct():
    axis = read("epochs=1..1000", 64)
    assert axis.log
    assert axis.values[:4] == (1, 2, 3, 4)
    assert axis.values[-1] == 1000
    assert list(axis.values) == sorted(set(axis.values))
    assert all(isinstance(value, int) for value in axis.values)
    assert read("epochs=2.5..6", 64).values == (3, 4, 5, 6)
    assert read("network.widths.1=2..5", 3).values == (2, 4, 5)


def test_values_are_short_enough_to_write_down_but_stay_distinct():
    axis = read("lr=1e-4..10", 64)
    assert all(len(f"{value:.6g}") <= 12 and float(f"{value:.6g}") == value for value in axis.values)
    narrow = read("lr=1..1.0000001", 50).values
    assert len(set(narrow)) == 50
    assert (narrow[0], narrow[-1]) == (1.0, 1.0000001)


def test_spacing_is_even_on_the_axis_s_own_scale():
    steps = np.diff(np.log(read("lr=1e-6..1e3", 40).values))
    assert np.allclose(steps, steps[0], rtol=1e-4)
    assert np.allclose(np.diff(read("lr=0..7", 29).values), 0.25)
    wide = read("lr=0..1.7e308", 5)
    assert all(math.isfinite(value) for value in wide.values)


def test_nearest_is_by_the_axis_s_scale():
    axis = read("lr=1..100", 3)
    assert axis.values == (1.0, 10.0, 100.0)
    assert [axis.nearest(value) for value in (0, 3, 3.2, 40, 1e9)] == [0, 0, 1, 2, 2]
    assert read("lr=0..10", 3).nearest(2.4) == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lr", "x = 'lr': must be FIELD=LOW..HIGH, as in optimizer.lr=1e-4..10,"),
        ("", "x = '': must be FIELD=LOW..HIGH"),
        ("=1..2", "x = '=1..2': must be FIELD=LOW..HIGH"),
        ("lr=1-2", "x = 'lr=1-2': must be FIELD=LOW..HIGH"),
        ("lr=a..b", "x = 'lr=a..b': must be FIELD=LOW..HIGH"),
        ("lr=nan..1", "x = 'lr=nan..1': must be FIELD=LOW..HIGH"),
        ("lr=1..1e999", "x = 'lr=1..1e999': both ends must be finite numbers"),
        ("lr=2..1", "x = 'lr=2..1': LOW must be less than HIGH"),
        ("lr=1..1", "x = 'lr=1..1': LOW must be less than HIGH"),
        ("lr=1..2:cubic", "x = 'lr=1..2:cubic': after ':' must stand 'log' or 'linear', not 'cubic'."),
        (
            "lr=0..1:log",
            "x = 'lr=0..1:log': a log axis has no 0; begin above 0, or write :linear after the range.",
        ),
        ("lr=-1..1:log", "x = 'lr=-1..1:log': a log axis has no -1;"),
        ("epochs=5.1..5.9", "x = 'epochs=5.1..5.9': epochs takes whole numbers, and the range holds only 0"),
        ("epochs=5..5.9", "holds only 1 of them; at least 2 are needed."),
        ("lrr=1..2", "x: 'lrr': no numeric field of this experiment; it has 'network.widths.0',"),
        ("momentum=0..1", "optimizer is 'adam'; 'sgd' or 'rmsprop' has 'momentum'."),
    ],
)
def test_refused_in_one_line(text: str, message: str):
    with pytest.raises(SpecError) as raised:
        read(text)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_to_dict():
    assert read("lr=1..3", 3).to_dict() == {
        "field": "optimizer.lr",
        "scale": "linear",
        "values": [1.0, 2.0, 3.0],
    }
