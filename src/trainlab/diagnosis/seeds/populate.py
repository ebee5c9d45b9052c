"""From the question to the population: the script's own run, then the quickest way shown to be right.

It is run again with other seeds, or lifted into an experiment, which can be written as a file.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import msgspec
import numpy as np

from trainlab.diagnosis.lift.lifted import Lift, lift_own, with_others
from trainlab.diagnosis.lift.recording import Refused, read
from trainlab.diagnosis.observed.told import names_printed
from trainlab.diagnosis.report.report import rule_trouble
from trainlab.diagnosis.script.process_pool import ProcessPool, Ran
from trainlab.diagnosis.script.runner import check_script, run_script
from trainlab.diagnosis.seeds.lifted_runs import RunReader, reader_of, run_lifted
from trainlab.diagnosis.seeds.population import SeedsResult, Way
from trainlab.diagnosis.seeds.population_words import notes_of
from trainlab.diagnosis.seeds.question import KeptRuns, OnProgress, Question, tell_nobody
from trainlab.diagnosis.seeds.seed_run import (
    LATE,
    RunMeasure,
    SeedRun,
    Success,
    measure_of,
    run_from_report,
    run_without_report,
)
from trainlab.diagnosis.signals.learnt import LEARNT
from trainlab.errors import DiagnosisError, EngineError, escaped
from trainlab.scratch import scratch_folder
from trainlab.spec import Accuracy, Experiment, LossBelow, Within
from trainlab.spec.record import Solved
from trainlab.spec.tasks import File
from trainlab.whole_file import why_not_writable

# The way that is always open: run the file again with other seeds, in parallel processes.


ALIKE = 5
"""Runs that equal the script's own to the bit: this many show that the seed changes nothing."""
BROKEN = 2
"""Seeds that fail as the script itself does: this many show that the seed isn't why."""
LIMIT, TIMES = 120.0, 10.0
"""A run is ended after two minutes, or ten times the script's own time if that is longer."""


def seed_run(ran: Ran, metric: str, training: str = "") -> SeedRun:
    """Return the run that a process was; of several trainings, the one of a name."""
    seed = ran.plan.seed
    if ran.report is not None and ran.report["ended"]["how"] == "killed":
        ran.report["ended"]["message"] = f"killed ({ran.ending})"
    if ran.report is None:
        run = run_without_report(seed=seed, ending=ran.ending, seconds=ran.seconds)
    else:
        run = run_from_report(
            ran.report, seed=seed, printed=ran.printed, metric=metric, seconds=ran.seconds, training=training
        )
    return replace(run, fault=LATE) if ran.late else run


def own_run(question: Question, stop: Event, *, recording: str = "") -> SeedRun | None:
    """Run the script as it is; None if it was stopped.

    Raises:
        DiagnosisError: it runs to its end but has no such metric, or trains nothing where none was asked for.
    """
    with closing(ProcessPool(workers=1).carry_out([question.plan(None, recording=recording)], stop)) as runs:
        ran = next(runs, None)
    if ran is None:
        return None
    run = seed_run(ran, question.metric)
    if ran.report is not None and (trouble := rule_trouble(ran.report)):
        raise DiagnosisError(f"--solved {question.solved!r}: {trouble} No other seed was run.")
    by_metric = question.metric and not question.solved
    if by_metric and run.value is None and not run.failed and run.state != "diverged":
        raise DiagnosisError(_no_metric(question.metric, ran.printed))
    if ran.report is not None and not question.metric and not run.steps and not run.failed:
        raise DiagnosisError(_nothing_to_compare(question.script, ran.printed))
    return run


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
        with closing(processes.carry_out(plans, stop)) as every:
            for ran in every:
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
        interrupted=stop.is_set() and not early and len(ordered) < question.count,
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
        f"name holds one.{_others(printed)}"
    )


def _nothing_to_compare(script: str, printed: str) -> str:
    return (
        f"{script}: no training was seen, neither a backward pass nor an optimizer step; trainlab doctor "
        f"{script} says more. To compare seeds by a number that it prints, or by a variable: --metric NAME."
        f"{_others(printed)}"
    )


def _others(printed: str) -> str:
    return names_printed(printed) or " It prints no number after a name."


# A lifted training as a study file.


def write_experiment(path: str, lift: Lift, reader: RunReader, population: SeedsResult) -> None:
    """Write the experiment as a study of one cell, which ``trainlab study``, ``race`` and ``map`` take."""
    import tomli_w

    solved = solved_of(reader, population.success, population.measure)
    experiment = msgspec.structs.replace(lift.experiment, solved=solved)
    name = escaped(os.path.basename(population.script))
    head = (
        f"# The training of {name} as an experiment: it gives the script's {lift.steps:,} losses of "
        f"{len(lift.replayed)} runs,\n# to a relative difference of {lift.difference:.1g}. "
        f"Run it with:  trainlab study {escaped(path)}\n\n"
    )
    copied, baseline = "", shortened(experiment)
    try:
        if isinstance(experiment.task, File):
            copied = shutil.copy(experiment.task.path, os.path.dirname(path) or ".")
            # A path in a study file starts at the folder of the file.
            baseline["task"] = {"name": "file", "path": os.path.basename(copied)}
        study = {
            "title": f"{name}, lifted",
            "question": "Was it the seed?",
            "seeds": population.asked,
            "baseline": baseline,
        }
        with open(path, "w", encoding="utf-8") as file:
            file.write(head + tomli_w.dumps(study))
    except OSError as error:
        if copied:
            Path(copied).unlink(missing_ok=True)
        raise DiagnosisError(f"--as-experiment {path}: can't be written ({error.strerror}).") from None


def shortened(experiment: Experiment) -> dict[str, Any]:
    """Return the experiment as plain data without the parts that are the defaults."""
    fields = experiment.to_dict()
    usual = {
        name: msgspec.to_builtins(default)
        for name, default in zip(
            experiment.__struct_fields__[1:], experiment.__struct_defaults__, strict=True
        )
    }
    kept = {
        name: value for name, value in fields.items() if name == "network" or value not in (usual[name], {})
    }
    network = experiment.network
    bias = {} if all(network.biases) else {"bias": list(network.biases)}
    return kept | {"network": {"widths": network.label, "activation": list(network.activations), **bias}}


def solved_of(reader: RunReader, success: Success, measure: RunMeasure) -> Solved:
    """Return what counts as solved in the experiment's file: as near to the success asked for as can be."""
    low, high = success.at_least, success.at_most
    of_accuracy = (measure.field == "reached" and reader.classes) or reader.metric == "accuracy"
    if of_accuracy and low is not None and 0 < low / reader.scale <= 1:
        return Accuracy(accuracy=low / reader.scale)
    if reader.metric == "loss" and high is not None:
        return LossBelow(loss=high)
    return LossBelow(loss=LEARNT * reader.constant) if reader.constant else Within()


# From the question to the population: the script's own run, then the quickest way shown to be right.


PILOTS = (1, 2)
"""The other seeds on which a lift is checked."""


def populate(
    question: Question,
    *,
    stop: Event,
    on_progress: OnProgress = tell_nobody,
    on_diagnosis: OnProgress = tell_nobody,
) -> SeedsResult | None:
    """Run what is needed to answer the question; None if `stop` came before the script's own run was over.

    `on_progress` is told of runs, `on_diagnosis` of failed ones that are trained again to find out why.

    Raises:
        DiagnosisError: the file can't be run, it has no such metric, `save` is of other runs, or it is to be
            written as an experiment and is none.
    """
    check_script(question.script)
    if question.as_experiment and (why := why_not_writable(question.as_experiment)):
        raise DiagnosisError(f"--as-experiment {question.as_experiment}: {why}")
    kept = KeptRuns(path=question.save, header=question.header, keep_arguments=question.keep_arguments)
    known = kept.read()
    with scratch_folder("lift") as folder:
        attempt = _Attempt(question, known, folder)
        yours = attempt.own(stop)
        if yours is None:
            return None
        if not attempt.known_own:
            kept.add([yours])
        ready = attempt.lifted(yours, stop)
        kept.add([run for run in attempt.pilots if run.seed not in {one.seed for one in known}])
        if ready is not None:
            lift, reader = ready
            population = run_lifted(
                question, lift, reader, yours, stop=stop, on_progress=on_progress, on_diagnosis=on_diagnosis
            )
            if question.as_experiment:
                write_experiment(question.as_experiment, lift, reader, population)
            return population
    if question.as_experiment and not stop.is_set():
        raise DiagnosisError(
            f"--as-experiment {question.as_experiment}: the training can't be lifted: {attempt.reason}."
        )
    others = [*known, *attempt.pilots]
    return rerun(question, yours, kept, others, why=attempt.reason, stop=stop, on_progress=on_progress)


class _Attempt:
    """The script's own run, two more, and what they say about lifting; `reason` says why it wasn't lifted."""

    def __init__(self, question: Question, known: Sequence[SeedRun], folder: str) -> None:
        self.question = question
        self.folder = folder
        self.pilots: list[SeedRun] = []
        self.known_own = next((run for run in known if run.seed is None), None)
        self.reason = "asked for" if not question.lift else "it was stopped before that was known"
        self.wanted = question.lift
        if question.lift and len(known) > 1 + len(PILOTS):
            self.wanted, self.reason = False, f"the runs that {question.save} holds were made so"

    def own(self, stop: Event) -> SeedRun | None:
        """Return the script's own run, known or made."""
        if self.known_own is not None and not self.wanted:
            return self.known_own
        run = own_run(self.question, stop, recording=self._file(None) if self.wanted else "")
        return self.known_own or run if run is not None else None

    def lifted(self, yours: SeedRun, stop: Event) -> tuple[Lift, RunReader] | None:
        """Return the lift and how its runs are read, if that was shown to be right."""
        if not self.wanted or stop.is_set():
            return None
        if yours.failed:
            self.reason = "the script failed"
            return None
        try:
            own = read(self._file(None))
            lift = lift_own(own, folder=self.folder)
            self._run_pilots(yours, stop)
            if len(self.pilots) < len(PILOTS):
                return None
            if any(run.failed for run in self.pilots):
                raise Refused("with another seed the script fails")
            ordered = sorted(self.pilots, key=lambda run: run.seed or 0)
            lift = with_others(lift, own, [read(self._file(run.seed)) for run in ordered])
            return lift, reader_of(lift, [yours, *ordered], self.question.metric, self.question.success.rule)
        except (Refused, EngineError) as error:
            self.reason = str(error).rstrip(".")
            return None
        except OSError as error:
            self.reason = f"its recording can't be read or written ({error.strerror})"
            return None

    def _run_pilots(self, yours: SeedRun, stop: Event) -> None:
        workers = min(len(PILOTS), self.question.workers)
        processes = ProcessPool(workers=workers, limit=limit_of(yours))
        plans = [self.question.plan(seed, recording=self._file(seed)) for seed in PILOTS]
        with closing(processes.carry_out(plans, stop)) as runs:
            for ran in runs:
                self.pilots.append(seed_run(ran, self.question.metric, yours.training))

    def _file(self, seed: int | None) -> str:
        return str(Path(self.folder) / f"{'own' if seed is None else seed}.npz")


def report_of_seed(question: Question, seed: int, *, output_to_stderr: bool = False) -> dict[str, Any]:
    """Run the script with one of its population's seeds, and return the doctor's report."""
    plan = replace(question.plan(seed), extras=None)
    report = run_script(plan, output_to_stderr=output_to_stderr)
    if report["card"]["models"] or not report["card"]["backward_passes"]:
        return report
    return run_script(replace(plan, seed_from_start=True), output_to_stderr=output_to_stderr)
