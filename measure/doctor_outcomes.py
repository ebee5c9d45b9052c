"""Do all who judge a training judge it alike? The same run by the doctor, watch, seeds and --try.

A script's own run is judged as `trainlab doctor`, `trainlab.watch` and `trainlab seeds` do it, and its runs
with two other seeds as `seeds` and `--try` (unchanged) do. Whoever judges the same run has to say the same of
it: learnt, poor, stuck, diverged or unknown, and whether that counts as success. Lifted populations aren't
asked: their runs have seeds of their own, and nobody else judges these.

    scripts/measure doctor --outcomes [--only SET…] [--quick]
"""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import os
import runpy
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event
from typing import Any

from measure.doctor_runs import LONGEST, Case
from trainlab.diagnosis.remedies.trial import Run
from trainlab.diagnosis.remedies.trial_verdict import learns
from trainlab.diagnosis.report.report import outcome_from
from trainlab.diagnosis.script.plan import Extras, Plan
from trainlab.diagnosis.script.process_pool import ProcessPool, Ran
from trainlab.diagnosis.seeds.populate import seed_run
from trainlab.diagnosis.seeds.seed_run import Success, measure_of
from trainlab.draw import terminal_table

SEEDS = (1, 2)
LOADED = ["trainlab.diagnosis.probe.probe", "trainlab.diagnosis.judge.diagnose", "torch._dynamo"]
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
    named = str(script)
    plans = [
        Plan(script=named, extras=Extras()),
        *(Plan(script=named, seed=seed, extras=Extras()) for seed in SEEDS),
        *(Plan(script=named, seed=seed) for seed in SEEDS),
    ]
    own, *others = ProcessPool(workers=1, limit=LONGEST).carry_out(plans, Event())
    said = {"doctor": by_doctor(own), "watch": by_watch(script), "seeds": by_seeds(own)}
    pairs = zip(SEEDS, others[: len(SEEDS)], others[len(SEEDS) :], strict=True)
    return [
        Judged(seed=None, said=said),
        *(
            Judged(seed=seed, said={"seeds": by_seeds(again), "--try": by_try(unchanged)})
            for seed, again, unchanged in pairs
        ),
    ]


def by_doctor(ran: Ran) -> str:
    """Return what the report says of the run."""
    return NO_ANSWER if ran.report is None else ran.report["outcome"]["state"]


def by_seeds(ran: Ran) -> str:
    """Return how a population has the run."""
    run = seed_run(ran, "")
    return _counted(run.state, Success().of(run, measure_of([run], metric="", success=Success())))


def by_try(ran: Ran) -> str:
    """Return how the trial of a remedy has the run, unchanged."""
    if ran.report is None:
        return NO_ANSWER
    run = Run(outcome=outcome_from(ran.report["outcome"]))
    return _counted(ran.report["outcome"]["state"], learns(run, run))


def by_watch(script: Path) -> str:
    """Return what is said of the script when it runs inside of `trainlab.watch`."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LOADED)
    hearing, telling = context.Pipe(duplex=False)
    process = context.Process(target=_watch, args=(telling, str(script)))
    process.start()
    telling.close()
    try:
        return hearing.recv()
    except EOFError:
        return NO_ANSWER
    finally:
        process.join()


def _watch(pipe: Connection, script: str) -> None:
    import trainlab

    os.chdir(os.path.dirname(script))
    sys.path.insert(0, os.path.dirname(script))
    sys.argv = [script]
    quiet = contextlib.redirect_stdout(io.StringIO())
    with trainlab.watch() as watched, quiet, contextlib.suppress(SystemExit):
        runpy.run_path(script, run_name="__main__")
    pipe.send(watched.report.to_dict()["outcome"]["state"])


def measured(case: Case) -> dict[str, Any]:
    """Return what is said of a case's runs as plain data."""
    with tempfile.TemporaryDirectory() as made:
        runs = judged(case.copy_to(Path(made)))
    said = [{"seed": each.seed, "said": each.said} for each in runs]
    name = "" if case.of == "sealed" else case.script.name
    return {"set": case.of, "key": case.key, "name": name, "runs": said}


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


def _counted(state: str, counts: bool | None) -> str:
    """Return the state, and how it counts where that isn't as the state has it."""
    expected = None if state == "unknown" else state == "learnt"
    return state if counts is expected else f"{state}, counted as {counts}"


def _words(said: dict[str, str]) -> str:
    return ", ".join(f"{name}: {state}" for name, state in said.items())
