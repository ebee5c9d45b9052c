"""The numbers of pictures: plain, few enough, and none that JSON can't hold."""

from __future__ import annotations

import math

import pytest

from trainlab.diagnosis.pictured import loss_curve
from trainlab.diagnosis.pictures.kinds import MOST_POINTS, bars, histogram, is_wide, one_line, thinned
from trainlab.diagnosis.seen import LossStream, Seen
from trainlab.diagnosis.signals.case import make_case
from trainlab.diagnosis.text_picture import in_text


def test_a_long_curve_keeps_its_ends_and_its_spikes():
    values = [1.0] * 5000
    values[1234], values[3456] = 90.0, -90.0
    kept = thinned(values)
    assert len(kept) <= MOST_POINTS
    assert kept == sorted(set(kept))
    assert {0, 1234, 3456, 4999} <= set(kept)
    assert thinned([3.0, 1.0]) == [0, 1]


def test_a_loss_that_ends_in_nan_still_ends_there():
    line = one_line("loss", range(3000), [1.0] * 2900 + [math.nan] * 100)
    assert line["y"][-1] is None
    assert line["x"][-1] == 2999.0
    assert None in line["y"][:-1]


def test_a_log_axis_is_for_wide_values_above_zero_and_no_single_one_decides():
    assert is_wide([1.0, 10.0, 1000.0], 100)
    assert not is_wide([1.0] * 99 + [1e-12], 100)
    assert not is_wide([1.0, 0.0, 1000.0], 100)
    assert not is_wide([], 100)


def test_many_bars_are_the_first_and_the_last():
    made = bars("Title", "unit", [(str(at), float(at)) for at in range(40)])
    assert made is not None
    assert [bar["label"] for bar in made["bars"]] == [*map(str, range(7)), *map(str, range(33, 40))]
    assert made["title"] == "Title (first and last 7)"
    assert bars("Title", "unit", [("a", math.nan)]) is None


def test_a_histogram_of_nothing_is_no_picture():
    assert histogram("Title", "x", [math.inf]) is None
    made = histogram("Title", "x", [1.0, 2.0, 3.0], label="range", low=0.0)
    assert made is not None
    assert sum(made["counts"]) == 3
    assert made["range"] == {"label": "range", "low": 0.0, "high": None}


def test_the_loss_curve_needs_two_losses():
    assert loss_curve(make_case(Seen())) is None
    stream = LossStream(None, ticks=[0, 1], values=[2.0, 1.0], count=2)
    made = loss_curve(make_case(Seen(streams=[stream])))
    assert made is not None
    assert made["lines"] == [{"label": "training loss", "x": [0.0, 1.0], "y": [2.0, 1.0]}]


@pytest.mark.parametrize("width", [40, 80])
def test_pictures_in_text_stay_in_their_room(width: int):
    strips = {
        "kind": "strips",
        "title": "Classes",
        "parts": ["class 0", "class 1"],
        "rows": [{"label": f"batch {at}", "counts": [at, 32 - at]} for at in range(12)],
    }
    chain = {
        "kind": "chain",
        "title": "From the input to the loss",
        "arrows": True,
        "nodes": [{"label": f"op{at}", "note": "line 3", "wrong": at == 2} for at in range(7)],
    }
    shapes = {
        "kind": "shapes",
        "title": "Shapes",
        "boxes": [
            {"label": "output", "shape": [50, 1], "wrong": False},
            {"label": "all", "shape": [], "wrong": True},
        ],
    }
    for picture in (strips, chain, shapes):
        lines = in_text(picture, width=width, label="  picture ")
        assert max(map(len, lines)) <= width
        assert lines[0].startswith("  picture ")
    assert "✗ op2 (line 3) ✗" in " ".join(in_text(chain, width=width, label=""))
    assert in_text(shapes, width=width, label="")[1:] == ["output 50 × 1", "all    a number  ✗"]
    assert in_text(strips, width=width, label="")[-1].endswith("4 more batches")
