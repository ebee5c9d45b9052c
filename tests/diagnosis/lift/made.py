"""Trainings as short scripts, and their recordings, made in processes of their own."""

from __future__ import annotations

from pathlib import Path
from threading import Event

from forked import forking

from trainlab.diagnosis.lift.recording import Recording, read
from trainlab.diagnosis.script.plan import Extras, Plan
from trainlab.diagnosis.script.process_pool import ProcessPool

HEAD = """
import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(0)
x = torch.linspace(-1, 1, 24).reshape(12, 2)
y = x.prod(1, keepdim=True)
classes = (y[:, 0] > 0).long() + (x[:, 0] > 0.5).long()
"""
MODEL = "model = nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 1))\n"
THREE = "model = nn.Sequential(nn.Linear(2, 5), nn.ReLU(), nn.Linear(5, 3))\n"
SGD = "optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)\n"
LOOP = """
for step in range(64):
    loss = LOSS
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""


def loop(loss: str) -> str:
    return LOOP.replace("LOSS", loss)


PLAIN = HEAD + MODEL + SGD + loop("F.mse_loss(model(x), y)")


def recorded(scripts: dict[str, tuple[str, int | None]], folder: Path) -> dict[str, Recording]:
    """Run scripts with these seeds (None: as they are) by one server, and return their recordings by name."""
    plans: list[Plan] = []
    for name, (text, seed) in scripts.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
        extras = Extras(recording=str(folder / f"{name}.npz"))
        plans.append(Plan(script=str(folder / f"{name}.py"), seed=seed, extras=extras))
    with forking():
        every = list(ProcessPool(workers=1).carry_out(plans, Event()))
    for ran in every:
        assert ran.report is not None, ran
        assert ran.report["ended"]["how"] == "end", ran.report["ended"]
        assert ran.report["troubles"] == []
    return {name: read(str(folder / f"{name}.npz")) for name in scripts}
