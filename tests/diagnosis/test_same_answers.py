"""Networks that answer everything alike: embeddings that collapse, places that nothing tells apart."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from diagnosis.watched import diagnosed, faults
from torch import nn
from torch.nn import functional as F

pytestmark = pytest.mark.trains


def pairs(out: torch.Tensor, labels: torch.Tensor, *, attract: bool) -> torch.Tensor:
    apart = (out[:, None] - out[None]).square().sum(2)
    same = (labels[:, None] == labels[None]).float()
    if attract:
        return apart.mean()
    return (apart * same).sum() / same.sum() + (F.relu(2 - apart) * (1 - same)).sum() / (1 - same).sum()


@pytest.mark.parametrize("attract", [True, False])
def test_embeddings_that_have_collapsed(attract: bool):
    def training() -> None:
        x, labels = torch.randn(32, 6), torch.arange(32) % 4
        x[:, 0] += 3.0 * labels
        model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 3))
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        for _ in range(600):
            optimizer.zero_grad()
            pairs(model(x), labels, attract=attract).backward()
            optimizer.step()

    report = diagnosed(training)
    assert ("same_answers" in faults(report)) == attract
    if attract:
        assert "over 32 different rows its answers differ by" in report.findings[0].evidence[0]


class Places(nn.Module):
    def __init__(self, told: bool) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 2)
        self.place = nn.Parameter(torch.zeros(8, 2)) if told else torch.zeros(8, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x)[:, None] + self.place


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("varied", [True, False])
def test_places_alike_are_a_fault_only_if_targets_differ_and_nothing_else_is_learnt(told: bool, varied: bool):
    def training() -> None:
        x = torch.randn(200, 3)
        wanted = x[:, None, :2].repeat(1, 8, 1) + varied * torch.linspace(-4, 4, 8)[None, :, None]
        model = Places(told)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
        for _ in range(150):
            optimizer.zero_grad()
            F.mse_loss(model(x), wanted).backward()
            optimizer.step()

    report = diagnosed(training)
    assert ("same_answers" in faults(report)) == (varied and not told)


def test_zeros_are_no_answers_that_are_alike():
    def training() -> None:
        x, model = (
            torch.randn(200, 3),
            nn.Sequential(nn.Linear(3, 9, bias=False), nn.Linear(9, 16, bias=False)),
        )
        for one in model.parameters():
            nn.init.zeros_(one)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        wanted = torch.randn(200, 8, 2) + torch.linspace(-4, 4, 8)[None, :, None]
        for _ in range(60):
            optimizer.zero_grad()
            F.mse_loss(model(x).reshape(-1, 8, 2), wanted).backward()
            optimizer.step()

    assert faults(diagnosed(training))[0] == "zero_init"


class FirstToken(nn.Module):
    """Answers from the first token, which is the same in every row, after attention."""

    def __init__(self, *, along_rows: bool = False, reads_all: bool = False) -> None:
        super().__init__()
        self.tokens, self.head = nn.Embedding(9, 16), nn.Linear(16, 2)
        layer = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.0, batch_first=not along_rows)
        self.encoder = (
            nn.TransformerEncoder(layer, 1, enable_nested_tensor=False) if reads_all else nn.Identity()
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.encoder(self.tokens(x))[:, 0])


@pytest.mark.parametrize(
    ("model", "found"),
    [
        (lambda: FirstToken(), ["same_answers"]),
        (lambda: FirstToken(reads_all=True, along_rows=True), ["mixed_axes"]),
        (lambda: FirstToken(reads_all=True), []),
    ],
)
def test_a_network_that_nothing_of_its_inputs_reaches(model: Callable[[], nn.Module], found: list[str]):
    """None of its rows changes another's answer: they are the same for all."""

    def training() -> None:
        x = torch.randint(1, 9, (200, 6))
        x[:, 0] = 0
        y, net = (x[:, 1] > 4).long(), model()
        optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
        for _ in range(120):
            rows = torch.randperm(200)[:40]
            optimizer.zero_grad()
            F.cross_entropy(net(x[rows]), y[rows]).backward()
            optimizer.step()

    report = diagnosed(training)
    assert [fault for fault in faults(report) if fault in ("same_answers", "mixed_axes")] == found
    if found == ["same_answers"]:
        assert "because the network answers everything alike" in report.verdict


@pytest.mark.parametrize("padding", [60, 0])
def test_a_last_place_that_is_padding_in_every_row(padding: int):
    class Reviews(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding, self.lstm, self.head = (
                nn.Embedding(9, 8),
                nn.LSTM(8, 8, batch_first=True),
                nn.Linear(8, 2),
            )

        def forward(self, tokens: torch.Tensor) -> torch.Tensor:
            return self.head(self.lstm(self.embedding(tokens))[0][:, -1])

    def training() -> None:
        words = torch.randint(1, 9, (256, 6))
        tokens, labels = F.pad(words, (0, padding)), (words[:, -1] > 4).long()
        model = Reviews()
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        for rows in (rows for _ in range(15) for rows in torch.randperm(256).split(32)):
            optimizer.zero_grad()
            F.cross_entropy(model(tokens[rows]), labels[rows]).backward()
            optimizer.step()

    report = diagnosed(training)
    if not padding:
        assert faults(report) == []
        return
    finding = report.findings[0]
    assert finding.fault == "same_answers"
    assert finding.evidence[1].startswith("100% of the rows end with the same token twice, as padding does")
    assert "pack_padded_sequence" in finding.remedy
