"""Rates that a scheduler lowers from the start, and a step that comes once an epoch."""

from __future__ import annotations

import pytest
import torch
from diagnosis.faults.made import blobs, mlp
from diagnosis.watched import diagnosed, faults
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

pytestmark = pytest.mark.trains


def with_lambda(*, rate: bool) -> None:
    x, y = blobs()
    model = mlp(8, 32, 4)
    opt = torch.optim.Adam(model.parameters(), lr=0.002)
    if rate:
        schedule = torch.optim.lr_scheduler.LambdaLR(opt, lambda epoch: 0.002 * 0.97**epoch)
    else:
        schedule = torch.optim.lr_scheduler.LambdaLR(opt, lambda epoch: 0.97**epoch)
    for _ in range(12):
        for rows in torch.randperm(600).split(50):
            opt.zero_grad()
            F.cross_entropy(model(x[rows]), y[rows]).backward()
            opt.step()
        schedule.step()


def test_a_function_that_returns_the_rate_is_named_with_its_line_and_mended_there():
    report = diagnosed(lambda: with_lambda(rate=True))
    assert faults(report) == ["lr_too_low"]
    finding = report.findings[0]
    assert finding.where.startswith("LambdaLR at test_schedules_and_steps.py:")
    assert finding.evidence[0] == (
        "LambdaLR multiplies opt's lr=0.002 by 0.002 from the first step on: the rate is 4e-06 at most"
    )
    assert finding.code.endswith("LambdaLR(opt, lambda epoch: (0.002 * 0.97**epoch) / 0.002)")
    assert finding.value == 0.002


def test_a_function_that_returns_a_factor_is_let_be():
    assert faults(diagnosed(lambda: with_lambda(rate=False))) == []


@pytest.mark.parametrize("loader", [True, False])
def test_a_step_after_each_epoch_goes_into_the_batch_loop(loader: bool):
    def train() -> None:
        x, y = blobs()
        model = mlp(8, 24, 4)
        opt = torch.optim.SGD(model.parameters(), lr=0.05)
        loaded = DataLoader(TensorDataset(x, y), 60, shuffle=True)
        for _ in range(40):
            cut = [(x[rows], y[rows]) for rows in torch.randperm(600).split(60)]
            for inputs, targets in loaded if loader else cut:
                opt.zero_grad()
                F.cross_entropy(model(inputs), targets).backward()
            opt.step()

    (finding,) = [one for one in diagnosed(train).findings if one.fault == "zero_grad_every_microbatch"]
    assert finding.remedy.startswith("Put opt.step() inside the batch loop")
