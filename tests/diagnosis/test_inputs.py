"""What inputs are seen to be: features and summaries; stored data, split rows."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from diagnosis.faults.made import blobs, fit, mlp
from diagnosis.watched import diagnosed, faults
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset, Subset

from trainlab.diagnosis.faults.known_rows import says_held_out
from trainlab.diagnosis.observed.data import MAX_FEATURES, feature_name, sampled_places
from trainlab.diagnosis.probe.inputs import summaries
from trainlab.diagnosis.signals.baselines import references


def test_narrow_rows_are_looked_at_whole_and_wide_ones_at_the_same_places():
    assert sampled_places(5) == [0, 1, 2, 3, 4]
    wide = sampled_places(1_000)
    assert wide == sampled_places(1_000)
    assert len(set(wide)) == MAX_FEATURES
    assert max(wide) < 1_000


def test_values_have_the_names_that_their_place_in_the_input_gives():
    assert feature_name(3, (32, 10)) == "feature 3"
    assert feature_name(7, (32, 4, 3)) == "feature 1 at step 2"
    assert feature_name(5, (8, 1, 2, 3)) == "the value at [0, 1, 2]"


def test_of_a_wide_row_it_is_the_place_itself():
    x = torch.arange(30 * 9).reshape(1, 30, 9)
    for place, index in enumerate(sampled_places(270)):
        step, feature = divmod(index, 9)
        assert x[0, step, feature] == index
        assert feature_name(place, (64, 30, 9)) == f"feature {feature} at step {step}"


# Summaries of images and sequences: a shift changes them little, and what is in them stays.


def waves(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Two kinds of short waves somewhere in noise: ``[count, 1, 400]`` and their kind ``[count]``."""
    generator = np.random.default_rng(0)
    kind = generator.integers(0, 2, count)
    rows = 0.2 * generator.normal(size=(count, 1, 400))
    for row, which in zip(rows, kind, strict=True):
        place, phase = generator.integers(0, 380), generator.uniform(0, 2 * np.pi)
        row[0, place : place + 20] += np.sin(np.arange(20) * (2.0 if which else 1.2) + phase)
    return rows, kind


def test_a_shift_changes_hardly_anything() -> None:
    image = np.random.default_rng(1).normal(size=(1, 2, 24, 24))
    image[:, :, -5:] = image[:, :, :5] = image[..., -5:] = image[..., :5] = 0.0
    shifted = np.roll(image, (3, -2), (2, 3))
    np.testing.assert_allclose(summaries(shifted), summaries(image), rtol=0.03)


def test_what_neighbours_by_rows_do_not_see_neighbours_by_summaries_do() -> None:
    rows, kind = waves(300)
    by_rows = references([tuple(row) for row in rows[:, 0]], list(kind), classes=True)
    by_summary = references([tuple(row) for row in summaries(rows)], list(kind), classes=True)
    assert by_rows is not None
    assert by_summary is not None
    assert by_summary.neighbours > 0.95
    assert by_rows.neighbours < by_summary.neighbours - 0.1


def test_the_covariance_at_a_lag_is_that_of_numpy() -> None:
    rows = np.random.default_rng(2).normal(size=(1, 1, 30))
    scaled = (rows[0, 0] - rows.mean()) / rows.std()
    wanted = [(scaled[lag:] * scaled[:-lag]).mean() for lag in (1, 2, 4)]
    found = summaries(rows)[0]
    assert all(np.isclose(found, one).any() for one in wanted)


@pytest.mark.trains
@pytest.mark.parametrize("mixed", [False, True])
def test_a_network_that_has_not_learnt_yet_is_no_proof_that_targets_are_mixed_up(mixed: bool) -> None:
    rows, kind = waves(320)
    x, y = torch.tensor(rows, dtype=torch.float32), torch.tensor(kind)
    if mixed:
        y = y[torch.randperm(len(y), generator=torch.Generator().manual_seed(3))]

    def training() -> None:
        net = nn.Sequential(
            nn.Conv1d(1, 4, 3), nn.Tanh(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(4, 2)
        )
        optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
        fit(net, optimizer, nn.functional.cross_entropy, x[:256], y[:256], epochs=8)
        with torch.no_grad():
            assert (net(x[256:]).argmax(1) == y[256:]).float().mean().item() < 0.8

    assert ("shuffled_targets" in faults(diagnosed(training))) == mixed


# Datasets that change what they hold, and lose nothing by it.


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


# Rows evaluated that were trained on, in part: by a wrong split, or on purpose.


def train_on_rows(way: str) -> None:
    x, y = blobs(600)
    order = torch.randperm(600)
    learnt, held = order[:400], order[400:]
    if way == "split twice":
        held = torch.randperm(600)[:200]
    elif way == "all rows":
        held = order[torch.randperm(600)]
    model = mlp(8, 24, 4)
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    for part in torch.arange(400).split(100 if way == "tested, then trained on" else 400):
        rows = learnt[part]
        for _ in range(3):
            fit(model, opt, F.cross_entropy, x[rows], y[rows], epochs=2)
            with torch.no_grad():
                new = learnt[part[-1] + 1 :][:100] if way == "tested, then trained on" else held
                if len(new):
                    (model(x[new]).argmax(1) == y[new]).sum()


@pytest.mark.trains
def test_training_and_test_rows_that_were_split_apart():
    report = diagnosed(lambda: train_on_rows("split twice"))
    assert faults(report)[0] == "eval_on_train"
    assert "they weren't cut from one order" in report.findings[0].evidence[1]


@pytest.mark.trains
@pytest.mark.parametrize("way", ["split once", "all rows", "tested, then trained on"])
def test_rows_that_may_be_evaluated(way: str):
    assert faults(diagnosed(lambda: train_on_rows(way))) == []


def train_on_all(way: str) -> None:
    """Train on all 400 rows, and evaluate a quarter of them, or others."""
    x, y = blobs(500 if way in ("held out", "with gradients") else 400)
    x_test, y_test = (x[400:], y[400:]) if way == "held out" else (x[:100].clone(), y[:100])
    some, of_some = x_test, y_test
    model = mlp(8, 24, 4)
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    x = x + torch.randn(x.shape) if way == "others after all" else x
    for _ in range(4):
        fit(model, opt, F.cross_entropy, x[:400], y[:400], epochs=1)
        if way == "no names":
            with torch.no_grad():
                (model(some).argmax(1) == of_some).sum()
            continue
        if way == "with gradients":
            (model(x[400:]).argmax(1) == y[400:]).sum()
            x_test = x[400:]
        with torch.no_grad():
            (model(x_test).argmax(1) == y_test).sum()


@pytest.mark.trains
def test_test_rows_that_are_trained_on_are_known_by_their_name():
    report = diagnosed(lambda: train_on_all("trained on"))
    assert faults(report) == ["eval_on_train"]
    assert "model(x_test)" in report.findings[0].where
    assert report.findings[0].evidence[0] == "100 of 100 rows that were evaluated were also trained on"


@pytest.mark.trains
@pytest.mark.parametrize("way", ["held out", "no names", "with gradients", "others after all"])
def test_a_part_of_the_training_rows_may_be_looked_at(way: str):
    assert faults(diagnosed(lambda: train_on_all(way))) == []


@pytest.mark.parametrize(
    ("line", "held"),
    [
        ("for x, t in test_loader:", True),
        ("out = model(X_test)", True),
        ("for x, t in validLoader:", True),
        ("loss = criterion(model(x_val), y_val)", True),
        ("for x, t in train_loader:", False),
        ("values, devices = latest(model)", False),
        ("model(contest)", False),
    ],
)
def test_names_that_say_held_out(line: str, held: bool):
    assert says_held_out(line) is held


@pytest.mark.trains
def test_reconstructions_are_no_data_that_was_held_out():
    def training() -> None:
        x, _ = blobs(600)
        model = mlp(8, 16, 8)
        opt = torch.optim.Adam(model.parameters(), lr=0.01)
        for _ in range(4):
            fit(model, opt, F.mse_loss, x, x, epochs=2)
            with torch.no_grad():
                made = model(x)
                (made - x).square().mean(1).topk(5)
            kept.append(made)

    kept: list[torch.Tensor] = []
    assert "eval_on_train" not in faults(diagnosed(training, whole_process=True))
