"""Datasets that change what they hold, and lose nothing by it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from diagnosis.faults.made import blobs, mlp
from diagnosis.watched import diagnosed, faults
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset, Subset


class Rows(Dataset):
    def __init__(self, way):
        self.way = way
        self.x, self.y = blobs(200)
        self.scale = torch.tensor(1.0)
        self.kept = torch.zeros(200, 8)
        self.visits = torch.zeros(200)
        self.arrays = [row.numpy().copy() for row in self.x]

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        x = self.arrays[i] if self.way == "arrays divided in place" else self.x[i]
        self.visits[i] += 1
        if self.way == "a cache":
            self.kept[i] = x
            x = self.kept[i]
        elif self.way == "flipped in place":
            x[:] = x.flip(0)
        elif self.way == "arrays divided in place":
            x /= 2
            return torch.from_numpy(np.array(x)), self.y[i]
        return x, self.y[i]


def train(way: str) -> None:
    data = Rows(way)
    model = mlp(8, 24, 4)
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    loader = DataLoader(Subset(data, range(200)), batch_size=25, shuffle=True)
    for _ in range(5):
        for x, y in loader:
            opt.zero_grad()
            F.cross_entropy(model(x), y).backward()
            opt.step()
        if way == "changed between the epochs":
            data.x += 0.2 * torch.randn(200, 8)


@pytest.mark.trains
@pytest.mark.parametrize("way", ["a cache", "flipped in place", "changed between the epochs"])
def test_changed_on_purpose(way: str):
    report = diagnosed(lambda: train(way))
    assert "dataset_mutated" not in faults(report)
    assert report.troubles == ()


@pytest.mark.trains
def test_arrays_in_a_list():
    report = diagnosed(lambda: train("arrays divided in place"))
    assert faults(report)[0] == "dataset_mutated"
    assert "Rows.arrays" in report.findings[0].where
