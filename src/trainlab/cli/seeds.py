"""``trainlab seeds train.py --seeds 200``: was it the seed? The user's own training as a population.

Exit codes: 0 done; 2 the command can't be carried out (no file, no PyTorch, no such metric); 3 the script
fails alike with its own seed and others; 130 stopped by Ctrl-C or SIGTERM, with the report of what was
finished. With ``--seed`` they are the doctor's.
"""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import dataclass, replace
from math import isnan
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from trainlab.cli.options import (
    MAX_WORKERS,
    Details,
    KeepArguments,
    Solved,
    UsageError,
    Workers,
    check_range,
    check_script,
    flag,
    number,
)
from trainlab.cli.output import (
    Files,
    check_distinct,
    check_writable,
    print_rest,
    progress_line,
    seconds_words,
)
from trainlab.errors import printable
from trainlab.interrupt import interrupts, termination
from trainlab.scratch import scratch_folder

if TYPE_CHECKING:
    from threading import Event

    from rich.console import Console

    from trainlab.diagnosis.seeds import Question
    from trainlab.diagnosis.seeds.population import SeedsResult

FAILED, INTERRUPTED = 3, 130
MAX_RUNS, MAX_SEED = 1_000_000, 2**32 - 1


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """Which seeds to run, and when a run counts as a success."""

    seeds: Annotated[int, number("How many other seeds.", alias="-n")] = 100
    metric: Annotated[
        str | None,
        Parameter(help="A number that the script prints after this name, or a variable at its end."),
    ] = None
    at_least: Annotated[
        float | None,
        Parameter(help="A run succeeds if the metric is at least this.", allow_leading_hyphen=True),
    ] = None
    at_most: Annotated[
        float | None,
        Parameter(help="A run succeeds if the metric is at most this.", allow_leading_hyphen=True),
    ] = None
    solved: Solved = None
    seed: Annotated[int | None, number("Run only this seed and show the doctor's report on it.")] = None


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """How the population is made, and what is kept of it."""

    rerun: Annotated[bool, flag("Run the file again in any case; never lift it into an experiment.")] = False
    as_experiment: Annotated[
        str | None, Parameter(help="Write the training as a study file, if it can be lifted.")
    ] = None
    save: Annotated[
        str | None, Parameter(help="Keep finished runs in this file, and continue from what it holds.")
    ] = None
    workers: Workers = None


def seeds_command(
    script: Annotated[str, Parameter(help="The training script; it is run again, unchanged.")],
    /,
    *arguments: Annotated[
        str, Parameter(help="The script's own arguments.", allow_leading_hyphen=True, show=True)
    ],
    asked: Asked = Asked(),
    way: Way = Way(),
    details: Details = False,
    keep_arguments: KeepArguments = False,
    files: Files = Files(),
) -> int:
    """Was it the seed? Run a training script with other seeds and tell how its outcome varies."""
    check_script(script)
    _check_asked(asked)
    check_range("--workers", way.workers, least=1, most=MAX_WORKERS)
    _check_files(script, way, files)
    question = _question(script, arguments, asked, way, keep_arguments=keep_arguments)
    if asked.seed is not None:
        return _one_seed(question, asked.seed, files, details=details)
    with scratch_folder("runs") as folder, interrupts() as stop:
        kept = replace(question, save=way.save or os.path.join(folder, "runs.jsonl"))
        population = _populated(kept, stop)
        if population is None:
            print(
                "trainlab: stopped before the script's own run was over: nothing to report.", file=sys.stderr
            )
            return INTERRUPTED
        if population.interrupted and len(population.runs) < question.count:
            _say_how_to_go_on(population, kept, way.save)
    _deliver(population, files, details=details)
    if way.as_experiment and population.way.name == "lifted" and files.json != "-":
        print(printable(f"experiment: {way.as_experiment}"))
    if population.interrupted:
        return INTERRUPTED
    return FAILED if population.yours.failed and all(run.failed for run in population.runs) else 0


def _say_how_to_go_on(population: SeedsResult, kept: Question, save: str | None) -> None:
    """Say how many are finished, and how the rest is run without these again."""
    from trainlab.diagnosis.seeds.population_words import finished_words
    from trainlab.diagnosis.seeds.question import keep_beside

    if population.way.name == "lifted":
        more = "The same command begins anew"
    elif save is not None:
        more = "The same command goes on from there"
    else:
        try:
            place = keep_beside(str(kept.save), kept.script)
            more = f"The same command with --save {shlex.quote(place)} goes on from there"
        except OSError as error:
            more = f"They can't be kept here ({error.strerror}); --save FILE keeps them elsewhere"
    print(printable(f"trainlab: {finished_words(population.to_dict())}. {more}."), file=sys.stderr)


def _check_asked(asked: Asked) -> None:
    """Refuse numbers out of range, and thresholds that no run could meet."""
    check_range("--seeds", asked.seeds, least=1, most=MAX_RUNS)
    check_range("--seed", asked.seed, least=0, most=MAX_SEED)
    least, most = asked.at_least, asked.at_most
    others = (("--metric", asked.metric), ("--at-least", least), ("--at-most", most))
    for option, value in others if asked.solved is not None else ():
        if value is not None:
            raise UsageError(
                f"{option} {value}: --solved says what counts already, as in --solved 'accuracy > 0.9'."
            )
    if asked.metric is not None and not asked.metric.strip():
        raise UsageError("--metric '': give the name that the script prints, as in --metric accuracy.")
    for option, threshold in (("--at-least", least), ("--at-most", most)):
        if threshold is not None and isnan(threshold):
            raise UsageError(f"{option} nan: must be a number, such as 0.9.")
    if least is not None and most is not None and least > most:
        raise UsageError(f"--at-least {least:g}: is above --at-most {most:g}; no run could succeed.")


def _check_files(script: str, way: Way, files: Files) -> None:
    """Refuse, before any work is done, what can't be written after it."""
    named = {"--json": files.json, "--html": files.html, "--save": way.save}
    named |= {"--as-experiment": way.as_experiment}
    for option, path in named.items():
        check_writable(option, path, device=option in ("--json", "--html"))
    if way.as_experiment is not None and way.rerun:
        raise UsageError("--as-experiment with --rerun: drop one; what is run again isn't lifted.")
    if "-" in (files.html, way.save, way.as_experiment):
        raise UsageError(
            "--html, --save, --as-experiment: give the name of a file; only --json can go to the terminal."
        )
    check_distinct({"SCRIPT": script, **named})


def _question(
    script: str, arguments: tuple[str, ...], asked: Asked, way: Way, *, keep_arguments: bool
) -> Question:
    from trainlab.diagnosis.seeds import Question, Success
    from trainlab.diagnosis.signals.learnt import rule_from
    from trainlab.execution import default_workers

    rule = None if asked.solved is None else rule_from(asked.solved)
    return Question(
        script=script,
        arguments=arguments,
        count=asked.seeds,
        metric=rule.name if rule else asked.metric.strip() if asked.metric else "",
        success=Success(at_least=asked.at_least, at_most=asked.at_most, rule=rule),
        workers=way.workers or default_workers(),
        save=way.save,
        lift=not way.rerun,
        as_experiment=way.as_experiment,
        keep_arguments=keep_arguments,
    )


def _populated(question: Question, stop: Event) -> SeedsResult | None:
    from trainlab.diagnosis.seeds import populate

    with progress_line("seeds") as show:
        show.tell(0, question.count, "the script's own run first")

        def on_progress(done: int, total: int, seconds_left: float | None) -> None:
            show.tell(done, total, runs_words(done, total, seconds_left))

        def on_diagnosis(done: int, total: int, seconds_left: float | None) -> None:
            show.tell(done, total, f"diagnosing: {runs_words(done, total, seconds_left)}")

        return populate(question, stop=stop, on_progress=on_progress, on_diagnosis=on_diagnosis)


def runs_words(done: int, total: int, seconds_left: float | None) -> str:
    """Return runs done and the time left, in words."""
    left = "" if seconds_left is None or not done else f", {seconds_words(seconds_left)} left"
    return f"{done:,} of {total:,} runs{left}"


def _deliver(population: SeedsResult, files: Files, *, details: bool) -> None:
    from trainlab.diagnosis.seeds import show_seeds
    from trainlab.diagnosis.seeds.population import rest_line
    from trainlab.diagnosis.seeds.population_words import too_few
    from trainlab.draw import json_text

    data = population.to_dict()

    def page() -> str:
        from trainlab.report import seeds_html

        return seeds_html(data, title=f"Seeds of {os.path.basename(population.script)}")

    def show(console: Console) -> None:
        if too_few(data):
            return  # no answer: how to go on has been said
        show_seeds(data, console, details=details)
        if not details:
            print_rest(rest_line(data, has_page=files.html is not None), console)

    files.hand_over(show, json=lambda: json_text(data), html=page)


def _one_seed(question: Question, seed: int, files: Files, *, details: bool) -> int:
    from trainlab.cli.doctor import deliver_report
    from trainlab.diagnosis.seeds import report_of_seed

    with termination():
        report: dict[str, Any] = report_of_seed(question, seed, output_to_stderr=files.json == "-")
    name = f"{os.path.basename(question.script)}, seed {seed}"
    return deliver_report(report, files, of=name, details=details)
