"""Copies that are evaluated, and are no average that lags: the best weights so far, and a slow teacher."""

from __future__ import annotations

import copy

import pytest
import torch
from diagnosis.faults.made import batches, blobs, mlp
from diagnosis.watched import diagnosed, faults
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
