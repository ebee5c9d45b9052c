# pyright: basic
"""Where a network can't be asked, or its answers aren't those of its training, its batches are believed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np
import pytest
import torch
from diagnosis.watched import diagnosed
from torch import nn
from torch.nn import functional

from trainlab.diagnosis import Report

pytestmark = pytest.mark.trains


def table(seed: int = 1, rows: int = 200) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(seed)
    x = torch.randn(rows, 3)
    return x, x.sum(1, keepdim=True)


def small(last: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Linear(3, 16), nn.Tanh(), nn.Linear(16, last))


def fit(model: nn.Module, x: torch.Tensor, y: torch.Tensor, loss: Callable, *, lr: float = 0.02) -> None:
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    for _ in range(120):
        optimizer.zero_grad()
        loss(model(x), y).backward()
        optimizer.step()


def weights_in_new_storage() -> None:
    x, y = table()
    model = small()
    for _ in range(200):
        functional.mse_loss(model(x), y).backward()
        for parameter in model.parameters():
            parameter.data = parameter.data - 0.1 * parameter.grad
            parameter.grad = None


def weights_drawn_anew_at_the_end() -> None:
    x, y = table()
    model = small()
    fit(model, x, y, functional.mse_loss)
    for parameter in model.parameters():
        nn.init.normal_(parameter)
    KEPT.append(model)


def one_row_at_a_time() -> None:
    x, y = table()
    answers = (y[:, 0] > 0).float()
    model = nn.Sequential(small(), nn.Sigmoid())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(2):
        for row, answer in zip(x, answers, strict=True):
            optimizer.zero_grad()
            functional.binary_cross_entropy(model(row).squeeze(), answer).backward()
            optimizer.step()


def shares_for_targets() -> None:
    torch.manual_seed(0)
    grey = torch.sigmoid((torch.rand(400, 2) - 0.5) @ torch.randn(2, 16))
    model = nn.Sequential(nn.Linear(16, 16), nn.Sigmoid())
    fit(model, grey, grey, functional.binary_cross_entropy, lr=0.1)


def the_last_of_two() -> None:
    x, y = table()
    for rate in (1e-6, 0.02):
        model = small()
        fit(model, x, y, functional.mse_loss, lr=rate)


def test_of_two_trainings_each_is_judged_for_itself() -> None:
    report = diagnosed(the_last_of_two).to_dict()
    states = [one["outcome"]["state"] for one in report["trainings"]]
    assert states[0] in ("stuck", "poor")
    assert states[1] == "learnt"
    assert report["outcome"]["state"] == states[0]


def a_task_that_turned() -> None:
    x, y = table()
    model = small()
    fit(model, x, -y, functional.mse_loss)
    fit(model, x, y, functional.mse_loss, lr=0.05)


KEPT: list[nn.Module] = []
"""A network that outlives its training."""


@pytest.mark.parametrize(
    "training",
    [
        weights_in_new_storage,
        weights_drawn_anew_at_the_end,
        one_row_at_a_time,
        shares_for_targets,
        a_task_that_turned,
    ],
)
def test_what_was_learnt_is_said_to_be(training: Callable[[], None]):
    assert outcome(training)["state"] == "learnt"


def noise_of_rare_labels() -> None:
    x, _ = table()
    labels = (torch.rand(200, 4) < 0.1).float()
    fit(nn.Linear(3, 4), x, labels, nn.BCEWithLogitsLoss(pos_weight=torch.full((4,), 9.0)), lr=0.003)


def noise_beside_padding() -> None:
    torch.manual_seed(0)
    x, labels = torch.randint(1, 5, (200, 8)), torch.randint(1, 5, (200, 8))
    labels[torch.rand(200, 8) < 0.7] = 0
    model, loss = nn.Sequential(nn.Embedding(5, 8), nn.Linear(8, 5)), nn.CrossEntropyLoss(ignore_index=0)
    fit(model, x, labels, lambda out, y: loss(out.transpose(1, 2), y), lr=0.003)


@pytest.mark.parametrize("training", [noise_of_rare_labels, noise_beside_padding])
def test_what_was_not_is_not(training: Callable[[], None]):
    assert outcome(training)["state"] != "learnt"


def one_class() -> None:
    torch.manual_seed(0)
    fit(small(), table()[0], torch.ones(200, 1), nn.BCEWithLogitsLoss())


def test_nothing_is_judged_where_there_is_nothing_to_tell_apart():
    assert outcome(one_class)["state"] == "unknown"


def test_a_function_of_the_network_s_own_parts_is_not_called():
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm, self.head = nn.BatchNorm1d(3), nn.Linear(3, 1)
            self.block = lambda x: self.head(self.norm(x))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.block(x)

    model = Net()

    def training() -> None:
        fit(model, *table(), functional.mse_loss)
        KEPT.append(model)

    found = outcome(training)
    assert int(model.norm.num_batches_tracked) == 120
    assert found["asked"] == []
    assert found["not_asked"][0]["why"] == "it holds a function that may use parts of it"


def test_a_recurrent_network_is_asked():
    torch.manual_seed(0)
    x = torch.randn(100, 5, 2)

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn, self.head = nn.LSTM(2, 8, batch_first=True), nn.Linear(8, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(self.rnn(x)[0][:, -1])

    found = outcome(lambda: fit(Net(), x, x[:, -1, :1], functional.mse_loss, lr=0.05))
    assert found["not_asked"] == []
    assert found["asked"][0]["rows"] == 100
    assert found["asked"][0]["train_mode"]["reached"] > 0.5


def test_a_network_that_keeps_numbers_of_numpy_is_asked():
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale, self.shift, self.latest = (
                np.float32(2.0),
                np.zeros(3, dtype=np.float32),
                deque(maxlen=3),
            )
            self.layers = nn.Sequential(nn.Linear(3, np.int64(16)), nn.Tanh(), nn.Linear(np.int64(16), 1))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.latest.append(len(x))
            return self.layers(float(self.scale) * (x - torch.from_numpy(self.shift)))

    found = outcome(lambda: fit(Net(), *table(), functional.mse_loss))
    assert found["not_asked"] == []
    assert found["asked"][0]["rows"] == 200


def right_but_unsure() -> None:
    torch.manual_seed(0)
    x = torch.randn(400, 3)
    model = nn.Sequential(small(3), nn.Tanh())
    fit(model, x, x.argmax(1), lambda out, y: functional.cross_entropy(0.05 * out, y))


def test_answers_that_are_right_are_learnt_however_unsure_they_are():
    found = outcome(right_but_unsure)
    assert found["loss_by_constant"] > 0.9
    assert found["reached"] > 0.95
    assert found["state"] == "learnt"


def test_evaluations_of_two_rows_are_read_together():
    def training() -> None:
        x, _ = table()
        labels = torch.randint(0, 2, (200,))
        model = small(2)
        fit(model, x, labels, functional.cross_entropy, lr=1e-4)
        model.eval()
        with torch.no_grad():
            for rows, answers in zip(torch.randn(40, 2, 3), torch.randint(0, 2, (40, 2)), strict=True):
                functional.cross_entropy(model(rows), answers)

    assert outcome(training)["reached"] < 0.9


def evaluated_in_batches(classes: list[int]) -> None:
    """Train hardly at all on random labels, and evaluate in batches of one class each."""
    x, _ = table()
    model = small(2)
    with torch.no_grad():
        model[-1].weight.mul_(0.01)  # pyright: ignore
        model[-1].bias.copy_(torch.tensor([-0.3, 0.3]))  # pyright: ignore
    fit(model, x, torch.arange(200) % 2, functional.cross_entropy, lr=1e-7)
    model.eval()
    with torch.no_grad():
        for one in classes:
            functional.cross_entropy(model(torch.randn(40, 3)), torch.full((40,), one))


@pytest.mark.parametrize("classes", [[1], [0, 1, 1, 1]])
def test_an_evaluation_on_a_single_class_overrules_nothing(classes: list[int]):
    assert outcome(lambda: evaluated_in_batches(classes))["state"] == "stuck"


def test_a_count_of_right_answers_on_a_single_class_overrules_nothing():
    def training() -> None:
        evaluated_in_batches([])
        model, rows = small(2), torch.randn(40, 3)
        model.eval()
        with torch.no_grad():
            model[-1].bias.copy_(torch.tensor([-9.0, 9.0]))  # pyright: ignore
            assert (model(rows).argmax(1) == torch.ones(40)).float().mean() == 1

    assert outcome(training)["state"] == "stuck"


def outcome(training: Callable[[], None]) -> dict:
    report: Report = diagnosed(training)
    assert report.troubles == ()
    return report.outcome
