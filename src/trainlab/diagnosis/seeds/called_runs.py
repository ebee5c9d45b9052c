# pyright: basic
"""A population of a training that is a function, called again and again in this process."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from threading import Event
from typing import Any

from trainlab.diagnosis.in_process.called_training import OUTSIDE, Called, call, modules
from trainlab.diagnosis.judge.diagnose import diagnose
from trainlab.diagnosis.judge.rule_reading import Asked
from trainlab.diagnosis.observed.printed_numbers import last_number, names_printed
from trainlab.diagnosis.observed.told import number_in
from trainlab.diagnosis.probe.global_state import random_state_kept
from trainlab.diagnosis.report.read_back import rule_trouble
from trainlab.diagnosis.seeds.population import SeedsResult, Way
from trainlab.diagnosis.seeds.question import OnProgress, Question
from trainlab.diagnosis.seeds.run_extras import SKETCH
from trainlab.diagnosis.seeds.script_runs import gathered, is_from_start, limit_of
from trainlab.diagnosis.seeds.seed_run import LATE, SeedRun, run_from_report, run_without_report
from trainlab.errors import DiagnosisError


class _Stopped(BaseException):
    """Ends a training, after a step, because it was stopped from outside."""


class _Late(BaseException):
    """Ends a training that takes longer than a run may."""


def populate_calls(
    train: Callable[[], Any], question: Question, *, stop: Event, on_progress: OnProgress
) -> SeedsResult | None:
    """Call the function as it is, and then as with each seed; None if `stop` came before the first was over.

    Raises:
        DiagnosisError: it trains a network that was made outside of it, or has no such metric, or trains
            nothing where no metric was asked for.
    """
    outside = modules()  # kept alive: a freed one's id might be given to a network that the function makes
    try:
        with _seeding() as seeded:
            called = call(train, seed=None, at_step=_watch_for(stop), quiet=False)
    except _Stopped:
        return None
    if called.trained.intersection(map(id, outside)):
        raise DiagnosisError(f"seeds: {OUTSIDE}")
    yours = _run(called, None, question, seeded=bool(seeded))
    _check(yours, called, question)
    way = Way(name="called", why="trainlab.seeds was given a function")

    def runs_of(seeds: Sequence[int]) -> Iterator[SeedRun]:
        return _again(train, seeds, yours, question, stop)

    with random_state_kept():
        found = gathered(question, yours, runs_of, way, stop=stop, on_progress=on_progress)
    return replace(found, notes=tuple(map(_of_a_function, found.notes)))


@contextmanager
def _seeding() -> Iterator[list[Any]]:
    """Yield a list of the seeds that torch is given inside."""
    import torch

    from trainlab.diagnosis.probe.global_state import Patches

    given: list[Any] = []

    def wrap(original: Any) -> Any:
        def seeding(*args: Any, **kwargs: Any) -> Any:
            given.append((args, kwargs))
            return original(*args, **kwargs)

        return seeding

    patches = Patches()
    for owner in (torch, torch.random):
        patches.wrap(owner, "manual_seed", wrap)
    try:
        yield given
    finally:
        patches.undo()


def _again(
    train: Callable[[], Any], seeds: Sequence[int], yours: SeedRun, question: Question, stop: Event
) -> Iterator[SeedRun]:
    """Yield the run of each seed, until `stop`; one that takes too long is ended after a step."""
    limit = limit_of(yours)
    for seed in seeds:
        started = time.monotonic()
        try:
            called = call(
                train,
                seed=seed,
                from_start=is_from_start(yours),
                at_step=_watch_for(stop, until=started + limit),
            )
        except _Stopped:
            return
        except _Late:
            ending, seconds = f"the limit of {limit:.0f} s", time.monotonic() - started
            yield replace(run_without_report(seed=seed, ending=ending, seconds=seconds), fault=LATE)
        else:
            yield _run(called, seed, question, training=yours.training)


def _watch_for(stop: Event, *, until: float = math.inf) -> Callable[[], None]:
    def at_step() -> None:
        if stop.is_set():
            raise _Stopped
        if time.monotonic() > until:
            raise _Late

    return at_step


def _run(
    called: Called, seed: int | None, question: Question, *, seeded: bool = True, training: str = ""
) -> SeedRun:
    """Return the run that a call was; its number is what it returned under that name, or else printed."""
    ended: dict[str, Any] = {"how": "end", "code": 0}
    if called.error:
        ended = {"how": "error", "message": called.error}
    metric, rule = question.metric, question.success.rule
    asked = None if rule is None else Asked(rule=rule, told=called.told)
    report = diagnose(called.record, ended=ended, asked=asked).to_dict()
    if seed is None and (trouble := rule_trouble(report)):
        raise DiagnosisError(f"seeds: solved is {question.solved!r}: {trouble} No other seed was run.")
    told = _returned(called.returned, metric)
    report["extras"] = {
        "variable": told,
        "rows": sorted(called.record.data.train_rows)[:SKETCH],
        "seeded": seeded,
    }
    printed = called.printed if told is None else ""
    return run_from_report(
        report, seed=seed, printed=printed, metric=metric, seconds=called.seconds, training=training
    )


def _returned(value: Any, metric: str) -> float | None:
    """Return the number that a function returned: by itself, or in a mapping under the metric's name."""
    if not metric or value is None:
        return None
    return number_in(value.get(metric) if isinstance(value, Mapping) else value)


def _check(yours: SeedRun, called: Called, question: Question) -> None:
    """Refuse a training that gives nothing to compare."""
    metric, names = question.metric, names_printed(called.printed)
    others = f" It prints numbers after: {', '.join(names)}." if names else ""
    if yours.failed or yours.state == "diverged":
        return
    if metric and not question.solved and yours.value is None and last_number(called.printed, metric) is None:
        raise DiagnosisError(
            f"seeds: metric is {metric!r}, but {question.script} neither returns a number, by itself or in a "
            f"dict under this name, nor prints one after it.{others}"
        )
    if not metric and not yours.steps:
        raise DiagnosisError(
            f"seeds: in {question.script} no training was seen, neither a backward pass nor an optimizer "
            f"step. To compare seeds by a number that it returns or prints, give its name: metric.{others}"
        )


def _of_a_function(note: str) -> str:
    return note.replace("The script", "The function").replace("the script", "the function")
