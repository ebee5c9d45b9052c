# pyright: basic
"""Networks that are given several tensors: categories beside numbers, targets among the inputs."""

from __future__ import annotations

import pytest
import torch
from diagnosis.faults.made import batches
from diagnosis.watched import diagnosed, faults
from torch import nn

from trainlab.diagnosis.probe.probe import Probe
from trainlab.diagnosis.signals.training import epochs as gone_through

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


class Rated(nn.Module):
    """Users by items, 300 by 200, beside a time."""

    def __init__(self) -> None:
        super().__init__()
        self.users, self.items, self.time = nn.Embedding(300, 8), nn.Embedding(200, 8), nn.Linear(1, 1)

    def forward(self, ids: torch.Tensor, when: torch.Tensor) -> torch.Tensor:
        return (0.01 * self.users(ids[:, 0]) * self.items(ids[:, 1])).sum(1) + self.time(when)[:, 0]


class Read(nn.Module):
    """Sixteen of 3,000 words beside two numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.last = nn.Embedding(3_000, 16), nn.Linear(18, 1)

    def forward(self, tokens: torch.Tensor, numbers: torch.Tensor) -> torch.Tensor:
        return self.last(torch.cat([self.words(tokens).mean(1), numbers], 1))[:, 0]


@pytest.mark.parametrize("kind", [Rated, Read])
def test_neighbours_know_nothing_of_users_or_words(kind: type[nn.Module]) -> None:
    """Few epochs of what takes many: that neighbours by such codes are at chance is no proof."""

    def training() -> None:
        random = torch.Generator().manual_seed(2)
        count = 1_500
        if kind is Rated:
            codes = torch.stack([torch.randint(most, (count,), generator=random) for most in (300, 200)], 1)
            first, second = torch.randn(300, 3, generator=random), torch.randn(200, 3, generator=random)
            y = (first[codes[:, 0]] * second[codes[:, 1]]).sum(1)
        else:
            codes = torch.randint(3_000, (count, 16), generator=random)
            y = torch.randn(3_000, generator=random)[codes].mean(1)
        y, beside = (y - y.mean()) / y.std(), torch.randn(count, 1 if kind is Rated else 2, generator=random)
        net = kind()
        optimizer = torch.optim.Adam(net.parameters(), lr=3e-4)
        for index in batches(count, SIZE, 4):
            loss = nn.functional.mse_loss(net(codes[index], beside[index]), y[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    assert "shuffled_targets" not in faults(diagnosed(training))


def test_a_mask_beside_tokens_is_no_data() -> None:
    probe = Probe()
    probe.start()
    net = nn.Embedding(50, 8)

    class Masked(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net, self.last = net, nn.Linear(8, 1)

        def forward(self, tokens: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            weights = torch.softmax(mask, 1)
            return self.last((weights[..., None] * self.net(tokens)).sum(1))[:, 0]

    model = Masked()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    mask = torch.zeros(20, 6).masked_fill(torch.arange(6) > 3, float("-inf"))
    for _ in range(30):
        optimizer.zero_grad()
        model(torch.randint(50, (20, 6)), mask).square().mean().backward()
        optimizer.step()
    seen = probe.stop()
    assert seen.troubles == []
    assert seen.data.nonfinite_input is None
    assert seen.data.sample_x == []


@pytest.mark.trains
@pytest.mark.parametrize("beside", ["lengths", "numbers"])
def test_sequences_of_mixed_up_targets_are_found_unless_something_else_may_tell(beside: str) -> None:
    def training() -> None:
        x, lengths = torch.randn(320, 12, 2), torch.randint(4, 13, (320,))
        y = torch.randint(3, (320,))

        class Last(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.gru, self.last = nn.GRU(2, 8, batch_first=True), nn.Linear(8, 3)

            def forward(self, x: torch.Tensor, more: torch.Tensor) -> torch.Tensor:
                at = more if beside == "lengths" else lengths[: len(x)]
                return self.last(self.gru(x)[0][torch.arange(len(x)), at - 1])

        net = Last()
        optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
        more = lengths if beside == "lengths" else torch.randn(320, 4)
        for index in batches(256, 32, 10):
            loss = nn.functional.cross_entropy(net(x[index], more[index]), y[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            (net(x[256:], more[256:]).argmax(1) == y[256:]).float().mean().item()

    assert ("shuffled_targets" in faults(diagnosed(training))) == (beside == "lengths")
