"""A training that learnt and lost it again is told as that, and no other is."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from diagnosis.faults.made import mlp
from diagnosis.watched import diagnosed
from torch import nn

from trainlab.diagnosis import Plan
from trainlab.diagnosis.observed.losses import Fit, LossRecord
from trainlab.diagnosis.remedies.replayed import Replay
from trainlab.diagnosis.signals.loss_readings import lowest_before_a_loss


def readings(values: list[float], *, batch: int = 16) -> LossRecord:
    fits = [Fit(tick=tick, value=value, rows=batch) for tick, value in enumerate(values)]
    shape = (batch, 1)
    return LossRecord(
        kind="mse_loss",
        site=None,
        module="",
        out_shape=shape,
        target_shape=shape,
        target_dtype="torch.float32",
        fits=fits,
        rows=batch * len(fits),
    )


FALLS, RISES = [1.0, 0.8, 0.6, 0.4, 0.2], [0.4, 0.7, 1.0, 1.1, 1.2]


@pytest.mark.parametrize(
    ("parts", "batch", "loss", "after"),
    [
        ([*FALLS, *RISES], 16, 0.2, 0.6),
        ([*FALLS, *RISES], 1, 0.2, 0.6),  # 100 rows a part: as many parts as there are hundreds
        ([*FALLS, 0.3, 0.4], 16, math.nan, math.nan),  # it still is below half of the constant's
        ([*FALLS, 0.4, 0.55], 16, math.nan, math.nan),  # less than three times the lowest
        ([1.0, 0.9, 0.8, 0.6, *RISES[1:]], 16, math.nan, math.nan),  # it never was below half
        (FALLS, 16, math.nan, math.nan),
        ([0.2, 1.0, 1.0], 1, math.nan, math.nan),  # too few parts
    ],
)
def test_the_lowest_part_of_a_curve_that_ends_at_the_constants(
    parts: list[float], batch: int, loss: float, after: float
):
    per_part = 100 if batch == 1 else 10
    main = readings(list(itertools.chain.from_iterable([value] * per_part for value in parts)), batch=batch)
    found = lowest_before_a_loss(main, None, 1.0)
    assert (found is None) is math.isnan(loss)
    if found is not None:
        assert (found.loss, found.after) == (pytest.approx(loss), pytest.approx(after, abs=0.07))


def test_single_rows_of_the_common_class_are_no_learning():
    """Nine rows of ten are answered well by the constant: ten in a row may all be of these."""
    generator = torch.Generator().manual_seed(0)
    rare = (torch.rand(600, generator=generator) < 0.1).tolist()
    main = readings([3.0 if one else 0.1 for one in rare], batch=1)
    assert lowest_before_a_loss(main, None, 0.39) is None


@pytest.mark.trains
@pytest.mark.parametrize("breaks", [True, False])
def test_a_rate_that_is_raised_late_is_told_as_what_it_does(breaks: bool):
    torch.manual_seed(0)
    x = torch.randn(256, 3)
    y = torch.sin(x.sum(1, keepdim=True))

    def training() -> None:
        net = mlp(3, 32, 1, act=nn.Tanh)
        optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
        for step in range(600):
            rows = torch.randint(256, (32,))
            optimizer.zero_grad()
            nn.functional.mse_loss(net(x[rows]), y[rows]).backward()
            optimizer.step()
            if breaks and step == 450:
                optimizer.param_groups[0]["lr"] = 10.0

    report = diagnosed(training)
    assert (report.outcome["lowest"] is not None) is breaks
    assert ("again (its loss was down to " in report.verdict) is breaks
    if breaks:
        assert 0.6 < report.outcome["lowest"]["after"] < 0.8
        assert "loss_plateau" not in {one.fault for one in [*report.findings, *report.notes]}


@pytest.mark.parametrize(("steps", "reached"), [(300, False), (900, True)])
def test_copies_that_end_before_the_loss_rises_tell_nothing_of_it(steps: int, reached: bool):
    report = {"card": {"steps": 1000}, "outcome": {"lowest": {"loss": 0.1, "after": 0.6}}}
    replay = Replay(report, [], Plan(script="train.py"), [], lambda used, words: None, 20.0)
    words = replay._in_vain(Plan(script="train.py", steps=steps), ["the learning rate × 0.1"])
    assert ("nothing that was tried helped" in words) is reached
    assert ("what goes wrong later wasn't reached" in words) is not reached
