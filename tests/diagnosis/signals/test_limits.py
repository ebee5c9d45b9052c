"""What no training gets around, each from numbers made for it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from trainlab.diagnosis.observed.record import OptimizerRecord, ParamRecord, TrainingRecord
from trainlab.diagnosis.signals.training import (
    Training,
    best_line,
    gets_no_gradient,
    holds_up,
    may_hold_more,
    nothing_moves,
    rest_words,
)


def training(record: TrainingRecord | None = None, **learning: Any) -> Training:
    known: dict[str, Any] = {"state": "stuck", "loss_by_constant": 1.0, "main": None}
    return Training(record or TrainingRecord(), SimpleNamespace(**known | learning))  # pyright: ignore[reportArgumentType]


def parameters(*reached: int, size: int = 4, held: bool = True, moved: bool | None = None) -> TrainingRecord:
    record = TrainingRecord()
    for key, times in enumerate(reached):
        record.params[key] = ParamRecord(
            key=key,
            name=f"layer{key}.weight",
            module_kind="Linear",
            shape=(size,),
            reached=times,
            with_grad=times,
            moved=moved,
            optimizers={0} if held else set(),
        )
    held_keys = list(record.params) if held else []
    record.optimizers.append(OptimizerRecord(0, "SGD", None, held_keys, {}, steps=50))
    return record


def test_no_gradient_reaches_what_is_stepped():
    assert gets_no_gradient(training(parameters(0, 0)))
    assert not gets_no_gradient(training(parameters(0, 3)))
    assert not gets_no_gradient(training(TrainingRecord()))


def test_nothing_moves_unless_it_is_stepped_or_was_seen_to():
    assert nothing_moves(training(parameters(3, 3, held=False)))
    assert not nothing_moves(training(parameters(3, 3)))
    assert not nothing_moves(training(parameters(3, held=False, moved=True)))


def test_the_rest_speaks_against_a_layer_only_where_it_is_most_of_the_network():
    record = parameters(0, 3, 3)
    most = rest_words(training(record), [record.params[0]])
    assert most == "the rest of the network, 8 of 12 values, does get gradients"
    record = parameters(0, 0, 3)
    assert rest_words(training(record), [record.params[0], record.params[1]]) == ""


@pytest.mark.parametrize(
    ("state", "share", "floor", "wanted"),
    [
        ("stuck", 1.0, 0.95, True),  # nothing that counts as learnt lies above it
        ("stuck", 1.0, 0.5, False),  # it could have come down to half, and didn't
        ("poor", 0.66, 0.64, True),  # it has come down to it
        ("poor", 0.8, 0.64, False),
        ("learnt", 0.65, 0.64, False),
        ("diverged", 50.0, 0.95, False),
        ("stuck", 1.0, float("nan"), False),
        ("stuck", 1.0, 0.0, False),
    ],
)
def test_a_floor_explains_only_what_it_holds_up(state: str, share: float, floor: float, wanted: bool):
    assert holds_up(training(state=state, loss_by_constant=share), floor) is wanted


def line(y: Any, x: Any, **main: Any) -> float:
    record = TrainingRecord()
    record.data.sample_x = [tuple(row) for row in x.tolist()]
    record.data.sample_y = y.tolist()
    record.data.input_shape, record.data.input_dtype = (len(x), x.shape[1]), "float32"
    return best_line(training(record, main=SimpleNamespace(**{"columns": 1, "classes": None} | main)))


def test_the_best_line_leaves_all_of_xor_and_nothing_of_a_plane():
    x = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]] * 5)
    assert line((x[:, 0] != x[:, 1]).astype(float), x) == pytest.approx(1.0)
    assert line(2 * x[:, 0] - x[:, 1], x) == pytest.approx(0.0, abs=1e-12)


def test_where_a_line_tells_nothing():
    x = np.random.default_rng(0).normal(size=(20, 12))
    y = x[:, 0] * x[:, 1]
    assert np.isnan(line(y, x))  # so few rows fit anything
    assert np.isnan(line(y, x[:, :2], classes=5))
    assert np.isnan(line(y, x[:, :2], columns=3))


@pytest.mark.parametrize(
    ("reference", "chance", "more"),
    [(0.9, 0.5, True), (0.52, 0.5, False), (-0.2, 0.0, False), (float("nan"), float("nan"), True)],
)
def test_of_noise_no_fault_is_shown_to_hold_anything_up(reference: float, chance: float, more: bool):
    assert may_hold_more(training(reference=reference, chance=chance)) is more
