# pyright: basic
"""Accuracy is told of classes alone: never of numbers between 0 and 1, nor of places in an order."""

from __future__ import annotations

import numpy as np
import torch
from diagnosis.faults.made import blobs, fit, mlp
from diagnosis.watched import diagnosed
from torch.nn import functional as F

from trainlab.diagnosis.observed.losses import LossRecord
from trainlab.diagnosis.signals.baselines import numbers_in_order


def pixels(targets: str) -> None:
    x, y = blobs(200, classes=2)
    wanted = {"classes": y.float(), "smoothed": 0.05 + 0.9 * y.float(), "shares": x[:, 0].sigmoid()}[targets]
    model = mlp(8, 16, 1)
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    fit(model, opt, lambda o, t: F.binary_cross_entropy_with_logits(o[:, 0], t), x, wanted, epochs=12)


def test_shares_are_no_classes():
    outcome = diagnosed(lambda: pixels("shares")).outcome
    assert outcome["reached"] is None
    assert outcome["reached_as"] is None
    assert outcome["commonest_class"] is None
    assert all(one["reached_as"] is None for one in outcome["asked"])


def test_smoothed_classes_are():
    for targets in ("classes", "smoothed"):
        outcome = diagnosed(lambda targets=targets: pixels(targets)).outcome
        assert outcome["reached_as"] == "accuracy"
        assert outcome["reached"] > 0.9


def record(kind: str, *, between: float = 0.0, outside: float = 0.0) -> LossRecord:
    return LossRecord(kind, None, "", (8, 1), (8, 1), "float32", between=between, outside=outside)


def test_what_has_classes():
    assert record("cross_entropy").has_classes
    assert record("binary_cross_entropy").has_classes
    assert not record("binary_cross_entropy", between=0.5).has_classes
    assert not record("binary_cross_entropy_with_logits", outside=0.5).has_classes
    assert not record("mse_loss").has_classes


def test_stars_stand_in_an_order_and_names_dont():
    generator = np.random.default_rng(0)
    x = generator.normal(size=(400, 3))
    stars = np.digitize(x[:, 0] + 0.3 * generator.normal(size=400), [-1, -0.3, 0.3, 1])
    rows = [tuple(row) for row in x]
    assert numbers_in_order(rows, stars.tolist())
    names = np.array([2, 0, 4, 1, 3])[stars]
    assert not numbers_in_order(rows, names.tolist())
    assert not numbers_in_order(rows, generator.integers(0, 5, 400).tolist())
