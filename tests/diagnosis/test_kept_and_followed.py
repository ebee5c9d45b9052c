"""States that are kept, and networks that stand still, as they should be."""

from __future__ import annotations

import copy

import pytest
import torch
from diagnosis.faults.made import batches, blobs, fit, mlp
from diagnosis.watched import diagnosed, faults
from torch.nn import functional as F


def kept_in_a_file(tmp_path) -> None:
    x, y = blobs()
    model = mlp(8, 24, 4)
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    model.load_state_dict(model.state_dict())
    torch.save(model.state_dict(), tmp_path / "best.pt")
    fit(model, opt, F.cross_entropy, x, y, epochs=2)
    model.load_state_dict(model.state_dict())
    model.load_state_dict(torch.load(tmp_path / "best.pt"))
    other = mlp(8, 24, 4)
    model.load_state_dict(other.state_dict(), assign=True)
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    fit(model, opt, F.cross_entropy, x, y, epochs=4)


def test_a_state_from_a_file_or_of_the_same_step(tmp_path):
    assert faults(diagnosed(lambda: kept_in_a_file(tmp_path))) == []


def beside(kind: str) -> None:
    """Train a network beside one of the same shapes that answers without gradients."""
    x, y = blobs()
    model, other = mlp(8, 24, 4), mlp(8, 24, 4)
    if kind == "reference":
        other = copy.deepcopy(model)
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    for step, index in enumerate(batches(600, 30, 12)):
        rows = index if kind != "mean of the past" else torch.randint(600, (30,))
        with torch.no_grad():
            told = other(x[rows]).softmax(1)
        loss = F.cross_entropy(model(x[index]), y[index])
        if kind != "mean of the past":
            loss = loss + 0.1 * F.kl_div(model(x[index]).log_softmax(1), told, reduction="batchmean")
        opt.zero_grad()
        loss.backward()
        opt.step()
        if kind == "mean of the past" and step % 10 == 0:
            for slow, fast in zip(other.parameters(), model.parameters(), strict=True):
                slow.data.lerp_(fast.data, 0.1)


@pytest.mark.trains
@pytest.mark.parametrize("kind", ["frozen teacher", "reference", "mean of the past"])
def test_a_network_that_is_meant_to_stand_still_or_follows(kind: str):
    assert "target_net_not_updated" not in faults(diagnosed(lambda: beside(kind)))


def bootstrapped(*, follows: bool, opponent: bool = False) -> None:
    states = torch.eye(6)
    online, target = mlp(6, 16, 2), mlp(6, 16, 2)
    opt = torch.optim.Adam(online.parameters(), lr=0.01)
    for step in range(260):
        now, action = torch.randint(6, (32,)), torch.randint(2, (32,))
        then = (now + 2 * action - 1).clamp(0, 5)
        with torch.no_grad():
            best = target(states[then]).max(1).values
            if opponent:
                best = 0 * sum(target(states[then]).max(1).values for _ in range(4))
            goal = (then == 5).float() + 0.8 * best * (then != 5)
        loss = F.smooth_l1_loss(online(states[now])[torch.arange(32), action], goal)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if follows and step % 100 == 99:
            target.load_state_dict(online.state_dict())


@pytest.mark.trains
def test_a_target_that_is_never_loaded_at_all():
    assert faults(diagnosed(lambda: bootstrapped(follows=False)))[0] == "target_net_not_updated"
    assert faults(diagnosed(lambda: bootstrapped(follows=True))) == []
    opponents = diagnosed(lambda: bootstrapped(follows=False, opponent=True))
    assert "target_net_not_updated" not in faults(opponents)


@pytest.mark.trains
def test_a_target_that_is_the_network_itself():
    def train() -> None:
        x, _ = blobs()
        model = mlp(8, 24, 4)
        slow = model
        opt = torch.optim.Adam(model.parameters(), lr=0.01)
        for index in batches(600, 30, 2):
            noisy = x[index] + 0.1 * torch.randn(30, 8)
            loss = F.mse_loss(model(noisy), slow(x[index]))
            opt.zero_grad()
            loss.backward()
            opt.step()
            with torch.no_grad():
                for one, two in zip(slow.parameters(), model.parameters(), strict=True):
                    one.mul_(0.99).add_(two, alpha=0.01)

    assert faults(diagnosed(train))[0] == "target_net_not_updated"


def overfitted(*, copied: bool) -> None:
    x, y = blobs(260, spread=2.5)
    model = mlp(8, 24, 4)
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    lowest, best = float("inf"), model
    for _ in range(12):
        fit(model, opt, F.cross_entropy, x[:60], y[:60], epochs=4)
        with torch.no_grad():
            value = F.cross_entropy(model(x[60:]), y[60:]).item()
            if value < lowest:
                lowest, best = value, copy.deepcopy(model) if copied else model
    with torch.no_grad():
        F.cross_entropy(best(x[60:]), y[60:])


@pytest.mark.trains
def test_the_best_network_that_was_kept_is_the_one_judged():
    assert faults(diagnosed(lambda: overfitted(copied=True))) == []
    assert faults(diagnosed(lambda: overfitted(copied=False))) == ["overfitting"]
