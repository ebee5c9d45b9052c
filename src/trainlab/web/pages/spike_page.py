"""How a run lost what it had solved: the page of ``trainlab run --spike``, made by a process of its own.

The run is replayed step by step in PyTorch, which takes seconds in which this process would answer nobody.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from trainlab.errors import TrainlabError
from trainlab.lifeline import lifeline
from trainlab.scratch import scratch_folder
from trainlab.spec import Experiment, File, experiment_to_toml

SECONDS: Final = 60
"""After so long it is left to the command line."""


def spike_page(experiment: Experiment, seed: int) -> str:
    """Return the page; raise TrainlabError with one line if there is none."""
    with scratch_folder("spike") as folder:
        Path(folder, "experiment.toml").write_text(experiment_to_toml(_placed(experiment)), encoding="utf-8")
        asked = ["run", "experiment.toml", "--spike", "--seed", str(seed), "--html", "spike.html"]
        command = [sys.executable, "-m", "trainlab", *asked, "--workers", "1"]
        try:
            code, said = run_within(SECONDS, command, folder=folder)
        except subprocess.TimeoutExpired:
            raise TrainlabError(
                f"That takes more than {SECONDS} seconds. Save the experiment as experiment.toml, and run: "
                f"trainlab {' '.join(asked)}"
            ) from None
        made = Path(folder, "spike.html")
        if code or not made.is_file():
            raise TrainlabError(said.strip().splitlines()[-1] if said.strip() else "No page was made.")
        return made.read_text(encoding="utf-8")


def run_within(seconds: float, command: Sequence[str], *, folder: str) -> tuple[int, str]:
    """Run a command that ends with this process; return its exit code, and what it wrote to stderr.

    Raises:
        subprocess.TimeoutExpired: it took longer, and was ended.
    """
    with (
        lifeline() as line,
        subprocess.Popen(
            command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        ) as process,
    ):
        line.hold(process.pid)
        try:
            _, said = process.communicate(timeout=seconds)
        finally:
            process.kill()
    return process.returncode, said


def _placed(experiment: Experiment) -> Experiment:
    """Return the experiment with its data file found from any folder."""
    if isinstance(experiment.task, File):
        task = replace(experiment.task, path=os.path.abspath(experiment.task.path))
        experiment = replace(experiment, task=task)
    return experiment if experiment.after is None else replace(experiment, after=_placed(experiment.after))
