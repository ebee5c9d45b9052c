"""Do all who judge a training judge it alike? The same run by the doctor, watch, seeds and --try.

Each script is run as it is by `trainlab doctor`, inside of `trainlab.watch`, and as the own run of `trainlab
seeds`; and with two other seeds by `seeds` and as `--try` runs it unchanged. Whoever judges the same run has
to say the same of it: learnt, poor, stuck, diverged or unknown. Populations are run again, not lifted into an
experiment: lifted runs have seeds of their own, and nobody else judges these.

    scripts/bench --doctor --outcomes [--only SET…] [--quick]
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.doctor_runs import diagnosed, run
from benchmarks.doctor_sets import Case
from trainlab.diagnosis.remedies.script_trials import ScriptTrials
from trainlab.diagnosis.remedies.trial_runs import Job
from trainlab.diagnosis.remedies.trial_verdict import learns
from trainlab.diagnosis.script.plan import Plan
from trainlab.draw import terminal_table

SEEDS = (1, 2)
WATCHED = """
import contextlib, runpy, sys
import trainlab
script, kept = sys.argv[1:]
sys.argv = [script]
with trainlab.watch() as watched, contextlib.suppress(SystemExit):
    runpy.run_path(script, run_name="__main__")
with open(kept, "w") as file:
    file.write(watched.report.to_dict()["outcome"]["state"])
"""
NO_ANSWER = "no answer"


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """What a run (seed None: the script's own) was said to have come to, by who said it."""

    seed: int | None
    said: dict[str, str]

    @property
    def alike(self) -> bool:
        """Whether all say the same."""
        return len(set(self.said.values())) == 1


def judged(script: Path) -> list[Judged]:
    """Return what is said of the script's own run, and of those with other seeds."""
    population = by_seeds(script)
    runs = {each["seed"]: each for each in population.get("runs", [])}
    own = Judged(
        seed=None,
        said={
            "doctor": by_doctor(script),
            "watch": by_watch(script),
            "seeds": _state(population.get("yours")),
        },
    )
    tried = by_try(script)
    others = [
        Judged(seed=seed, said={"seeds": _state(runs.get(seed)), "--try": tried.get(seed, NO_ANSWER)})
        for seed in SEEDS
    ]
    return [own, *others]


def by_doctor(script: Path) -> str:
    """Return what the doctor says of the script's own run."""
    _, report = diagnosed(script)
    return NO_ANSWER if report is None else report["outcome"]["state"]


def by_watch(script: Path) -> str:
    """Return what is said of it when it runs inside of `trainlab.watch`."""
    with tempfile.TemporaryDirectory() as made:
        kept = Path(made) / "state"
        run([sys.executable, "-c", WATCHED, script.name, str(kept)], folder=script.parent)
        return kept.read_text(encoding="utf-8") if kept.exists() else NO_ANSWER


def by_seeds(script: Path) -> dict[str, Any]:
    """Return the JSON of a small population; nothing if there is none."""
    with tempfile.TemporaryDirectory() as made:
        kept = Path(made) / "seeds.json"
        asked = ["--rerun", "-n", str(len(SEEDS)), "--workers", "1", "--json", str(kept)]
        run([sys.executable, "-m", "trainlab", "seeds", script.name, *asked], folder=script.parent)
        return json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}


def by_try(script: Path) -> dict[int, str]:
    """Return what trying says of the training unchanged, by seed: its state, and how it counts."""
    trials = ScriptTrials(Plan(script=str(script)), seconds=60.0)
    trials.lanes = 1
    found: dict[int, str] = {}
    for job, ran in trials.run([Job(seed=seed) for seed in SEEDS], deadline=time.monotonic() + 600):
        state = NO_ANSWER if ran.outcome is None else ran.outcome.state
        counts = learns(ran, ran)
        found[job.seed] = state if counts is _as_learnt(state) else f"{state}, counted as {counts}"
    return found


def measured(case: Case) -> dict[str, Any]:
    """Return what is said of a case's runs as plain data."""
    with tempfile.TemporaryDirectory() as made:
        runs = judged(case.copy_to(Path(made)))
    said = [{"seed": each.seed, "said": each.said} for each in runs]
    return {"set": case.of, "key": case.key, "name": case.script.name, "runs": said}


def disagreements(rows: Sequence[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """Return a row of a table for each run of which not all say the same."""
    return [
        (row["name"], "own" if each["seed"] is None else str(each["seed"]), _words(each["said"]))
        for row in rows
        for each in row["runs"]
        if len(set(each["said"].values())) > 1
    ]


def show(rows: Sequence[dict[str, Any]]) -> None:
    """Print the disagreements, and of how many runs they are."""
    from rich.console import Console

    found = disagreements(rows)
    if found:
        heads = ("script", "seed", "said")
        Console(width=120).print(terminal_table(heads, found, title="Not judged alike"))
    runs = [each for row in rows for each in row["runs"]]
    print(f"{len(rows)} scripts, {len(runs)} runs, {len(found)} not judged alike.")


def _as_learnt(state: str) -> bool | None:
    return None if state in ("unknown", NO_ANSWER) else state == "learnt"


def _state(seed_run: dict[str, Any] | None) -> str:
    return NO_ANSWER if seed_run is None else seed_run["state"]


def _words(said: dict[str, str]) -> str:
    return ", ".join(f"{name}: {state}" for name, state in said.items())
