"""Layers that aren't the network's, and dropout that stays on, as they may be."""

from __future__ import annotations

import pytest
import torch
from diagnosis.faults.made import blobs, fit
from diagnosis.watched import diagnosed, faults
from torch import nn
from torch.nn import functional as F


class Net(nn.Module):
    def __init__(self, way: str) -> None:
        super().__init__()
        self.way = way
        self.first, self.last = nn.Linear(8, 24), nn.Linear(24, 4)
        self.shared = [nn.Linear(24, 24)] if way == "in a list" else []
        self.late: nn.Module | None = None

    def forward(self, x):
        h = self.first(x).relu()
        if self.way == "made in the first pass":
            self.late = self.late or nn.Linear(24, 24)
            h = self.late(h).relu()
        if self.way == "its weights are given":
            layer = nn.Linear(24, 4, bias=False)
            layer.weight = self.last.weight
            return layer(h)
        for layer in self.shared:
            h = layer(h).relu()
        return self.last(F.dropout(h, 0.3) if self.way == "answers are averaged" else h)


def train(way: str) -> None:
    x, y = blobs()
    model = Net(way)
    model(x[:2])
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    fit(model, opt, F.cross_entropy, x[:500], y[:500], epochs=4)
    model.eval()
    with torch.no_grad():
        (torch.stack([model(x[500:]).softmax(1) for _ in range(12)]).mean(0).argmax(1) == y[500:]).sum()


@pytest.mark.trains
@pytest.mark.parametrize(
    "way", ["in a list", "made in the first pass", "its weights are given", "answers are averaged"]
)
def test_meant(way: str):
    report = diagnosed(lambda: train(way))
    assert not {"layer_made_in_forward", "dropout_always_on"} & set(faults(report))
    assert report.troubles == ()


@pytest.mark.trains
def test_functional_dropout_in_one_evaluation():
    def once() -> None:
        x, y = blobs()
        model = Net("answers are averaged")
        opt = torch.optim.Adam(model.parameters(), lr=0.01)
        fit(model, opt, F.cross_entropy, x[:500], y[:500], epochs=4)
        model.eval()
        with torch.no_grad():
            (model(x[500:]).argmax(1) == y[500:]).sum()

    report = diagnosed(once)
    assert faults(report) == ["dropout_always_on"]
    assert "told the mode" in report.findings[0].evidence[1]


class WithNorm(Net):
    """Its norm, or a filter with weights that are set, is made in each pass: the same one each time."""

    def forward(self, x):
        h = self.first(x)
        if self.way == "filter":
            blur = nn.Conv1d(1, 1, 3, padding=1, bias=False).requires_grad_(False)
            blur.weight.data = torch.tensor([[[0.25, 0.5, 0.25]]])
            h = blur(h.unsqueeze(1)).squeeze(1)
        else:
            h = nn.LayerNorm(24)(h)
        h = F.dropout(h.relu(), 0.3, training=True) if self.way == "told" else h.relu()
        return self.last(h)


@pytest.mark.trains
@pytest.mark.parametrize(
    ("way", "noted"),
    [
        ("norm", ["layer_made_in_forward"]),
        ("filter", []),
        ("told", ["layer_made_in_forward", "dropout_always_on"]),
    ],
)
def test_what_may_be_meant_is_a_note(way: str, noted: list[str]):
    def training() -> None:
        x, y = blobs()
        model = WithNorm(way)
        opt = torch.optim.Adam(model.parameters(), lr=0.01)
        fit(model, opt, F.cross_entropy, x[:500], y[:500], epochs=6)
        model.eval()
        with torch.no_grad():
            (model(x[500:]).argmax(1) == y[500:]).sum()

    report = diagnosed(training)
    assert faults(report) == []
    assert [note.fault for note in report.notes] == noted
    assert all("random" not in line for note in report.notes for line in note.evidence)
