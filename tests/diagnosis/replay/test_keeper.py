"""A copy of the script's process: it goes on as the script did, and the script as if there were none."""

from __future__ import annotations

from pathlib import Path

import pytest
from diagnosis.replay.copied import TRAIN, copied, plain

from trainlab.diagnosis.remedies.remedy import Remedy
from trainlab.diagnosis.remedies.trial import Job

pytestmark = pytest.mark.usefixtures("forking")
LR = Remedy(words="the learning rate × 0.1", changes=({"change": "lr", "times": 0.1},))
LOADED = """
import sys
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

if __name__ == "__main__":
    torch.manual_seed(0)
    x = torch.randn(64, 3)
    data = DataLoader(TensorDataset(x, x.sum(1, keepdim=True)), batch_size=8, shuffle=True, num_workers=1)
    model = nn.Linear(3, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for epoch in range(3):
        for batch, target in data:
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(batch), target)
            loss.backward()
            optimizer.step()
        print(epoch, loss.item())
    print(torch.rand(1).item())
"""
BY_HAND = """
import torch

torch.manual_seed(0)
x = torch.randn(64, 3)
w = torch.zeros(3, 1, requires_grad=True)
for step in range(30):
    loss = (x @ w - x.sum(1, keepdim=True)).square().mean()
    slope, = torch.autograd.grad(loss, [w])
    with torch.no_grad():
        w -= 0.1 * slope
    print(step, loss.item())
"""
SCRIPTS = {
    "batches drawn by hand": TRAIN.replace("SEEDED", "False"),
    "a loader with a worker": LOADED,
    "no optimizer": BY_HAND,
    "Python's own generator": TRAIN.replace("SEEDED", "random.seed(1) is None"),
}


@pytest.mark.parametrize("code", SCRIPTS.values(), ids=SCRIPTS)
def test_the_script_prints_what_it_prints_alone(code: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    script = tmp_path / "train.py"
    script.write_text(code)
    found = copied(script)
    assert found.why_not == ""
    assert capfd.readouterr().err == plain(script)


def test_a_copy_that_changes_nothing_gives_the_scripts_losses(tmp_path: Path):
    script = tmp_path / "train.py"
    for name in ("batches drawn by hand", "a loader with a worker"):
        script.write_text(SCRIPTS[name])
        found = copied(script, [Job(seed) for seed in (1, 2)])
        assert found.unchanged == pytest.approx(found.report["outcome"]["curve"]["loss"], rel=1e-4)
        (_, one), (_, other) = found.runs
        assert one.error == other.error == ""
        assert one.outcome is not None
        assert other.outcome is not None
        assert one.outcome.last_loss != other.outcome.last_loss  # other weights, and another order of data


def test_a_remedy_takes_hold_in_every_step_and_ends_after_so_many(tmp_path: Path):
    script = tmp_path / "train.py"
    script.write_text(SCRIPTS["batches drawn by hand"])
    jobs = [Job(1), Job(1, LR)]
    runs = dict(copied(script, jobs, steps=12).runs)
    as_it_is, changed = (runs[job] for job in jobs)
    assert (as_it_is.acted, changed.acted) == (0, 12)
    assert as_it_is.outcome is not None
    assert changed.outcome is not None
    losses = changed.outcome.last_loss, as_it_is.outcome.last_loss
    assert (losses[0] or 0.0) > (losses[1] or 0.0) > 0


WHY_NOT = {
    "it has a thread of its own (Watching)": """
import threading, time
threading.Thread(target=time.sleep, args=(60,), name="Watching", daemon=True).start()
""",
    "it shares memory (": """
import torch
shared = torch.zeros(4).share_memory_()
""",
    "it trains in several processes": """
import tempfile, torch
torch.distributed.init_process_group("gloo", init_method=f"file://{tempfile.mktemp()}", rank=0, world_size=1)
""",
}


@pytest.mark.parametrize("words", WHY_NOT)
def test_what_cant_be_copied_is_said(words: str, tmp_path: Path):
    script = tmp_path / "train.py"
    script.write_text(WHY_NOT[words] + SCRIPTS["batches drawn by hand"])
    found = copied(script)
    assert found.report["looked_at"]["steps"] == 30
    assert found.why_not.startswith(words)


def test_a_script_that_takes_no_step_has_no_copy(tmp_path: Path):
    script = tmp_path / "train.py"
    script.write_text("import torch\n")
    assert copied(script).why_not == "none was made"
