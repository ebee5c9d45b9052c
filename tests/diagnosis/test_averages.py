"""Copies that are evaluated, and are no average that lags: the best weights so far, and a slow teacher."""

from __future__ import annotations

import copy

import pytest
import torch
from diagnosis.faults.made import batches, blobs, mlp
from diagnosis.watched import diagnosed, faults
from torch import nn
from torch.nn import functional as F

pytestmark = pytest.mark.trains


@pytest.mark.parametrize("kind", ["best weights", "teacher", "meta", "frozen"])
def test_a_copy_that_is_no_average_that_lags(kind: str):
    def training() -> None:
        x, y = blobs(800)
        model = mlp(8, 32, 4)
        other = copy.deepcopy(model).requires_grad_(False)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        if kind == "frozen":
            other = mlp(8, 32, 4).requires_grad_(False)
        meta = model
        for epoch in range(10):
            if kind == "meta":  # Reptile: a step towards the weights of each task
                model = copy.deepcopy(meta)
                optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
            for rows in batches(600, 32, 1):
                optimizer.zero_grad()
                out = model(x[rows])
                loss = F.cross_entropy(out, y[rows])
                if kind == "teacher":
                    with torch.no_grad():
                        taught = other(x[rows])
                    loss = loss + 0.1 * F.mse_loss(out, taught)
                loss.backward()
                optimizer.step()
                if kind == "teacher":
                    for slow, fast in zip(other.parameters(), model.parameters(), strict=True):
                        slow.data.lerp_(fast.data, 1e-3)
            if kind == "best weights" and not epoch:
                other.load_state_dict(model.state_dict())
            if kind == "meta":
                for slow, fast in zip(meta.parameters(), model.parameters(), strict=True):
                    slow.data.lerp_(fast.data, 0.1)
                other = meta
            with torch.no_grad():
                (other(x[600:]).argmax(1) == y[600:]).float().mean().item()

    assert "average_lags" not in faults(diagnosed(training))


@pytest.mark.parametrize("way", ["copied", "left out", "untrained"])
def test_an_average_needs_what_normalization_measured(way: str):
    def training() -> None:
        x, y = blobs(800)
        model = nn.Sequential(nn.Linear(8, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 4))
        average = copy.deepcopy(model).eval().requires_grad_(False)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        for _ in range(10):
            for rows in batches(600, 32, 1):
                optimizer.zero_grad()
                F.cross_entropy(model(x[rows]), y[rows]).backward()
                optimizer.step()
                for slow, fast in zip(average.parameters(), model.parameters(), strict=True):
                    slow.data.lerp_(fast.data, 0.1)
            if way == "untrained":
                continue
            if way == "copied":
                for mine, theirs in zip(average.buffers(), model.buffers(), strict=True):
                    mine.copy_(theirs)
            with torch.no_grad():
                (average(x[600:]).argmax(1) == y[600:]).float().mean().item()
        if way == "untrained":  # what is a network worth that has learnt nothing?
            other = nn.Sequential(nn.Linear(8, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 4)).eval()
            with torch.no_grad():
                (other(x[600:]).argmax(1) == y[600:]).float().mean().item()

    report = diagnosed(training)
    assert ("average_lags" in faults(report)) == (way == "left out")
    if way == "left out":
        (found,) = [one for one in report.findings if one.fault == "average_lags"]
        assert "the running mean and variance of 1 are those of a new layer" in found.evidence[0]
