"""A diagnosis whose remedies were tried, and a population of seeds."""

from __future__ import annotations

import importlib
import json
import re

import torch
from golden.case import Case
from golden.faults import diagnosis
from golden.views import Views
from torch import nn

import trainlab
from trainlab.report import seeds_html


def doctor() -> Views:
    """Diagnose a training whose ReLUs are dead, and try what is advised."""
    torch.manual_seed(0)
    training = importlib.import_module("diagnosis.faults.dead_relu")
    report = trainlab.doctor(lambda: training.train(True), try_=True, seeds=3, budget=600)
    # How long a time is decides where a line is wrapped.
    data = json.loads(re.sub(r"( runs in )[\d.,]+ \w+\)", r"\g<1>1 s)", report.to_json()))
    return diagnosis(data)


def seeds() -> Views:
    """Train a small network from other seeds, of which some reach a small loss."""

    def train() -> None:
        torch.manual_seed(0)
        x = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
        y = torch.tensor([[0.0], [1.0], [1.0], [0.0]])
        model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
        optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
        for _ in range(60):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
        print(f"mse: {loss.item()}")

    torch.manual_seed(0)
    found = trainlab.seeds(train, n=6, metric="mse", at_most=0.05)
    return Views(data=found.to_dict(), terminal=str(found), page=seeds_html(found))


CASES = {each.__name__: Case(make=each) for each in (doctor, seeds)}
