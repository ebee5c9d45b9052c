"""How a run lost what it had solved: the page of ``trainlab run --spike``, made by a process of its own.

The run is replayed step by step in PyTorch, which takes seconds in which this process would answer nobody.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from trainlab.errors import TrainlabError
from trainlab.spec import Experiment, File, experiment_to_toml

SECONDS: Final = 60
"""After so long it is left to the command line."""


def spike_page(experiment: Experiment, seed: int) -> str:
    """Return the page; raise TrainlabError with one line if there is none."""
    with tempfile.TemporaryDirectory(prefix="trainlab-") as folder:
        Path(folder, "experiment.toml").write_text(experiment_to_toml(_placed(experiment)), encoding="utf-8")
        asked = ["run", "experiment.toml", "--spike", "--seed", str(seed), "--html", "spike.html"]
        command = [sys.executable, "-m", "trainlab", *asked, "--workers", "1"]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            raise TrainlabError(
                f"That takes more than {SECONDS} seconds. Save the experiment as experiment.toml, and run: "
                f"trainlab {' '.join(asked)}"
            ) from None
        made = Path(folder, "spike.html")
        if done.returncode or not made.is_file():
            raise TrainlabError(
                done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "No page was made."
            )
        return made.read_text(encoding="utf-8")


def _placed(experiment: Experiment) -> Experiment:
    """Return the experiment with its data file found from any folder."""
    if isinstance(experiment.task, File):
        task = replace(experiment.task, path=os.path.abspath(experiment.task.path))
        experiment = replace(experiment, task=task)
    return experiment if experiment.after is None else replace(experiment, after=_placed(experiment.after))
