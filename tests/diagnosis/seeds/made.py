"""Runs and populations made up for tests, and a script whose outcome depends on the seed."""

from __future__ import annotations

from typing import Any

from trainlab.diagnosis.seeds.population import SeedsResult, Way
from trainlab.diagnosis.seeds.seed_run import SeedRun, Success, measure_of

SCRIPT = """
import torch
from torch import nn

torch.manual_seed(0)
x = torch.linspace(-1, 1, 32)[:, None]
y = x**2
model = nn.Sequential(nn.Linear(1, 4), nn.Tanh(), nn.Linear(4, 1))
start = model[0].weight[0].item()
optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
for step in range(80):
    loss = nn.functional.mse_loss(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
last_loss = loss.item()
print({"mse": last_loss})
if start > 0:
    raise ValueError("bad luck")
"""


def run(seed: int | None, **changes: Any) -> SeedRun:
    known: dict[str, Any] = {
        "seed": seed,
        "ended": "end",
        "state": "learnt",
        "reached": 0.9,
        "reached_as": "accuracy",
        "last_loss": 0.1,
        "curve": f"curve {seed}",
        "steps": 100,
        "models": 1,
        "rows": (1, 2, 3),
    }
    return SeedRun(**known | changes)


def population(*runs: SeedRun, yours: SeedRun | None = None, metric: str = "", **changes: Any) -> SeedsResult:
    own = yours or run(None)
    success = changes.pop("success", Success())
    known: dict[str, Any] = {
        "script": "train.py",
        "arguments": (),
        "way": Way(name="rerun", why="asked for"),
        "asked": len(runs),
        "yours": own,
        "runs": runs,
        "measure": measure_of([own, *runs], metric=metric, success=success),
        "success": success,
        "how": {"workers": 2, "engine": None, "seconds": 1.0, "seconds_a_run": 0.1},
    }
    return SeedsResult(**known | changes)
