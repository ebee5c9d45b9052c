# pyright: basic
"""Architectures in which rows, tokens or weights meet as they should: nothing is told of their axes."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from diagnosis.faults.missing_causal_mask import counting
from diagnosis.watched import diagnosed, faults
from torch import nn
from torch.nn import functional as F

pytestmark = pytest.mark.trains


def steps(model: nn.Module, loss: Callable[[], torch.Tensor], count: int = 30) -> None:
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(count):
        opt.zero_grad()
        loss().backward()
        opt.step()


class Decoder(nn.Module):
    """Causal attention by hand, the loss computed within."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(7, 16), nn.Embedding(32, 16)
        self.qkv, self.out = nn.Linear(16, 48), nn.Linear(16, 7)

    def forward(
        self, ids: torch.Tensor, targets: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        rows, length = ids.shape
        x = self.tokens(ids) + self.places(torch.arange(length))
        q, k, v = (part.view(rows, length, 2, 8).transpose(1, 2) for part in self.qkv(x).split(16, 2))
        scores = q @ k.transpose(-2, -1) / math.sqrt(8)
        later = torch.triu(torch.ones(length, length, dtype=torch.bool), 1)
        mixed = F.softmax(scores.masked_fill(later, -math.inf), dim=-1) @ v
        logits = self.out(x + mixed.transpose(1, 2).reshape(rows, length, 16))
        loss = None if targets is None else F.cross_entropy(logits.view(-1, 7), targets.reshape(-1))
        return logits, loss


def decoder() -> None:
    model = Decoder()

    def loss() -> torch.Tensor:
        ids = counting(16)
        value = model(ids[:, :-1], ids[:, 1:])[1]
        assert value is not None
        return value

    steps(model, loss)
    ids = counting(4)[:, :3]
    with torch.no_grad():
        for _ in range(6):
            ids = torch.cat([ids, model(ids)[0][:, -1:].argmax(-1)], 1)


class Tagger(nn.Module):
    """One sentence at a time, its words the rows."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.lstm, self.out = nn.Embedding(9, 6), nn.LSTM(6, 6), nn.Linear(6, 3)

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        hidden, _ = self.lstm(self.words(words).view(len(words), 1, -1))
        return self.out(hidden.view(len(words), -1))


def tagger() -> None:
    model, sentences = Tagger(), [torch.randint(9, (length,)) for length in (5, 7, 9, 12)]

    def loss() -> torch.Tensor:
        words = sentences[int(torch.randint(4, ()))]
        return F.cross_entropy(model(words), words % 3)

    steps(model, loss)


class Both(nn.Module):
    """Attention from context to question and back: the same scores normalized over either axis."""

    def __init__(self) -> None:
        super().__init__()
        self.score, self.out = nn.Linear(6, 6), nn.Linear(18, 2)

    def forward(self, context: torch.Tensor, question: torch.Tensor) -> torch.Tensor:
        scores = self.score(context) @ question.transpose(1, 2)
        first, second = scores.softmax(2), scores.softmax(1)
        back = first @ second.transpose(1, 2) @ context
        return self.out(torch.cat([context, first @ question, back], 2).mean(1))


def both() -> None:
    model = Both()

    def loss() -> torch.Tensor:
        context = torch.randn(16, 7, 6)
        return F.cross_entropy(model(context, torch.randn(16, 4, 6)), context[:, 0, 0].gt(0).long())

    steps(model, loss)


class Capsules(nn.Module):
    """Routing: normalized over the capsules above, summed over those below."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(0.1 * torch.randn(6, 3, 4, 5))
        self.out = nn.Linear(12, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        votes = torch.einsum("bid,ijkd->bijk", x, self.weight)
        scores = torch.zeros(len(x), 6, 3)
        above = votes.mean(1)
        for _ in range(2):
            above = torch.einsum("bij,bijk->bjk", scores.softmax(2), votes)
            scores = scores + torch.einsum("bijk,bjk->bij", votes, above)
        return self.out(above.flatten(1))


class Patches(nn.Module):
    """An image in patches, through an encoder that wants the sequence first."""

    def __init__(self) -> None:
        super().__init__()
        self.patch, self.first = nn.Linear(16, 12), nn.Parameter(torch.zeros(1, 1, 12))
        self.layer, self.out = nn.TransformerEncoderLayer(12, 2, 24, dropout=0.0), nn.Linear(12, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        rows = len(x)
        x = x.reshape(rows, 2, 4, 2, 4).permute(0, 1, 3, 2, 4).reshape(rows, 4, 16)
        x = torch.cat([self.first.expand(rows, -1, -1), self.patch(x)], 1)
        return self.out(self.layer(x.transpose(0, 1))[0])


class Long(nn.Module):
    """Batches as long as the sequences."""

    def __init__(self) -> None:
        super().__init__()
        self.gru, self.out = nn.GRU(3, 8), nn.Linear(8, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(self.gru(x.permute(1, 0, 2))[1][0])


def of_rows(model: Callable[[], nn.Module], *shape: int) -> Callable[[], None]:
    def training() -> None:
        made, data = model(), torch.randn(120, *shape)
        labels = data.flatten(1)[:, 0].gt(0).long()

        def loss() -> torch.Tensor:
            which = torch.randint(120, (20,))
            return F.cross_entropy(made(data[which]), labels[which])

        steps(made, loss)

    return training


class ExpertChoice(nn.Module):
    """Each expert takes the half of the rows that it wants most, by a softmax over them."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = nn.Linear(6, 2)
        self.experts = nn.ModuleList(nn.Linear(6, 1) for _ in range(2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scores, out = torch.softmax(self.gate(x), dim=0), torch.zeros(len(x), 1)
        for number, expert in enumerate(self.experts):
            weight, chosen = scores[:, number].topk(len(x) // 2)
            out = out.index_add(0, chosen, len(x) * weight[:, None] * expert(x[chosen]))
        return out


def expert_choice() -> None:
    x = torch.randn(160, 6)
    model, y = ExpertChoice(), x.abs().sum(1, keepdim=True)

    def loss() -> torch.Tensor:
        rows = torch.randint(160, (20,))
        return F.mse_loss(model(x[rows]), y[rows])

    steps(model, loss, count=80)


class Ranked(nn.Module):
    """Takes the hidden values by their medians over the batch, and its own softmax over the batch, too."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(6, 16), nn.Linear(16, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden = self.first(x).relu()
        hidden = hidden - 0.1 * hidden.detach().sort(0)[0][len(hidden) // 2]
        return self.last(hidden).softmax(0)


def test_rows_ranked_elsewhere_hide_no_softmax_over_the_batch():
    def ranked() -> None:
        x = torch.randn(160, 6)
        model, y = Ranked(), x[:, :3].argmax(1)

        def loss() -> torch.Tensor:
            rows = torch.randint(160, (32,))
            return F.nll_loss((model(x[rows]) + 1e-9).log(), y[rows])

        steps(model, loss, count=80)

    assert "softmax_wrong_dim" in faults(diagnosed(ranked))


@pytest.mark.parametrize(
    "training",
    [
        decoder,
        tagger,
        both,
        of_rows(Capsules, 6, 5),
        of_rows(Patches, 8, 8),
        of_rows(Long, 20, 3),
        expert_choice,
    ],
    ids=["decoder", "tagger", "both ways", "capsules", "patches", "as long as its batch", "expert choice"],
)
def test_nothing_is_told_of_axes_and_tokens(training: Callable[[], None]):
    report = diagnosed(training)
    assert report.troubles == ()
    told = {"mixed_axes", "softmax_wrong_dim", "missing_causal_mask", "target_not_shifted"}
    assert not told & set(faults(report))


def random_features() -> None:
    """An extreme learning machine: the first layer is frozen as it was drawn."""
    x = torch.rand(200, 4)
    model = nn.Sequential(nn.Linear(4, 64), nn.Tanh(), nn.Linear(64, 1))
    model[0].requires_grad_(False)

    def loss() -> torch.Tensor:
        rows = torch.randint(200, (40,))
        return F.mse_loss(model(x[rows]), x[rows].sum(1, keepdim=True))

    steps(model, loss, count=300)


def random_teacher() -> None:
    """Random network distillation on noisy rows: a fixed network of its own weights is what is learnt."""
    network = lambda: nn.Sequential(nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, 2))  # noqa: E731
    target, predictor = network(), network()

    def loss() -> torch.Tensor:
        rows = torch.randn(32, 4)
        with torch.no_grad():
            wanted = target(rows)
        return F.mse_loss(predictor(rows + 0.02 * torch.randn(32, 4)), wanted)

    steps(predictor, loss, count=250)


@pytest.mark.parametrize(
    ("training", "fault"), [(random_features, "frozen_params"), (random_teacher, "target_net_not_updated")]
)
def test_what_stays_random_on_purpose_is_a_note(training: Callable[[], None], fault: str):
    report = diagnosed(training)
    assert report.outcome["state"] == "learnt"
    assert faults(report) == []
    assert [note.fault for note in report.notes] == [fault]
