"""Tensors of a batch that nothing uses: noted where they are flags or called weights, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from diagnosis.faults.made import blobs, mlp
from diagnosis.watched import diagnosed, faults
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from trainlab.diagnosis import Finding

pytestmark = pytest.mark.trains


def noted(train: Callable[[], None]) -> list[Finding]:
    report = diagnosed(train)
    assert report.troubles == ()
    assert "batch_tensor_unused" not in faults(report)
    return [one for one in report.notes if one.fault == "batch_tensor_unused"]


def q_learning(*, uses_done: bool) -> None:
    """A memory of lists, of which tensors are made in each step."""
    memory = [
        (
            torch.randn(4).tolist(),
            int(torch.rand(1) < 0.5),
            float(torch.randn(1)),
            torch.randn(4).tolist(),
            k % 7 == 0,
        )
        for k in range(300)
    ]
    net = mlp(4, 16, 2)
    opt = torch.optim.Adam(net.parameters(), lr=1e-3)
    for _ in range(60):
        states, actions, rewards, following, ended = zip(
            *[memory[k] for k in torch.randint(300, (32,)).tolist()], strict=True
        )
        states = torch.tensor(states)
        actions = torch.tensor(actions)
        rewards = torch.tensor(rewards)
        following = torch.tensor(following)
        dones = torch.tensor(ended, dtype=torch.float32).unsqueeze(1)
        with torch.no_grad():
            best = net(following).max(1).values
        wanted = rewards + 0.9 * best * (1 - dones.squeeze(1) if uses_done else 1)
        opt.zero_grad()
        F.mse_loss(net(states).gather(1, actions[:, None]).squeeze(1), wanted).backward()
        opt.step()


def test_done_of_a_dqn_that_is_never_used_is_found():
    (finding,) = diagnosed(lambda: q_learning(uses_done=False)).findings
    assert finding.where.startswith("the tensor (32,) of 0 and 1 at test_unused_tensors.py:")
    assert "dones = torch.tensor(ended" in finding.where
    assert finding.evidence[0].endswith("steps looked at, and no network, loss or other function used it")
    assert finding.evidence[1] == "4 others of as many rows, made beside it, were used each time"
    assert finding.evidence[2].startswith("the targets are made of a network's own answers")


def test_done_that_is_used_is_no_news():
    assert noted(lambda: q_learning(uses_done=True)) == []


class Masked(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = mlp(8, 16, 4)

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return self.inner(x * mask[:, None])


def loaded(extra: torch.Tensor, use: str = "") -> Callable[[], None]:
    """A loader's batches with one tensor more, which is used in the network, in a metric, or not at all."""

    def train() -> None:
        x, y = blobs()
        model = Masked()
        opt = torch.optim.Adam(model.parameters(), lr=1e-2)
        ones = torch.ones(30)
        for _ in range(3):
            for inputs, targets, more in DataLoader(TensorDataset(x, y, extra), 30, shuffle=True):
                opt.zero_grad()
                out = model(inputs, more.float() if use == "network" else ones)
                F.cross_entropy(out, targets).backward()
                opt.step()
                if use == "metric":
                    print(more.mean(), end="\r")
                if use == "told":
                    more.tolist()

    return train


FLAGS = (torch.arange(600) % 3 == 0).float()


def test_flags_that_a_loader_gives_and_nothing_uses_are_noted():
    (note,) = noted(loaded(FLAGS))
    assert note.where.endswith(
        "`for inputs, targets, more in DataLoader(TensorDataset(x, y, extra), 30, shuffle=True):`, "
        "the 3rd that is made there"
    )


@pytest.mark.parametrize("use", ["network", "metric", "told"])
def test_flags_that_are_used_anywhere_are_no_news(use: str):
    assert noted(loaded(FLAGS, use)) == []


@pytest.mark.parametrize(
    "extra",
    [torch.arange(600), torch.arange(600) % 2, torch.rand(600), torch.arange(600).float()],
    ids=["indexes", "classes", "numbers", "times"],
)
def test_what_people_carry_along_is_no_news(extra: torch.Tensor):
    assert noted(loaded(extra)) == []


def test_weights_of_rows_that_nothing_uses_are_noted_by_their_name():
    def train() -> None:
        x, y = blobs()
        weights = torch.rand(600)
        model = mlp(8, 16, 4)
        opt = torch.optim.Adam(model.parameters(), lr=1e-2)
        for _ in range(60):
            rows = torch.randint(600, (30,))
            inputs, targets, of_row = x[rows], y[rows], weights[rows]
            opt.zero_grad()
            F.cross_entropy(model(inputs), targets).backward()
            opt.step()
            del of_row

    (note,) = noted(train)
    assert note.where.startswith("the tensor (30,) of float32 at ")


def test_many_tensors_that_are_stacked_are_all_used():
    """More than are followed one by one, and each of them flags."""

    def train() -> None:
        x, y = blobs()
        boards = (x > 0).float().tolist()
        model = mlp(8, 16, 4)
        opt = torch.optim.Adam(model.parameters(), lr=1e-2)
        for _ in range(60):
            rows = torch.randint(600, (60,)).tolist()
            inputs = torch.stack([torch.tensor(boards[row]) for row in rows])
            opt.zero_grad()
            F.cross_entropy(model(inputs), y[rows]).backward()
            opt.step()

    assert noted(train) == []


def bootstrapped(*, reads: bool, kind: str) -> None:
    """A DQN's step as people write it: the batch unpacked in a function, by NumPy, which nobody hears."""
    torch.manual_seed(0)
    random = np.random.default_rng(0)
    net, target = mlp(4, 16, 2), mlp(4, 16, 2)
    target.load_state_dict(net.state_dict())
    opt = torch.optim.Adam(net.parameters(), lr=1e-3)
    states = random.normal(size=(301, 4)).astype("f4")
    memory = [(states[k], k % 2, float(states[k].sum()), states[k + 1], k % 7 == 0) for k in range(300)]

    def drawn() -> list[np.ndarray]:
        return [
            np.array(one) for one in zip(*[memory[k] for k in random.integers(300, size=32)], strict=True)
        ]

    def moved(loss: torch.Tensor) -> None:
        opt.zero_grad()
        loss.backward()
        opt.step()

    def step() -> None:
        states, actions, rewards, following, done = drawn()
        with torch.no_grad():
            best = target(torch.from_numpy(following)).max(1).values * torch.from_numpy(~done).float()
        chosen = net(torch.from_numpy(states)).gather(1, torch.from_numpy(actions)[:, None]).squeeze(1)
        moved(F.smooth_l1_loss(chosen, torch.from_numpy(rewards).float() + 0.9 * best))

    def step_unread() -> None:
        states, actions, rewards, following, done = drawn()
        if kind == "made anew":
            done = torch.from_numpy(done).float()
        with torch.no_grad():
            best = target(torch.from_numpy(following)).max(1).values
        chosen = net(torch.from_numpy(states)).gather(1, torch.from_numpy(actions)[:, None]).squeeze(1)
        moved(F.smooth_l1_loss(chosen, torch.from_numpy(rewards).float() + 0.9 * best))

    for at in range(120):
        (step if reads else step_unread)()
        if at % 20 == 0:
            target.load_state_dict(net.state_dict())


@pytest.mark.parametrize("kind", ["as it comes", "made anew"])
def test_done_that_a_bootstrapped_step_never_reads_is_a_finding(kind: str):
    report = diagnosed(lambda: bootstrapped(reads=False, kind=kind))
    assert report.troubles == ()
    (finding,) = report.findings
    assert finding.fault == "batch_tensor_unused"
    assert finding.where.startswith("`done` at test_unused_tensors.py:")
    assert finding.evidence[0].startswith(
        "`done` holds 32 flags, one a row, and nothing in step_unread() reads it"
    )
    assert faults(diagnosed(lambda: bootstrapped(reads=True, kind=kind))) == []
