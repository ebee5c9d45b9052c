"""Decay that takes one factor of a product takes the other with it, though most parameters stay."""

from __future__ import annotations

import pytest
import torch
from diagnosis.faults.made import fit
from diagnosis.watched import diagnosed, faults
from torch import nn


@pytest.mark.trains
@pytest.mark.parametrize(("decay", "found"), [(0.05, ["weight_decay_too_high"]), (1e-5, [])])
def test_two_tables_whose_product_is_wanted(decay: float, found: list[str]) -> None:
    torch.manual_seed(0)
    taste, style = torch.randn(120, 3), torch.randn(80, 3)
    pairs = torch.nonzero(torch.rand(120, 80) < 0.7)
    liking = (taste[pairs[:, 0]] * style[pairs[:, 1]]).sum(1) / 3**0.5 + 0.4 * torch.randn(80)[pairs[:, 1]]

    def training() -> None:
        tables = nn.ModuleList(nn.Embedding(rows, 4) for rows in (120, 80))
        lean = nn.Embedding(80, 1)
        for table in tables:
            nn.init.normal_(table.weight, std=0.3)
        nn.init.zeros_(lean.weight)
        optimizer = torch.optim.Adam([*tables.parameters(), *lean.parameters()], lr=0.01, weight_decay=decay)

        def model(some: torch.Tensor) -> torch.Tensor:
            user, film = some.T
            return (tables[0](user) * tables[1](film)).sum(1) + lean(film)[:, 0]

        fit(model, optimizer, nn.functional.mse_loss, pairs, liking, epochs=20, size=200)

    assert faults(diagnosed(training)) == found
