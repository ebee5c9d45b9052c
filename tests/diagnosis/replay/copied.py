"""A script run under the doctor with copies of its process kept, and what is tried on them."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from trainlab.diagnosis import Plan, run_script
from trainlab.diagnosis.remedies.script_trials import ScriptTrials
from trainlab.diagnosis.remedies.trial import Job, Run
from trainlab.diagnosis.script.process_pool import ProcessPool, keepers

TRAIN = """
import random
import numpy as np
import torch
from torch import nn

torch.manual_seed(0)
np.random.seed(0)
x = torch.randn(64, 3)
y = x.sum(1, keepdim=True)
model = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
for step in range(30):
    rows = torch.randint(64, (8,))
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(model(x[rows]), y[rows])
    loss.backward()
    optimizer.step()
    print(step, loss.item())
print(sum(p.double().sum().item() for p in model.parameters()))
print(torch.rand(1).item(), np.random.rand(), random.random() if SEEDED else "")
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Copied:
    """The script's report, why no copies were there, and what was tried on them.

    `unchanged` are the losses of a copy that changes nothing.
    """

    report: dict[str, Any]
    why_not: str
    unchanged: Sequence[float] = ()
    runs: list[tuple[Job, Run]] = field(default_factory=list[tuple[Job, Run]])


def copied(
    script: Path, jobs: Sequence[Job] = (), *, steps: int = 0, between: Callable[[], object] = bool
) -> Copied:
    """Run a script, call `between`, and run the jobs on copies of its process, so many steps each."""
    plan = Plan(script=str(script))
    with keepers() as waiting:
        report = run_script(replace(plan, keepers=waiting.theirs), output_to_stderr=True)
        servers, why_not = waiting.servers()
        if why_not:
            return Copied(report=report, why_not=why_not)
        between()
        plan = replace(plan, steps=steps)
        (ran,) = ProcessPool(workers=1, given=servers[:1]).carry_out([plan], threading.Event())
        assert ran.report is not None
        trials = ScriptTrials(plan, seconds=20, given=servers)
        runs = list(trials.run(jobs, deadline=time.monotonic() + 120))
    unchanged = ran.report["outcome"]["curve"]["loss"]
    return Copied(report=report, why_not="", unchanged=unchanged, runs=runs)


def plain(script: Path) -> str:
    """Run a script by itself, and return what it prints."""
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
