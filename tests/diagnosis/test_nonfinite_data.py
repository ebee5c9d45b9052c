"""NaN in the data: the call before the training that made them is named, if there was one."""

from __future__ import annotations

import pytest
import torch
from diagnosis.faults.made import fit
from diagnosis.watched import diagnosed
from torch import nn
from torch.nn import functional as F

from trainlab.diagnosis import Report

pytestmark = pytest.mark.trains


def trained(x: torch.Tensor, *, standardized: bool) -> Report:
    def training() -> None:
        given = (x - x.mean(0)) / x.std(0) if standardized else x
        model = nn.Linear(3, 2)
        fit(model, torch.optim.SGD(model.parameters(), lr=0.1), F.cross_entropy, given, (x[:, 0] > 0).long())

    return diagnosed(training)


def test_a_feature_that_never_changes_is_divided_by_its_spread():
    x = torch.randn(100, 3)
    x[:, 2] = 0.0
    finding = trained(x, standardized=True).findings[0]
    assert finding.fault == "nonfinite_values"
    assert "given = (x - x.mean(0)) / x.std(0)" in finding.where
    assert "33.3% of its results" in finding.evidence[1]


def test_data_that_has_them_from_the_start():
    x = torch.randn(100, 3)
    x[::7, 1] = torch.nan
    for standardized in (False, True):
        finding = trained(x, standardized=standardized).findings[0]
        assert finding.where.startswith("the input batch")


def test_a_root_whose_square_is_taken_is_named_and_not_the_square():
    def train() -> None:
        torch.manual_seed(0)
        model = nn.Linear(3, 2)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        for step in range(40):
            x = torch.randn(16, 3)
            other = x if step > 20 else torch.randn(16, 3)  # a pair of one row with itself
            optimizer.zero_grad()
            distance = torch.sqrt(torch.sum((model(x) - model(other)) ** 2, dim=1))
            (distance**2 - 2 * distance).mean().backward()
            optimizer.step()

    (finding,) = [one for one in diagnosed(train).findings if one.fault == "nonfinite_values"]
    assert finding.where.startswith("sqrt at ")
    assert "an input of sqrt is 0" in " ".join(finding.evidence)
