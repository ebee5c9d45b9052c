"""The way that is always open: run the file again with other seeds, in parallel processes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from threading import Event

import numpy as np

from trainlab.diagnosis.observed.printed_numbers import names_printed
from trainlab.diagnosis.report.read_back import rule_trouble
from trainlab.diagnosis.seeds.kept_runs import KeptRuns
from trainlab.diagnosis.seeds.population import SeedsResult, Way
from trainlab.diagnosis.seeds.population_words import notes_of
from trainlab.diagnosis.seeds.process_pool import ProcessPool, Ran
from trainlab.diagnosis.seeds.question import OnProgress, Question
from trainlab.diagnosis.seeds.seed_run import LATE, SeedRun, run_from_report, run_without_report
from trainlab.diagnosis.seeds.success import measure_of
from trainlab.errors import DiagnosisError

ALIKE = 5
"""Runs that equal the script's own to the bit: this many show that the seed changes nothing."""
BROKEN = 2
"""Seeds that fail as the script itself does: this many show that the seed isn't why."""
LIMIT, TIMES = 120.0, 10.0
"""A run is ended after two minutes, or ten times the script's own time if that is longer."""


def seed_run(ran: Ran, metric: str, training: str = "") -> SeedRun:
    """Return the run that a process was; of several trainings, the one of a name."""
    seed = ran.plan.seed
    if ran.report is None:
        run = run_without_report(seed=seed, ending=ran.ending, seconds=ran.seconds)
    else:
        run = run_from_report(
            ran.report,
            seed=seed,
            printed=ran.printed,
            metric=metric,
            seconds=ran.seconds,
            training=training,
        )
    return replace(run, fault=LATE) if ran.late else run


def own_run(question: Question, stop: Event, *, recording: str = "") -> SeedRun | None:
    """Run the script as it is; None if it was stopped.

    Raises:
        DiagnosisError: it runs to its end but has no such metric, or trains nothing where none was asked for.
    """
    for ran in ProcessPool(workers=1).carry_out([question.plan(None, recording=recording)], stop):
        run = seed_run(ran, question.metric)
        if ran.report is not None and (trouble := rule_trouble(ran.report)):
            raise DiagnosisError(f"--solved {question.solved!r}: {trouble} No other seed was run.")
        by_metric = question.metric and not question.solved
        if by_metric and run.value is None and not run.failed and run.state != "diverged":
            raise DiagnosisError(_no_metric(question.metric, ran.printed))
        if ran.report is not None and not question.metric and not run.steps and not run.failed:
            raise DiagnosisError(_nothing_to_compare(question.script, ran.printed))
        return run
    return None


def rerun(
    question: Question,
    yours: SeedRun,
    kept: KeptRuns,
    known: Sequence[SeedRun],
    *,
    why: str,
    stop: Event,
    on_progress: OnProgress,
) -> SeedsResult:
    """Run the seeds that `known` lacks, keep each run, and return the population as far as it came."""
    processes = ProcessPool(workers=question.workers, limit=limit_of(yours))

    def runs(seeds: Sequence[int]) -> Iterator[SeedRun]:
        plans = (question.plan(seed, from_start=is_from_start(yours)) for seed in seeds)
        for ran in processes.carry_out(plans, stop):
            run = seed_run(ran, question.metric, yours.training)
            kept.add([run])
            yield run

    way = Way(name="rerun", why=why)
    return gathered(question, yours, runs, way, known=known, stop=stop, on_progress=on_progress)


def gathered(
    question: Question,
    yours: SeedRun,
    runs_of: Callable[[Sequence[int]], Iterator[SeedRun]],
    way: Way,
    *,
    known: Sequence[SeedRun] = (),
    stop: Event,
    on_progress: OnProgress,
) -> SeedsResult:
    """Collect the runs of seeds that `known` lacks as they end, until more of them would tell nothing."""
    started = time.monotonic()
    runs = {run.seed: run for run in known if run.seed is not None and run.seed <= question.count}
    wanted = [seed for seed in range(1, question.count + 1) if seed not in runs]
    early, before = "", len(runs)
    on_progress(before, question.count, None)
    for run in runs_of(wanted):
        runs[run.seed or 0] = run
        done = len(runs) - before
        on_progress(len(runs), question.count, (time.monotonic() - started) / done * (len(wanted) - done))
        early = _reason_to_stop(yours, list(runs.values()))
        if early:
            break
    ordered = tuple(runs[seed] for seed in sorted(runs))
    notes = notes_of(yours, ordered, early=early, from_start=is_from_start(yours), metric=question.metric)
    return SeedsResult(
        script=question.script,
        arguments=question.arguments,
        keep_arguments=question.keep_arguments,
        way=way,
        asked=question.count,
        yours=yours,
        runs=ordered,
        measure=measure_of([yours, *ordered], metric=question.metric, success=question.success),
        success=question.success,
        notes=notes,
        how={
            "workers": question.workers,
            "engine": None,
            "seconds": round(time.monotonic() - started, 3),
            "seconds_a_run": float(np.median([run.seconds for run in ordered])) if ordered else None,
        },
        interrupted=stop.is_set(),
    )


def limit_of(yours: SeedRun) -> float:
    """Return the seconds after which a run with another seed is ended."""
    return max(LIMIT, TIMES * yours.seconds)


def is_from_start(yours: SeedRun) -> bool:
    """Whether the seeds are to be changed from the start: there's no module whose making is the sign."""
    return yours.models == 0 and yours.steps > 0


def _reason_to_stop(yours: SeedRun, runs: Sequence[SeedRun]) -> str:
    alike = [run for run in runs if run.curve and run.curve == yours.curve and run.value == yours.value]
    if len(alike) == len(runs) >= ALIKE:
        return "alike"
    broken = [run for run in runs if run.failed and run.message == yours.message]
    return "broken" if yours.failed and len(broken) == len(runs) >= BROKEN else ""


def _no_metric(metric: str, printed: str) -> str:
    return (
        f"--metric {metric}: the script prints no number after this name, and at its end no variable of this "
        f"name holds one. {_others(printed)}"
    )


def _nothing_to_compare(script: str, printed: str) -> str:
    return (
        f"{script}: no training was seen, neither a backward pass nor an optimizer step; trainlab doctor "
        f"{script} says more. To compare seeds by a number that it prints, or by a variable: --metric NAME. "
        f"{_others(printed)}"
    )


def _others(printed: str) -> str:
    names = names_printed(printed)
    return f"It prints numbers after: {', '.join(names)}." if names else "It prints no number after a name."
