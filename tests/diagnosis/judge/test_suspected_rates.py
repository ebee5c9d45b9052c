"""The rates that are tried though nothing speaks for them: the likelier of the two first."""

from __future__ import annotations

import pytest
import torch
from diagnosis.faults.made import blobs, fit
from torch import nn

from trainlab.diagnosis.judge.diagnose import suspected_rates
from trainlab.diagnosis.probe.probe import Probe


@pytest.mark.trains
@pytest.mark.parametrize(("rate", "first"), [(1e-5, "lr_too_low"), (0.5, "lr_too_high")])
def test_the_likelier_comes_first(rate: float, first: str):
    x, y = blobs()
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    probe = Probe()
    probe.start()
    try:
        fit(model, optimizer, nn.functional.cross_entropy, x[:300], y[:300], epochs=1)
    finally:
        record = probe.stop()
    found = [one.fault for one in suspected_rates(record)]
    assert found[0] == first
    assert sorted(found) == ["lr_too_high", "lr_too_low"]
