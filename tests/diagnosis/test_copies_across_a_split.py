"""Rows held out that have copies among those trained on: found by distances, told with the score beside."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from diagnosis.watched import diagnosed, faults
from scipy.stats import rankdata
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from trainlab.diagnosis import Report
from trainlab.diagnosis.probe.held_out_rows import EvaluatedBatch, near_copies, ranks

QUESTION = "rows held out have no copies among those trained on"
Rows = tuple[torch.Tensor, torch.Tensor]


# Near copies, by simulation: luck has one row in a hundred, whatever the data are like.


def independent(rng: np.random.Generator, kind: str, rows: int) -> np.ndarray:
    """Rows that were each drawn by themselves."""
    if kind.startswith("gauss"):
        return rng.normal(size=(rows, int(kind.removeprefix("gauss "))))
    if kind == "heavy tails":
        return rng.standard_cauchy(size=(rows, 8))
    if kind == "wide scales":
        return rng.lognormal(sigma=3, size=(rows, 6)) * 10.0 ** np.arange(6)
    if kind == "categories and numbers":
        codes = rng.integers(0, 8, size=(rows, 3))
        return np.concatenate([np.eye(8)[codes].reshape(rows, -1), rng.lognormal(size=(rows, 4))], 1)
    if kind == "sparse":
        return rng.lognormal(size=(rows, 8)) * (rng.random((rows, 8)) < 0.3)
    if kind == "half idle":
        idle, level = rng.random(rows) < 0.5, rng.normal(size=(rows, 1))
        busy = rng.normal(size=(rows, 8))
        return np.where(idle[:, None], 0.1 * level + 0.003 * busy, busy)
    if kind == "five clusters":
        return rng.normal(size=(5, 6))[rng.integers(0, 5, rows)] * 10 + rng.normal(size=(rows, 6))
    phases = rng.random(rows)[:, None] * 100 + np.arange(12) * 0.1
    return np.sin(phases) + np.sin(1.7 * phases)


KINDS = ["gauss 2", "gauss 4", "gauss 16", "gauss 64", "heavy tails", "wide scales", "categories and numbers"]


@pytest.mark.parametrize("kind", [*KINDS, "five clusters", "waves", "sparse", "half idle"])
@pytest.mark.parametrize("trained", [100, 1000])
def test_of_independent_rows_luck_has_one_in_a_hundred(kind: str, trained: int):
    rng = np.random.default_rng(trained)
    rows = independent(rng, kind, trained + 500)
    assert near_copies(rows[:trained], rows[trained:]).mean() <= 0.03


@pytest.mark.parametrize(("features", "noise"), [(4, 0.01), (8, 0.05), (16, 0.1), (64, 0.2)])
@pytest.mark.parametrize("copies", [1, 5])
def test_copies_with_a_little_noise_are_found(features: int, noise: float, copies: int):
    rng = np.random.default_rng(copies)
    trained = rng.normal(size=(600, features))
    all_trained = np.concatenate([trained + noise * rng.normal(size=trained.shape) for _ in range(copies)])
    asked = np.concatenate(
        [trained[:200] + noise * rng.normal(size=(200, features)), rng.normal(size=(200, features))]
    )
    found = near_copies(all_trained, asked)
    assert found[:200].mean() > (0.85 if features == 4 else 0.95)
    assert found[200:].mean() <= 0.03


def test_ranks_are_those_of_scipy():
    values = np.random.default_rng(0).integers(0, 40, 200).astype(float)
    np.testing.assert_allclose(ranks(values, (values,))[0], (rankdata(values) - 0.5) / 200)


def test_what_is_told_in_two_ways_is_not_told():
    batch = EvaluatedBatch(np.zeros((2, 4)), [1, 2], [False, True], 2)
    batch.answered("accuracy", [1.0, 0.0])
    batch.answered("squared error", [0.3, 0.4])
    assert batch.values == [1.0, 0.0]
    batch.answered("accuracy", [1.0, 0.0], [1.0, 1.0])
    assert batch.targets == [1.0, 1.0]
    batch.answered("accuracy", [1.0, 1.0])
    assert batch.values == batch.targets == []


# Trainings, broken in five ways and sound in ways that look like it.


def noisy_rows(count: int, *, positives: float = 0.5, seed: int = 0) -> Rows:
    """Twelve features, of which two tell the class through much noise."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(count, 12, generator=generator)
    score = x[:, 0] - 0.8 * x[:, 1] + 1.5 * torch.randn(count, generator=generator)
    return x, (score > score.quantile(1 - positives)).long()


def split(x: torch.Tensor, y: torch.Tensor) -> tuple[Rows, Rows]:
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(1))
    first, rest = order[: len(x) * 4 // 5], order[len(x) * 4 // 5 :]
    return (x[first], y[first]), (x[rest], y[rest])


def repeated(x: torch.Tensor, y: torch.Tensor, which: torch.Tensor, times: int) -> Rows:
    return torch.cat([x, *[x[which]] * times]), torch.cat([y, *[y[which]] * times])


def jittered(x: torch.Tensor, y: torch.Tensor, *, share: float = 1.0) -> Rows:
    some = slice(int(share * len(x)))
    copies = [x[some] + 0.05 * torch.randn(x[some].shape) for _ in range(4)]
    return torch.cat([x, *copies]), torch.cat([y, *[y[some]] * 4])


def train(
    trained: Rows, held_out: Rows, *, batches: bool = False, regression: bool = False, epochs: int = 40
) -> None:
    """Learn one part by heart and evaluate the other after every tenth epoch."""
    torch.manual_seed(2)
    model = nn.Sequential(
        nn.Linear(12, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1 + 1 * (not regression))
    )
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    criterion: Callable[..., torch.Tensor] = F.mse_loss if regression else F.cross_entropy
    loader = DataLoader(TensorDataset(*trained), batch_size=32, shuffle=True)
    for epoch in range(epochs):
        model.train()
        for x, y in loader:
            opt.zero_grad()
            criterion(model(x).squeeze(1) if regression else model(x), y).backward()
            opt.step()
        if epoch % 10 == 9:
            model.eval()
            with torch.no_grad():
                for x, y in DataLoader(
                    TensorDataset(*held_out), batch_size=64 if batches else len(held_out[0])
                ):
                    if regression:
                        criterion(model(x).squeeze(1), y)
                    else:
                        (model(x).argmax(1) == y).sum()


def of(way: str) -> None:
    x, y = noisy_rows(400, positives=0.15 if "class" in way else 0.5)
    everything = torch.arange(len(x))
    if way == "a class repeated":
        train(*split(*repeated(x, y, y.nonzero()[:, 0], 4)))
    elif way == "a third repeated":
        train(*split(*repeated(x, y, everything[:130], 3)), batches=True)
    elif way == "all altered a little":
        train(*split(*jittered(x, y)), epochs=20)
    elif way == "half altered a little":
        train(*split(*jittered(x, y, share=0.4)))
    elif way == "altered, regression":
        train(*split(*jittered(x, x[:, 0] * x[:, 1] + 0.5 * torch.randn(len(x)), share=0.4)), regression=True)
    elif way == "split, then a class repeated":
        (x, y), held_out = split(x, y)
        train(repeated(x, y, y.nonzero()[:, 0], 4), held_out)
    elif way == "split, then altered":
        trained, held_out = split(x, y)
        train(jittered(*trained), held_out, epochs=20)
    elif way == "few values":
        x = (x[:, :12] > 0).float()
        train(*split(x, y), epochs=20)
    elif way == "rows used again in training, all looked at":
        trained, _ = split(x, y)
        train(trained, (x, y), epochs=20)
    else:
        train(*split(x, y))


def told(report: Report) -> tuple[str, str] | None:
    return next(((one["answer"], one["words"]) for one in report.recipe if one["question"] == QUESTION), None)


@pytest.mark.trains
@pytest.mark.parametrize(
    ("way", "evidence"),
    [
        ("a class repeated", "as if class 1 had been repeated before the split"),
        ("a third repeated", "of 158 rows held out have a copy"),
        ("all altered a little", "no row without a copy was evaluated"),
        ("half altered a little", "differ by a little noise"),
        ("altered, regression", "their mean squared error is"),
    ],
)
def test_copies_made_before_the_split_are_found(way: str, evidence: str):
    report = diagnosed(lambda: of(way))
    assert "eval_on_train" in faults(report)
    finding = next(one for one in report.findings if one.fault == "eval_on_train")
    assert any(evidence in line for line in finding.evidence), finding.evidence
    answer, words = told(report) or ("", "")
    assert answer == "no"
    assert "(eval_on_train)" in words


@pytest.mark.trains
@pytest.mark.parametrize(
    "way",
    [
        "nothing",
        "split, then a class repeated",
        "split, then altered",
        "few values",
        "rows used again in training, all looked at",
    ],
)
def test_what_only_looks_like_it_is_sound(way: str):
    report = diagnosed(lambda: of(way))
    assert "eval_on_train" not in faults(report)
    assert (told(report) or ("yes", ""))[0] == "yes"


# Windows of a series: split at random, the window one step later was trained on.


def series(way: str, *, features: int, classes: bool = False) -> None:
    generator = torch.Generator().manual_seed(3)
    walk = torch.randn(500, features, generator=generator).cumsum(0)
    windows = walk.unfold(0, 8, 1).movedim(1, 2)[:-1]
    x, y = windows.flatten(1) if features == 1 else windows, walk[8:, 0]
    if classes:
        y = (windows.flatten(1)[:, -1] > windows.flatten(1)[:, 0]).float()
    loss = F.binary_cross_entropy_with_logits if classes else F.mse_loss
    if way == "unlike":
        x = torch.randn(x.shape, generator=generator)
    order = torch.randperm(len(x), generator=generator) if way == "at random" else torch.arange(len(x))
    first, rest = order[:400], order[400:]
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(8 * features, 16), nn.ReLU(), nn.Linear(16, 1))
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(30):
        model.train()
        for part in torch.randperm(400).split(50):
            opt.zero_grad()
            loss(model(x[first[part]])[:, 0], y[first[part]]).backward()
            opt.step()
        model.eval()
        with torch.no_grad():
            loss(model(x[rest])[:, 0], y[rest])


@pytest.mark.trains
@pytest.mark.parametrize(("features", "classes"), [(1, False), (3, False), (1, True)])
@pytest.mark.parametrize(("way", "answers"), [("at random", ["deviates"]), ("by time", []), ("unlike", [])])
def test_windows_that_overlap_across_a_split_are_told_and_accuse_nobody(
    way: str, answers: list[str], features: int, classes: bool
):
    report = diagnosed(lambda: series(way, features=features, classes=classes))
    question = "windows held out don't overlap those trained on"
    assert [one["answer"] for one in report.recipe if one["question"] == question] == answers
    assert "eval_on_train" not in faults(report)
