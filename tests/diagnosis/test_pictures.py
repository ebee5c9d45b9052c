"""The numbers of pictures: plain, few enough, and none that JSON can't hold."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from trainlab.diagnosis.faults import all_faults
from trainlab.diagnosis.faults.learning_rate_too_low import raised_by
from trainlab.diagnosis.observed.data import DataRecord
from trainlab.diagnosis.observed.events import Dropout, DropoutInEval
from trainlab.diagnosis.observed.losses import LossCurve
from trainlab.diagnosis.observed.record import FirstValues, OptimizerRecord, ParamRecord, TrainingRecord
from trainlab.diagnosis.pictures.kinds import MOST_POINTS, bars, histogram, is_wide, one_line, thinned
from trainlab.diagnosis.pictures.shared_pictures import loss_picture
from trainlab.diagnosis.signals.training import Training, training_from
from trainlab.page.sketch import in_text


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


def test_a_log_axis_is_for_wide_values_above_zero_and_no_single_small_one_decides():
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
    assert loss_picture(training_from(TrainingRecord())) is None
    loss_curve = LossCurve(None, ticks=[0, 1], values=[2.0, 1.0], count=2)
    made = loss_picture(training_from(TrainingRecord(loss_curves=[loss_curve])))
    assert made is not None
    assert made["lines"] == [{"label": "training loss", "x": [0.0, 1.0], "y": [2.0, 1.0]}]


def test_losses_without_a_step_are_shown_over_the_backward_passes():
    curve = LossCurve(None)
    for value in (3.0, 2.0, 1.0):
        curve.add(0, value)
    found = loss_picture(training_from(TrainingRecord(loss_curves=[curve])))
    assert found is not None
    assert (found["title"], found["x_label"]) == ("Loss over backward passes", "backward pass")
    assert found["lines"][0]["x"] == [0, 1, 2]


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


def weight(key: int, update: list[float], **series: Any) -> ParamRecord:
    """A weight matrix of 4 × 4 that gradients reach, the first the nearest to the input."""
    n = len(update)
    given: dict[str, Any] = {
        "grad_rms": [0.1] * n,
        "grad_zeros": [0.0] * n,
        "weight_rms": [1.0] * n,
        "start": FirstValues(std=0.5, mean_abs=0.4),
    } | series
    return ParamRecord(
        key,
        f"{key}.weight",
        "Linear",
        (4, 4),
        reached=n,
        depth=9 - key,
        ticks=[*range(n)],
        update=update,
        **given,
    )


def training_of(*weights: ParamRecord, losses: list[float] | None = None, **more: Any) -> Training:
    values = losses or [1.0, 0.9]
    loss_curve = LossCurve(None, ticks=[*range(len(values))], values=values, count=len(values))
    optimizer = OptimizerRecord(0, "SGD", None, [one.key for one in weights], {"lr": 1.0}, steps=100)
    return training_from(
        TrainingRecord(
            params={one.key: one for one in weights}, optimizers=[optimizer], loss_curves=[loss_curve], **more
        )
    )


def picture_of(fault: str, training: Training) -> dict[str, Any] | None:
    maker = all_faults()[fault].picture
    assert maker is not None
    return maker(training)


def test_steps_that_were_large_at_first_only_are_shown_where_they_were_large():
    # After ten steps nothing moves any more: over all of them the middle is 9e-12.
    update = [0.8] * 12 + [9e-12] * 88
    made = picture_of("lr_too_high", training_of(weight(0, update), weight(1, update)))
    assert made is not None
    assert [bar["value"] for bar in made["bars"]] == [0.8, 0.8]
    assert min(bar["value"] for bar in made["bars"]) > made["usual"][1]


def test_one_first_step_that_overran_the_weights_is_shown_as_that():
    update = [8.0] + [1e-9] * 60
    made = picture_of("lr_too_high", training_of(weight(0, update)))
    assert made is not None
    assert made["title"].startswith("The first update")
    assert [bar["value"] for bar in made["bars"]] == [8.0]


def test_steps_within_the_usual_are_no_picture_of_large_ones():
    made = picture_of("lr_too_high", training_of(weight(0, [5e-3] * 60), losses=[1.0, 3.0, 9.0]))
    assert made is not None
    assert made["kind"] == "lines"
    assert made["lines"][0]["label"] == "training loss"


def test_small_steps_are_shown_by_the_way_that_they_went():
    # 2e-3 a step is usual; it is the way in all that is small.
    made = picture_of("lr_too_low", training_of(weight(0, [2e-4] * 60)))
    assert made is not None
    assert made.get("usual") is None
    assert made["bars"][0]["value"] == pytest.approx(2.0)
    assert made["x_label"] == "% of their size"


@pytest.mark.parametrize(("update", "times"), [(4e-4, 10), (2e-4, 100), (2e-6, 10_000), (2e-9, 10_000)])
def test_a_rate_is_raised_until_the_steps_could_go_as_far_as_the_weights_are_large(update: float, times: int):
    assert raised_by(training_of(weight(0, [update] * 60))) == times


def test_a_gradient_that_doesnt_fade_with_depth_has_no_picture_of_fading():
    even = training_of(weight(0, [0.1] * 9), weight(1, [0.1] * 9))
    assert picture_of("vanishing_gradient", even) is None
    faded = training_of(weight(0, [0.1] * 9, grad_rms=[0.0] * 9), weight(1, [0.1] * 9))
    made = picture_of("vanishing_gradient", faded)
    assert made is not None
    assert [bar["value"] for bar in made["bars"]] == [0.0, 0.1]


def test_a_gradient_that_fades_late_is_shown_late():
    late = [0.1] * 30 + [1e-5] * 30
    made = picture_of(
        "vanishing_gradient", training_of(weight(0, late, grad_rms=late), weight(1, [0.1] * 60))
    )
    assert made is not None
    assert [bar["value"] for bar in made["bars"]] == [1e-5, 0.1]
    assert "last 20 steps looked at" in made["x_label"]


def test_weights_that_grew_are_no_picture_of_decay():
    grown = weight(0, [0.1] * 9, weight_rms=[1.0] * 8 + [2.0])
    shrunk = weight(1, [0.1] * 9, weight_rms=[1.0] * 8 + [0.1])
    assert picture_of("weight_decay_too_high", training_of(grown)) is None
    made = picture_of("weight_decay_too_high", training_of(grown, shrunk))
    assert made is not None
    assert {line["label"] for line in made["lines"]} == {"0.weight", "1.weight"}


def test_equal_columns_of_an_embedding_are_its_units():
    embedding = weight(0, [0.1] * 9, start=FirstValues(equal_columns=1.0))
    embedding.module_kind = "Embedding"
    made = picture_of("symmetric_init", training_of(embedding))
    assert made is not None
    assert made["bars"] == [{"label": "0.weight, columns", "value": 100.0}]


def test_features_far_from_zero_are_shown_by_their_size():
    near = np.random.default_rng(0).normal(size=(40, 3))
    data = DataRecord(sample_x=(near + 50).tolist(), input_shape=(40, 3))
    made = picture_of("unnormalised_inputs", training_of(data=data))
    assert made is not None
    assert made["x_label"] == "mean |x|"
    assert all(bar["value"] > made["usual"][1] for bar in made["bars"])
    uneven = DataRecord(sample_x=(near * [1, 1, 500]).tolist(), input_shape=(40, 3))
    made = picture_of("unnormalised_inputs", training_of(data=uneven))
    assert made is not None
    assert made["x_label"] == "standard deviation"
    assert made["bars"][0]["value"] > 100


def test_dropout_within_the_usual_share_is_shown_where_it_shouldnt_be_or_not_at_all():
    event = Dropout(module="2", p=0.5)
    assert picture_of("dropout_misuse", training_of(events=[event])) is None
    late = DropoutInEval(module="2", p=0.5)
    made = picture_of("dropout_always_on", training_of(events=[event, late]))
    assert made is not None
    assert made["title"] == "What dropout drops in evaluations"
    assert made["usual"] is None


def test_gradients_never_cleared_are_counted():
    training = training_of(weight(0, [0.1] * 9))
    training.record.optimizers[0].checked, training.record.optimizers[0].stale = 44, 43
    made = picture_of("missing_zero_grad", training)
    assert made is not None
    assert [bar["value"] for bar in made["bars"]] == [44.0, 43.0]
    growing = training_of(weight(0, [0.1] * 9, grad_rms=[0.1 * at for at in range(1, 10)]))
    made = picture_of("missing_zero_grad", growing)
    assert made is not None
    assert made["y_label"] == "‖gradient‖"


def test_of_many_bars_the_most_telling_are_kept():
    pairs = [(str(at), 1.0 if at != 20 else 9.0) for at in range(40)]
    made = bars("Title", "unit", pairs, worst=lambda value: value)
    assert made is not None
    assert {"label": "20", "value": 9.0} in made["bars"]
    assert len(made["bars"]) == 14
    assert made["title"] == "Title (the 14 most telling of 40)"


def test_one_spike_decides_for_a_log_axis():
    assert is_wide([1.0] * 99 + [1e12], 100)
    assert not is_wide([1.0] * 99 + [500.0], 100)
