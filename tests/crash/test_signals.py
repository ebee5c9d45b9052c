"""Whatever ends a command, a second later nothing is left of it: no process, no folder, no half of a file."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from crash.signals import (
    COMMANDS,
    Left,
    Wait,
    after,
    is_noisy,
    names_our_files,
    send,
    undisturbed,
)

if sys.platform != "linux":
    pytest.skip("processes are looked for in /proc", allow_module_level=True)

# A loader's worker is at work as it says that it has begun; from the given time on it doesn't end by itself.
ENDLESS = """\
import time
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

if __name__ == "__main__":
    torch.manual_seed(0)
    x = torch.randn(64, 3)
    data = iter(DataLoader(TensorDataset(x, x.sum(1, keepdim=True)), batch_size=1, num_workers=1))
    model = nn.Linear(3, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=2.0)
    for step in range(60):
        batch, target = next(data)
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(batch), target)
        loss.backward()
        optimizer.step()
    with open("begun", "a") as file:
        file.write("x")
    if len(open("begun").read()) >= FROM:
        time.sleep(600)
"""
PATIENCE = 20.0
"""Seconds within which nothing may be left: a second, on a machine that does nothing else."""
PLACES = {signal.SIGINT: 0.35, signal.SIGTERM: 0.7, signal.SIGHUP: 0.5, signal.SIGKILL: 0.2}
"""At which part of a command's life each signal comes. python -m crash.signals asks for more of them."""
TIMES = {"doctor": 1, "doctor --try": 2, "seeds": 1}


def begun(times: int) -> Wait:
    """Wait until the script has said so many times that it has begun."""

    def wait(process: "subprocess.Popen[bytes]", folder: Path) -> None:
        said, until = folder / "begun", time.monotonic() + 250
        while not (said.exists() and len(said.read_text()) >= times) and process.poll() is None:
            assert time.monotonic() < until
            time.sleep(0.05)

    return wait


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP])
@pytest.mark.parametrize("command", TIMES)
def test_a_script_ends_with_the_command_that_runs_it(
    command: str, number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = TIMES[command]
    words = ("300" if word == "10" else word for word in COMMANDS[command])  # --budget, on a busy machine
    monkeypatch.setitem(COMMANDS, command, tuple(words))
    script = ENDLESS.replace("FROM", str(times))
    left, _ = send(command, number, begun(times), script=script, to_all=(), patience=PATIENCE)
    assert left.code == (-signal.SIGKILL if number == signal.SIGKILL else 130), left
    assert (left.alive, left.folders, left.wrong) == ((), (), ())
    assert not is_noisy(left), left.said


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_at_moments_all_over_its_life(command: str) -> None:
    seconds = undisturbed(command)
    for number, place in PLACES.items():
        left = send(command, number, after(place * seconds), patience=PATIENCE)[0]
        codes = [gone(left)]
        for sooner in (0.6, 0.3):  # on a busy machine it took longer before than it does now
            if number != signal.SIGKILL and 130 not in codes:
                again = send(command, number, after(sooner * place * seconds), patience=PATIENCE)[0]
                codes.append(gone(again))
        assert number == signal.SIGKILL or 130 in codes, (number, codes, left)


def gone(left: Left) -> int:
    """Return the exit code, having made sure that nothing else is left."""
    assert left.alive == (), left
    assert left.folders == (), left
    assert left.wrong == (), left
    # Before Python runs the first line of the command, nobody answers yet.
    assert not is_noisy(left) or not names_our_files(left), left
    return left.code
