# pyright: basic
"""``trainlab.seeds``: was it the seed? A script, or a function that trains, as a population."""

from __future__ import annotations

import inspect
import math
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from threading import Event
from typing import TYPE_CHECKING, Any, cast

from trainlab.diagnosis.in_process.doctor_function import OUTSIDE, Called, call, modules
from trainlab.diagnosis.judge.diagnose import diagnose
from trainlab.diagnosis.judge.rule_reading import Asked
from trainlab.diagnosis.observed.told import last_number, names_printed, number_in
from trainlab.diagnosis.probe.global_state import Patches, random_state_kept
from trainlab.diagnosis.report.report import rule_trouble
from trainlab.diagnosis.script.plan import SKETCH
from trainlab.diagnosis.seeds.populate import gathered, is_from_start, limit_of, populate
from trainlab.diagnosis.seeds.population import SeedsResult, Way
from trainlab.diagnosis.seeds.question import OnProgress, Question, tell_nobody
from trainlab.diagnosis.seeds.seed_run import LATE, SeedRun, Success, run_from_report, run_without_report
from trainlab.errors import DiagnosisError, lacking, shown, whole_number

if TYPE_CHECKING:
    from trainlab.diagnosis.signals.learnt import UsersRule


MAX_RUNS, MAX_WORKERS = 1_000_000, 1024


def seeds(
    training: str | os.PathLike[str] | Callable[[], Any],
    *,
    arguments: Sequence[str] = (),
    seeds: int = 100,
    solved: str | None = None,
    metric: str = "",
    at_least: float | None = None,
    at_most: float | None = None,
    rerun: bool = False,
    as_experiment: str | os.PathLike[str] | None = None,
    save: str | os.PathLike[str] | None = None,
    keep_arguments: bool = False,
    workers: int | None = None,
    on_progress: OnProgress | None = None,
    n: int | None = None,
) -> SeedsResult:
    """Was it the seed? Run a training as it is and with so many other seeds; tell how its outcome spreads.

    `training` is the path of a script, unchanged, or a function without arguments that trains. A script is
    run again in processes side by side, or, where it is shown to be the same, trained as an experiment, as
    ``trainlab seeds`` does. A function is called again in this process, one call after the other, so it has
    to make its network and optimizer itself; what it prints goes nowhere then, an exception is an outcome,
    and the global random generators are afterwards as the first call left them.

    Without `metric` a run succeeds if the doctor judges that the network has learnt. Ctrl-C stops early and
    returns what is finished.

    Args:
        training: a path or a function.
        arguments: the script's own arguments.
        seeds: how many other seeds, from 1 to 1,000,000.
        solved: what counts as success, as in ``"accuracy > 0.9"``: the number is found as that of `metric`
            is, or else it is accuracy, R² or loss as trainlab measures them. In place of the next three.
        metric: a number to compare runs by: of a script what it prints after this name, or its variable of
            this name at the end; of a function what it returns, by itself or in a dict under this name, or
            else what it prints after it.
        at_least: a run succeeds if the metric is at least this.
        at_most: a run succeeds if the metric is at most this.
        rerun: run the script again in any case, never train an experiment in its place.
        as_experiment: a study file to write the script's training to, if it is an experiment.
        save: a file that the script's finished runs are kept in, and gone on from.
        keep_arguments: write the arguments into JSON, pages and that file, and not only how many they are.
        workers: processes or threads at once; without, one a processor.
        on_progress: is called with how many runs are done, of how many, and the seconds left, if known.
        n: an older name of `seeds`.

    Raises:
        DiagnosisError: PyTorch is missing, there is no such script, an option is out of range or isn't one
            for a function, there is nothing to compare, or the function trains a network from outside.
    """
    _check_training(training, arguments)
    seeds = seeds if n is None else n
    seeds, workers = _counts(seeds, workers)
    _check_success(metric, at_least, at_most)
    rule = _rule(solved, metric=metric, at_least=at_least, at_most=at_most)
    if find_spec("torch") is None:
        raise DiagnosisError(lacking("seeds", "PyTorch", extra="torch"))
    from trainlab.execution import default_workers

    is_function = callable(training)
    if is_function:
        _only_for_scripts(
            arguments=arguments, rerun=rerun, as_experiment=as_experiment, save=save, workers=workers
        )
    question = Question(
        script=_name(training) if is_function else os.fspath(cast("str", training)),
        arguments=tuple(arguments),
        count=seeds,
        metric=metric.strip() if rule is None else rule.name,
        success=Success(at_least=at_least, at_most=at_most, rule=rule),
        workers=1 if is_function else workers or default_workers(),
        save=None if save is None else os.fspath(save),
        lift=not rerun,
        as_experiment=None if as_experiment is None else os.fspath(as_experiment),
        keep_arguments=keep_arguments,
    )
    found = _populated(training if is_function else None, question, on_progress or tell_nobody)
    if found is None:
        raise KeyboardInterrupt
    return found


def _populated(
    train: Callable[[], Any] | None, question: Question, on_progress: OnProgress
) -> SeedsResult | None:
    from trainlab.interrupt import interrupts

    with interrupts() as stop:
        if train is None:
            try:
                return populate(question, stop=stop, on_progress=on_progress)
            except DiagnosisError as error:
                raise DiagnosisError(in_python(str(error))) from None
        from trainlab.diagnosis.probe.probe import listening

        if listening() is not None:
            raise DiagnosisError("seeds: a watch is listening already; leave it before you ask for seeds.")
        return populate_calls(train, question, stop=stop, on_progress=on_progress)


def in_python(message: str) -> str:
    """Return the message with the command's options as the function has them.

    >>> in_python("--as-experiment xor.toml: can't be written")
    "as_experiment xor.toml: can't be written"
    """
    return re.sub(r"--([a-z][a-z-]*)", lambda found: found[1].replace("-", "_"), message)


def _check_call(training: Any) -> None:
    """Refuse a function that can't be called without arguments; of some builtins nobody can tell."""
    if not callable(training):
        return
    try:
        inspect.signature(training).bind()
    except TypeError:
        name = getattr(training, "__name__", "train")
        raise DiagnosisError(
            f"seeds: {name} takes arguments; give a function without, as in "
            f"trainlab.seeds(lambda: {name}(0.1))."
        ) from None
    except ValueError:
        return


def _are_words(given: Any) -> bool:
    try:
        return not isinstance(given, str) and all(isinstance(word, str) for word in given)
    except TypeError:
        return False


def _check_training(training: Any, arguments: Any) -> None:
    _check_call(training)
    if not callable(training) and not isinstance(training, str | os.PathLike):
        raise DiagnosisError(
            f"seeds: training is {shown(training)}; give the path of a script, or a function without "
            "arguments that trains, as in trainlab.seeds(train)."
        )
    if not _are_words(arguments):
        raise DiagnosisError(
            f"seeds: arguments is {shown(arguments)}; must be a list of words, as in ['--epochs', '3']."
        )


def _counts(seeds: Any, workers: Any) -> tuple[int, int | None]:
    """Return both as whole numbers; refuse what is none."""

    def count(name: str, value: Any, most: int) -> int:
        said = f"seeds: {name} is {shown(value)};"
        return whole_number(value, least=1, most=most, said=said, error=DiagnosisError)

    runs = count("seeds", seeds, MAX_RUNS)
    return runs, None if workers is None else count("workers", workers, MAX_WORKERS)


def _check_success(metric: Any, at_least: Any, at_most: Any) -> None:
    if not isinstance(metric, str):
        raise DiagnosisError(f"seeds: metric is {shown(metric)}; must be a name, as in 'accuracy'.")
    for name, value in (("at_least", at_least), ("at_most", at_most)):
        fine = value is None or (isinstance(value, int | float) and not isinstance(value, bool))
        if not fine or value != value:
            raise DiagnosisError(f"seeds: {name} is {shown(value)}; must be a number.")
    if at_least is not None and at_most is not None and at_least > at_most:
        raise DiagnosisError(
            f"seeds: at_least is {at_least:g}, above at_most, {at_most:g}; no run could succeed."
        )


def _rule(solved: Any, **others: Any) -> UsersRule | None:
    """Return the user's rule; refuse what is none, and another one beside it."""
    if solved is None:
        return None
    for name, value in others.items():
        if value not in (None, ""):
            raise DiagnosisError(f"seeds: {name} is {shown(value)}, but solved says what counts already.")
    from trainlab.diagnosis.signals.learnt import rule_from

    return rule_from(solved, option="seeds: solved")


def _only_for_scripts(**options: Any) -> None:
    for name, value in options.items():
        if value:
            raise DiagnosisError(
                f"seeds: {name} is {shown(value)}, but a function was given, and this is for scripts only. "
                "Leave it out; a function's arguments are bound to it: lambda: train(0.1)."
            )


def _name(train: Any) -> str:
    return str(getattr(train, "__name__", type(train).__name__))


# A population of a training that is a function, called again and again in this process.


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

    given: list[Any] = []

    def seeding(original: Any, *args: Any, **kwargs: Any) -> Any:
        given.append((args, kwargs))
        return original(*args, **kwargs)

    patches = Patches()
    for owner in (torch, torch.random):
        patches.around(owner, "manual_seed", seeding)
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
    metric, others = question.metric, names_printed(called.printed)
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
