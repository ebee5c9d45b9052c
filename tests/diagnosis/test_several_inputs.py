# pyright: basic
"""Networks that are given several tensors: categories beside numbers, targets among the inputs."""

from __future__ import annotations

import torch
from diagnosis.faults.made import batches
from diagnosis.watched import diagnosed, faults
from torch import nn

from trainlab.diagnosis.card import epochs as gone_through
from trainlab.diagnosis.probe.probe import Probe

ROWS, SIZE, EPOCHS = 600, 50, 5


class Entities(nn.Module):
    """Two columns of categories, each in a table of its own, beside two numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.tables = nn.ModuleList([nn.Embedding(6, 3), nn.Embedding(4, 3)])
        self.body = nn.Sequential(nn.Linear(8, 24), nn.ReLU(), nn.Linear(24, 1))

    def forward(self, codes: torch.Tensor, numbers: torch.Tensor) -> torch.Tensor:
        found = [table(codes[:, place]) for place, table in enumerate(self.tables)]
        return self.body(torch.cat([*found, numbers], 1)).squeeze(1)


def table(*, mixed: bool = False) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return categories ``[600, 2]``, numbers ``[600, 2]`` and targets ``[600]``, in order or not."""
    random = torch.Generator().manual_seed(0)
    codes = torch.stack(
        [torch.randint(6, (ROWS,), generator=random), torch.randint(4, (ROWS,), generator=random)], 1
    )
    numbers = torch.randn(ROWS, 2, generator=random)
    means = torch.tensor([-1.5, 1.0, 0.0, 1.5, -1.0, 0.5])
    y = means[codes[:, 0]] * (1 - 0.5 * codes[:, 1]) + 0.3 * numbers[:, 0]
    y = (y - y.mean()) / y.std()
    return codes, numbers, y[torch.randperm(ROWS, generator=random)] if mixed else y


def train(*, mixed: bool = False, lr: float = 3e-3, epochs: int = EPOCHS) -> Entities:
    codes, numbers, y = table(mixed=mixed)
    net = Entities()
    optimizer = torch.optim.Adam(net.parameters(), lr=lr)
    for index in batches(ROWS, SIZE, epochs):
        loss = nn.functional.mse_loss(net(codes[index], numbers[index]), y[index])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return net


def test_rows_of_the_same_categories_differ_in_their_numbers() -> None:
    probe = Probe(whole_process=True)
    probe.start()
    train()
    seen = probe.stop()
    assert seen.troubles == []
    assert len(seen.data.train_rows) == ROWS
    assert gone_through(seen) == EPOCHS


def test_targets_out_of_step_are_seen_by_categories_and_numbers() -> None:
    assert faults(diagnosed(lambda: train(mixed=True))) == ["shuffled_targets"]


def test_targets_that_follow_the_categories_alone_are_in_step() -> None:
    """Neighbours by the numbers know nothing, and the network hasn't left the start: no proof of anything."""
    assert "shuffled_targets" not in faults(diagnosed(lambda: train(lr=1e-5)))


def test_of_two_inputs_the_second_may_be_the_one_that_counts() -> None:
    random = torch.Generator().manual_seed(1)
    noise, other = torch.randn(ROWS, 6, generator=random), torch.randn(ROWS, 2, generator=random)
    y = other[:, 0] + other[:, 1]

    class Forgetful(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Linear(6, 1)

        def forward(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
            return self.body(left).squeeze(1) + 0 * right[:, 0]

    def training() -> None:
        net = Forgetful()
        optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
        for index in batches(ROWS, SIZE, 2 * EPOCHS):
            loss = nn.functional.mse_loss(net(noise[index], other[index]), y[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    assert "shuffled_targets" not in faults(diagnosed(training))


def test_a_network_that_is_given_its_targets_is_not_measured_by_them() -> None:
    codes, _, y = table(mixed=True)

    class Whole(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = nn.Embedding(6, 1)

        def forward(self, given: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
            return nn.functional.mse_loss(self.table(given[:, 0]).squeeze(1), wanted)

    probe = Probe()
    probe.start()
    net = Whole()
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    for index in batches(ROWS, SIZE, EPOCHS):
        loss = net(codes[index], y[index])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    seen = probe.stop()
    assert seen.data.sample_x == []
    assert seen.data.sample_y == []


def test_nothing_is_searched_in_memory_for_rows_that_no_tensor_holds() -> None:
    kept = table()

    def training() -> None:
        net = train(epochs=8)
        net.eval()
        codes, numbers, _ = kept
        for _ in range(3):
            with torch.no_grad():
                net(codes[:100], numbers[:100])

    report = diagnosed(training, whole_process=True)
    assert faults(report) == []
    assert report.troubles == ()
