"""Rows evaluated that were trained on, in part: by a wrong split, or on purpose."""

from __future__ import annotations

import pytest
import torch
from diagnosis.faults.made import blobs, fit, mlp
from diagnosis.watched import diagnosed, faults
from torch.nn import functional as F


def train(way: str) -> None:
    x, y = blobs(600)
    order = torch.randperm(600)
    learnt, held = order[:400], order[400:]
    if way == "split twice":
        held = torch.randperm(600)[:200]
    elif way == "all rows":
        held = order[torch.randperm(600)]
    model = mlp(8, 24, 4)
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    for part in torch.arange(400).split(100 if way == "tested, then trained on" else 400):
        rows = learnt[part]
        for _ in range(3):
            fit(model, opt, F.cross_entropy, x[rows], y[rows], epochs=2)
            with torch.no_grad():
                new = learnt[part[-1] + 1 :][:100] if way == "tested, then trained on" else held
                if len(new):
                    (model(x[new]).argmax(1) == y[new]).sum()


@pytest.mark.trains
def test_training_and_test_rows_that_were_split_apart():
    report = diagnosed(lambda: train("split twice"))
    assert faults(report)[0] == "eval_on_train"
    assert "they weren't cut from one order" in report.findings[0].evidence[1]


@pytest.mark.trains
@pytest.mark.parametrize("way", ["split once", "all rows", "tested, then trained on"])
def test_rows_that_may_be_evaluated(way: str):
    assert faults(diagnosed(lambda: train(way))) == []


@pytest.mark.trains
def test_reconstructions_are_no_data_that_was_held_out():
    def training() -> None:
        x, _ = blobs(600)
        model = mlp(8, 16, 8)
        opt = torch.optim.Adam(model.parameters(), lr=0.01)
        for _ in range(4):
            fit(model, opt, F.mse_loss, x, x, epochs=2)
            with torch.no_grad():
                made = model(x)
                (made - x).square().mean(1).topk(5)
            kept.append(made)

    kept: list[torch.Tensor] = []
    assert "eval_on_train" not in faults(diagnosed(training, whole_process=True))
