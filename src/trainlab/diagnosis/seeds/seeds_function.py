"""``trainlab.seeds``: was it the seed? A script, or a function that trains, as a population."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, cast

from trainlab.errors import DiagnosisError, shown

if TYPE_CHECKING:
    from trainlab.diagnosis.seeds.population import SeedsResult
    from trainlab.diagnosis.seeds.question import OnProgress, Question
    from trainlab.diagnosis.signals.users_rule import UsersRule

MAX_RUNS, MAX_WORKERS = 1_000_000, 1024


def seeds(
    training: str | os.PathLike[str] | Callable[[], Any],
    *,
    arguments: Sequence[str] = (),
    n: int = 100,
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
) -> SeedsResult:
    """Was it the seed? Run a training as it is and as with `n` other seeds; tell how its outcome spreads.

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
        n: how many other seeds, from 1 to 1,000,000.
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

    Raises:
        DiagnosisError: PyTorch is missing, there is no such script, an option is out of range or isn't one
            for a function, there is nothing to compare, or the function trains a network from outside.
    """
    _check_training(training, arguments)
    _check_counts(n, workers)
    _check_success(metric, at_least, at_most)
    rule = _rule(solved, metric=metric, at_least=at_least, at_most=at_most)
    if find_spec("torch") is None:
        raise DiagnosisError("seeds: needs PyTorch, which isn't installed. pip install 'trainlab[torch]'")
    from trainlab.diagnosis.seeds.question import Question, tell_nobody
    from trainlab.diagnosis.seeds.success import Success
    from trainlab.execution import default_workers

    is_function = callable(training)
    if is_function:
        _only_for_scripts(
            arguments=arguments, rerun=rerun, as_experiment=as_experiment, save=save, workers=workers
        )
    question = Question(
        script=_name(training) if is_function else os.fspath(cast("str", training)),
        arguments=tuple(arguments),
        count=n,
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
            from trainlab.diagnosis.seeds.populate import populate

            try:
                return populate(question, stop=stop, on_progress=on_progress)
            except DiagnosisError as error:
                raise DiagnosisError(in_python(str(error))) from None
        from trainlab.diagnosis.probe.probe import listening
        from trainlab.diagnosis.seeds.called_runs import populate_calls

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


def _check_counts(n: Any, workers: Any) -> None:
    for name, value, most in (("n", n, MAX_RUNS), ("workers", workers, MAX_WORKERS)):
        if value is None and name == "workers":
            continue
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
            raise DiagnosisError(
                f"seeds: {name} is {shown(value)}; must be a whole number from 1 to {most:,}."
            )


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
    from trainlab.diagnosis.signals.users_rule import rule_from

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
