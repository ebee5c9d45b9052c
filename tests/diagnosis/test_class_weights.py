"""Weights of classes: those against imbalance, and those that are costs, are quiet."""

from __future__ import annotations

import pytest

from trainlab.diagnosis.faults.loss_weights import judge_class_weights_swapped
from trainlab.diagnosis.observed.losses import LossRecord
from trainlab.diagnosis.observed.record import TrainingRecord
from trainlab.diagnosis.signals.training import training_from


def told(counts: dict[int, int], weights: list[float]) -> bool:
    loss = LossRecord("cross_entropy", None, "", (8, 2), (8,), "int64", count=10)
    loss.counts, loss.weights = counts, weights
    return judge_class_weights_swapped(training_from(TrainingRecord(losses=[loss]))) is not None


@pytest.mark.parametrize(
    ("weights", "swapped"),
    [
        ([0.9, 0.1], True),
        ([9.0, 1.0], True),
        ([0.88, 0.12], True),
        ([0.1, 0.9], False),
        ([2.0, 1.0], False),
        ([1.0, 1.0], False),
        ([], False),
    ],
)
def test_two_classes(weights: list[float], swapped: bool):
    assert told({0: 900, 1: 100}, weights) is swapped


def test_classes_that_are_about_as_frequent_or_hardly_met_tell_nothing():
    assert not told({0: 500, 1: 400}, [0.55, 0.45])
    assert not told({0: 300, 1: 3}, [0.99, 0.01])
    assert not told({0: 60, 1: 20}, [0.75, 0.25])
    assert told({0: 300, 1: 100, 2: 30, 3: 2}, [0.7, 0.23, 0.07, 0.01])


def test_the_weight_of_a_yes():
    loss = LossRecord("binary_cross_entropy_with_logits", None, "", (8, 1), (8, 1), "float32", count=10)
    loss.rows, loss.sums, loss.weights = 1000, [100.0], [0.11]
    assert judge_class_weights_swapped(training_from(TrainingRecord(losses=[loss]))) is not None
    loss.weights = [9.0]
    assert judge_class_weights_swapped(training_from(TrainingRecord(losses=[loss]))) is None
