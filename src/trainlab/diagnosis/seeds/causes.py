"""Why lifted runs failed: some of them are trained again by the reference engine, under the doctor."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from threading import Event

import msgspec

from trainlab.diagnosis.seeds.seed_run import NOT_LOOKED_AT, SeedRun
from trainlab.diagnosis.seeds.success import Measure, Success
from trainlab.draw import counted
from trainlab.spec import Experiment, Record

LOOKED_AT, MOST_SECONDS = 20, 60.0
QUIET = Record(loss_every=0, gradient_every=0, solved_every=0, curves=0, predictions=0, parameters=False)


def with_causes(
    experiment: Experiment, runs: Sequence[SeedRun], measure: Measure, success: Success, *, stop: Event
) -> tuple[tuple[SeedRun, ...], tuple[str, ...]]:
    """Return the runs, the failed ones with their first finding, and a note where not all were looked at."""
    failed = [run for run in runs if success.of(run, measure) is False]
    if not failed:
        return tuple(runs), ()
    started, found = time.monotonic(), dict[int | None, SeedRun]()
    quiet = msgspec.structs.replace(experiment, record=QUIET)
    for run in failed[:LOOKED_AT]:
        if stop.is_set() or time.monotonic() - started > MOST_SECONDS:
            break
        found[run.seed] = _diagnosed(quiet, run)
    rest = {run.seed for run in failed} - set(found)
    told = tuple(
        found.get(run.seed) or (replace(run, fault=NOT_LOOKED_AT) if run.seed in rest else run)
        for run in runs
    )
    if not rest:
        return told, ()
    return told, (
        f"Of {counted(len(failed), 'failed run')} the doctor looked at {len(found):,}, the first ones, by "
        "training them again in PyTorch.",
    )


def _diagnosed(experiment: Experiment, run: SeedRun) -> SeedRun:
    from trainlab.diagnosis.in_process.watch import watch
    from trainlab.engine.reference import ReferenceEngine

    if run.seed is None:
        return run
    with watch() as watched:
        ReferenceEngine().train(experiment, range(run.seed, run.seed + 1))
    report = watched.report.to_dict()
    first = next((one for one in report["findings"] if not one["consequence_of"]), None)
    if first is None:
        return run
    return replace(run, fault=first["fault"], title=first["title"], link=first["link"])
