"""Few rows that all differ, given one by one: what is learnt of them is whether each is answered right."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from diagnosis.watched import diagnosed
from torch import nn

X = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
XOR = torch.tensor([[0.0], [1.0], [1.0], [0.0]])
STEPS = 120


class Answers(nn.Module):
    """Answers a row by a value of its own; groups of rows may have to share one."""

    def __init__(self, shared: Sequence[int], start: Sequence[float]) -> None:
        super().__init__()
        self.shared = torch.tensor(shared)
        self.values = nn.Parameter(torch.tensor(start))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.values[self.shared[(2 * x[:, 0] + x[:, 1]).long()]][:, None]


def outcome(model: nn.Module, rows: Sequence[int], *, lr: float, loss: nn.Module) -> dict[str, object]:
    def train() -> None:
        optimizer = torch.optim.SGD(model.parameters(), lr=lr)
        for row in rows:
            optimizer.zero_grad()
            loss(model(X[row : row + 1]), XOR[row : row + 1]).backward()
            optimizer.step()

    return diagnosed(train).to_dict()["outcome"]


@pytest.mark.parametrize(
    ("start", "state", "behind"),
    [
        ((0.0, 0.6, 0.6, 0.4), "learnt", False),
        ((0.1, 0.7, 0.7, 0.6), "poor", True),
        ((0.5, 0.5, 0.5, 0.5), "stuck", False),
    ],
)
def test_a_table_is_learnt_if_each_row_is_answered_right(
    start: tuple[float, ...], state: str, behind: bool
) -> None:
    found = outcome(Answers(range(4), start), STEPS // 4 * [0, 1, 2, 3], lr=1e-9, loss=nn.MSELoss())
    assert (found["state"], found["behind"], found["data_allow"]) == (state, behind, 1.0)


def test_what_sees_three_of_four_points_alike_falls_short() -> None:
    model = Answers((0, 1, 1, 1), (0.5, 0.5))
    found = outcome(model, STEPS // 4 * [0, 1, 2, 3], lr=0.1, loss=nn.MSELoss())
    assert found["reached"] == pytest.approx(1 / 3, abs=0.05)
    assert (found["state"], found["behind"]) == ("poor", True)


def test_the_last_rows_being_answered_well_says_nothing_of_the_others() -> None:
    """The network is believed when asked, though the last 12 rows had no loss at all."""
    rows = (STEPS - 12) // 4 * [0, 1, 2, 3] + 12 // 2 * [0, 1]
    found = outcome(Answers(range(4), (0.0, 1.0, 1.0, 1.0)), rows, lr=1e-9, loss=nn.L1Loss())
    assert found["reached_on"] == "4 rows trained on, checked after the last step"
    assert (found["reached"], found["state"]) == (pytest.approx(0.0, abs=1e-6), "stuck")


def test_a_network_that_is_given_its_targets_has_nothing_to_predict() -> None:
    targets = X[:, 1:]

    def train() -> None:
        model = nn.Linear(2, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=1e-9)
        for step in range(STEPS):
            row = slice(step % 4, step % 4 + 1)
            optimizer.zero_grad()
            nn.functional.mse_loss(model(X[row]), targets[row]).backward()
            optimizer.step()

    assert diagnosed(train).to_dict()["outcome"]["data_allow"] is None
