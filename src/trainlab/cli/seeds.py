"""``trainlab seeds train.py -n 200``: was it the seed? The user's own training as a population.

Exit codes: 0 done; 2 the command can't be carried out (no file, no PyTorch, no such metric); 3 the script
fails alike with its own seed and others; 130 stopped by Ctrl-C or SIGTERM, with the report of what was
finished. With ``--seed`` they are the doctor's.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from trainlab.cli.options import (
    MAX_WORKERS,
    Details,
    Html,
    Json,
    UsageError,
    Workers,
    check_range,
    check_script,
    whole,
)
from trainlab.cli.output import Output, check_distinct, check_writable, hand_over, print_rest
from trainlab.diagnosis.seeds.seeds_function import MAX_RUNS

if TYPE_CHECKING:
    from rich.console import Console

    from trainlab.diagnosis.seeds.population import SeedsResult
    from trainlab.diagnosis.seeds.question import Question

FAILED, INTERRUPTED = 3, 130
MAX_SEED = 2**32 - 1


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class SeedsOptions:
    """The options of ``trainlab seeds``."""

    n: Annotated[int, Parameter(name="-n", help="How many other seeds.", converter=whole)] = 100
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
    seed: Annotated[
        int | None, Parameter(help="Run only this seed and show the doctor's report on it.", converter=whole)
    ] = None
    rerun: Annotated[
        bool, Parameter(help="Run the file again in any case; never lift it into an experiment.", negative="")
    ] = False
    as_experiment: Annotated[
        str | None, Parameter(help="Write the training as a study file, if it can be lifted.")
    ] = None
    save: Annotated[
        str | None, Parameter(help="Keep finished runs in this file, and continue from what it holds.")
    ] = None
    workers: Workers = None
    details: Details = False
    json: Json = None
    html: Html = None

    def check(self) -> None:
        """Refuse what is out of range, and files that can't be written."""
        check_range("-n", self.n, least=1, most=MAX_RUNS)
        check_range("--seed", self.seed, least=0, most=MAX_SEED)
        check_range("--workers", self.workers, least=1, most=MAX_WORKERS)
        self._check_success()
        check_writable("--json", self.json)
        check_writable("--html", self.html)
        check_writable("--save", self.save)
        check_writable("--as-experiment", self.as_experiment)
        if self.as_experiment is not None and self.rerun:
            raise UsageError("--as-experiment with --rerun: drop one; what is run again isn't lifted.")
        if "-" in (self.html, self.save, self.as_experiment):
            raise UsageError(
                "--html, --save, --as-experiment: give the name of a file; "
                "only --json can go to the terminal."
            )

    def _check_success(self) -> None:
        if self.metric is not None and not self.metric.strip():
            raise UsageError("--metric '': give the name that the script prints, as in --metric accuracy.")
        for option, threshold in (("--at-least", self.at_least), ("--at-most", self.at_most)):
            if threshold is not None and isnan(threshold):
                raise UsageError(f"{option} nan: must be a number, such as 0.9.")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise UsageError(
                f"--at-least {self.at_least:g}: is above --at-most {self.at_most:g}; no run could succeed."
            )

    def question(self, script: str, arguments: tuple[str, ...]) -> Question:
        """Return what is asked of the script."""
        from trainlab.diagnosis.seeds.question import Question
        from trainlab.diagnosis.seeds.success import Success
        from trainlab.execution import default_workers

        return Question(
            script=script,
            arguments=arguments,
            count=self.n,
            metric=self.metric.strip() if self.metric else "",
            success=Success(at_least=self.at_least, at_most=self.at_most),
            workers=self.workers or default_workers(),
            save=self.save,
            lift=not self.rerun,
            as_experiment=self.as_experiment,
        )


USUAL = SeedsOptions()


def seeds_command(
    script: Annotated[str, Parameter(help="The training script; it is run again, unchanged.")],
    /,
    *arguments: Annotated[
        str, Parameter(help="The script's own arguments.", allow_leading_hyphen=True, show=True)
    ],
    options: SeedsOptions = USUAL,
) -> int:
    """Was it the seed? Run a training script with other seeds and tell how its outcome varies."""
    check_script(script)
    options.check()
    check_distinct(
        {"SCRIPT": script, "--json": options.json, "--html": options.html, "--save": options.save}
        | {"--as-experiment": options.as_experiment}
    )
    question = options.question(script, arguments)
    if options.seed is not None:
        return _one_seed(question, options.seed, options)
    population = _populated(question)
    if population is None:
        print("trainlab: stopped before the script's own run was over: nothing to report.", file=sys.stderr)
        return INTERRUPTED
    _deliver(population, options)
    if options.as_experiment and population.way.name == "lifted" and options.json != "-":
        print(f"experiment: {options.as_experiment}")
    if population.interrupted:
        return INTERRUPTED
    return FAILED if population.yours.failed and all(run.failed for run in population.runs) else 0


def _populated(question: Question) -> SeedsResult | None:
    from trainlab.cli.progress import progress_line
    from trainlab.diagnosis.seeds.populate import populate
    from trainlab.interrupt import interrupts

    with interrupts() as stop, progress_line("seeds") as show:
        show.tell(0, question.count, "the script's own run first")

        def on_progress(done: int, total: int, seconds_left: float | None) -> None:
            show.tell(done, total, runs_words(done, total, seconds_left))

        def on_diagnosis(done: int, total: int, seconds_left: float | None) -> None:
            show.tell(done, total, f"why runs failed: {runs_words(done, total, seconds_left)}")

        return populate(question, stop=stop, on_progress=on_progress, on_diagnosis=on_diagnosis)


def runs_words(done: int, total: int, seconds_left: float | None) -> str:
    """Return runs done and the time left, in words."""
    from trainlab.cli.progress import seconds_words

    left = "" if seconds_left is None or not done else f", {seconds_words(seconds_left)} left"
    return f"{done:,} of {total:,} runs{left}"


def _deliver(population: SeedsResult, options: SeedsOptions) -> None:
    from trainlab.diagnosis.seeds.show import rest_line, show_seeds
    from trainlab.draw import json_text

    data = population.to_dict()

    def page() -> str:
        from trainlab.report import seeds_html

        return seeds_html(data, title=f"Seeds of {os.path.basename(population.script)}")

    def show(console: Console) -> None:
        show_seeds(data, console, details=options.details)
        if not options.details:
            print_rest(rest_line(data, has_page=options.html is not None), console)

    hand_over(
        show,
        Output(option="--json", word="JSON", path=options.json, text=lambda: json_text(data)),
        Output(option="--html", word="report", path=options.html, text=page),
    )


def _one_seed(question: Question, seed: int, options: SeedsOptions) -> int:
    from trainlab.cli.doctor import deliver_report
    from trainlab.diagnosis.seeds.populate import report_of_seed

    report: dict[str, Any] = report_of_seed(question, seed, output_to_stderr=options.json == "-")
    title = f"Diagnosis of {os.path.basename(question.script)}, seed {seed}"
    return deliver_report(report, title, json=options.json, html=options.html, details=options.details)
