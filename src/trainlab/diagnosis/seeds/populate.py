"""From the question to the population: the script's own run, then the quickest way shown to be right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

from trainlab.diagnosis.lift.lifted import Lift, lift_own, with_others
from trainlab.diagnosis.lift.recording import Refused, read
from trainlab.diagnosis.script.plan import Plan
from trainlab.diagnosis.script.runner import check_script, run_script
from trainlab.diagnosis.seeds.engine_runs import RunReader, reader_of
from trainlab.diagnosis.seeds.experiment_file import write_experiment
from trainlab.diagnosis.seeds.kept_runs import KeptRuns
from trainlab.diagnosis.seeds.lifted_runs import run_lifted
from trainlab.diagnosis.seeds.population import SeedsResult
from trainlab.diagnosis.seeds.process_pool import ProcessPool
from trainlab.diagnosis.seeds.question import OnProgress, Question, tell_nobody
from trainlab.diagnosis.seeds.script_runs import limit_of, own_run, rerun, seed_run
from trainlab.diagnosis.seeds.seed_run import SeedRun
from trainlab.errors import DiagnosisError, EngineError
from trainlab.scratch import scratch_folder

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
                question,
                lift,
                reader,
                yours,
                stop=stop,
                on_progress=on_progress,
                on_diagnosis=on_diagnosis,
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
        for ran in processes.carry_out(plans, stop):
            self.pilots.append(seed_run(ran, self.question.metric, yours.training))

    def _file(self, seed: int | None) -> str:
        return str(Path(self.folder) / f"{'own' if seed is None else seed}.npz")


def report_of_seed(question: Question, seed: int, *, output_to_stderr: bool = False) -> dict[str, Any]:
    """Run the script with one of its population's seeds, and return the doctor's report."""
    plan = Plan(
        script=question.script,
        arguments=question.arguments,
        keep_arguments=question.keep_arguments,
        seed=seed,
        solved=question.solved,
    )
    report = run_script(plan, output_to_stderr=output_to_stderr)
    if report["card"]["models"] or not report["card"]["backward_passes"]:
        return report
    return run_script(replace(plan, seed_from_start=True), output_to_stderr=output_to_stderr)
