"""How did a run unlearn? The question, and what it returns."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from msgspec.structs import replace

from trainlab.engine import Engine, Runs, engine_of, get_engine, select
from trainlab.engine.choose import has_torch
from trainlab.engine.layout import starting_parameters
from trainlab.engine.runs import UNKNOWN
from trainlab.errors import EngineError, SpecError, lacking
from trainlab.execution import Progress, Provenance, RunSettings, provenance_of, train_stored
from trainlab.page.document import notebook, text_list
from trainlab.plain import JSON_FORMAT, Result, pick, plain
from trainlab.spec import Adam, AdamW, Experiment, Study, any_study, named_cell
from trainlab.spec.checks import MAX_COUNT, check_number
from trainlab.spec.record import Record
from trainlab.spec.study import MAX_SEEDS
from trainlab.stats import Verdict, mcnemar_p
from trainlab.studies import spike_words as words
from trainlab.studies.checked_options import checked_options
from trainlab.studies.spike_anatomy import AROUND, Spike, find_spike, steps_around, steps_table, value_at
from trainlab.studies.spike_words import Lost

# What the question how a run unlearned returns; it prints and shows itself.


BRIEF = (4, 2)
"""Steps before and after the spike in a notebook's table."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SpikeResult(Result):
    """How a run unlearned. `print(result)` says it, `to_dict()` and `to_json()` have everything.

    `unlearnt` are the seeds solved at some time and not at the end, of all that were asked; `seed` is the one
    that was asked for, None if none was. `spike` is what happened, None if no run lost what it had solved.
    `lost` says how many lost it at some time, and how many do with amsgrad; None but for Adam and AdamW.
    """

    cell: str
    name: str
    made: tuple[tuple[str, str], ...]
    experiment: Experiment
    seed: int | None
    unlearnt: tuple[int, ...]
    spike: Spike | None
    lost: words.Lost | None
    how: Provenance

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """The findings; the first is the answer."""
        return tuple(Verdict(topic=topic, sentence=sentence) for topic, sentence in self.told)

    @property
    def told(self) -> tuple[tuple[str, str], ...]:
        """The findings as sentences, each with a word for its topic; the first is the answer."""
        spike, seeds = self.spike, self.how.seeds
        if spike is None:
            return (("unlearnt", words.nothing(seeds, self.seed, ever=bool(self.unlearnt))),)
        told = (
            ("unlearnt", words.happened(spike)),
            ("which", words.which(len(self.unlearnt), seeds, self.seed)),
            ("loss", words.rise(spike)),
            ("seen", words.seen(spike)),
            ("moved", words.moved(spike)),
            ("state", words.state(spike)),
            ("why", words.why(spike)),
            ("amsgrad", self.lost and words.without_falling(self.lost)),
            ("replay", words.replayed(spike, self.how.engine)),
        )
        return tuple((topic, sentence) for topic, sentence in told if sentence)

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain data; the format is documented in docs/json.md."""
        return plain(
            {
                "format": JSON_FORMAT,
                "kind": "spike",
                **pick(self, "cell experiment verdicts unlearnt"),
                "spike": self.spike and _plain(self.spike),
                "lost": self.lost and asdict(self.lost),
                "how": self.how,
            }
        )

    def __repr__(self) -> str:
        found = "none" if self.spike is None else f"seed {self.spike.seed:,}, step {self.spike.step:,}"
        return f"<SpikeResult {self.name!r}: {found}>"

    def __str__(self) -> str:
        return "\n".join([f"{self.name}: how a run unlearns", *(sentence for _, sentence in self.told)])

    def _repr_html_(self) -> str:
        told = text_list(sentence for _, sentence in self.told)
        if self.spike is None:
            return notebook(self.name, told)
        return notebook(self.name, told, steps_table(self.spike).html(steps_around(self.spike, *BRIEF)))


def _plain(spike: Spike) -> dict[str, Any]:
    entry = words.entry_of(spike)
    at = spike.step - 1
    return {
        "seed": spike.seed,
        "steps": len(spike.change),
        "first_solved_step": spike.first,
        "step": spike.step,
        "epoch": spike.epoch,
        "solved_for": spike.solved_for,
        "again": spike.again,
        "examples": None if spike.example is None else [int(each) for each in spike.example],
        "loss": {
            "lowest": spike.low,
            "begun_step": spike.begun,
            "before": float(spike.loss[at]),
            "after": float(spike.loss[at + 1]),
            "peak": spike.peak,
            "peak_step": spike.peak_step,
            "end": float(spike.loss[-1]),
        },
        "parameter": {
            "name": str(entry),
            "words": entry.words,
            "before": spike.before,
            "after": spike.after,
            "gradient": float(spike.gradient[at]),
            "momentum": value_at(spike.momentum, at),
            "scale": value_at(spike.scale, at),
            "eps": spike.eps,
            "lr": float(spike.rate[at]),
            "first_scale": value_at(spike.scale, spike.first - 1),
        },
        "moved": spike.moved,
        "apart": spike.apart,
        "around": [steps_table(spike).to_dict(step) for step in steps_around(spike, *AROUND)],
    }


# Carry out the question how a run unlearned: find such a run, replay it, and take its spike apart.


SEEDS = 100
MAX_NUMBERS = 5_000_000
"""Steps × parameters: so many numbers are kept of a replay, four times; for 44 parameters 100,000 steps."""
MAX_READ = 50_000_000
"""Steps × examples: so many answers are read, one reading a step."""
READINGS = 10
"""Where only the end was to be read, it is read every so many epochs whether runs are solved."""


@checked_options
def spike(
    spec: Experiment | Study | str | os.PathLike[str],
    *,
    cell: str | None = None,
    seed: int | None = None,
    seeds: int = SEEDS,
    engine: str = "auto",
    store: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    on: str | None = None,
    fresh: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
) -> SpikeResult:
    """Take apart how a run unlearned what it had solved: the step, the parameter it moved, and why so far.

    The run is trained again by the engine that trains it, and beside it by a plain PyTorch loop, which takes
    over its weights at the end of every epoch; what is told of the optimizer is read from that loop.

    Args:
        spec: an experiment, a study, the path of a file of either, or the name of an example.
        cell: which cell of a study to ask about, as ``"Model 1:A+B"``; left out, the first.
        seed: the run to take apart; left out, the first that was solved at some time and isn't at the end.
        seeds: among how many seeds to look for it: 0, 1, 2, ….
        engine: as in `study`, like all that follow.
        store: a folder where finished runs are kept.
        workers: how many threads or processes train.
        on: where to train, as in `study`.
        fresh: whether to forget what `store` has of these runs first.
        on_progress: what is called with the progress, again and again.

    Returns:
        What happened, step by step; no spike where no run lost what it had solved.

    Raises:
        SpecError: before anything runs; the training is too long or too large to be kept step by step, too.
        EngineError: PyTorch isn't installed.
    """
    check_number("seeds", seeds, at_least=1, at_most=MAX_SEEDS)
    if seed is not None:
        check_number("seed", seed, at_least=0, at_most=MAX_COUNT)
    if not has_torch():
        raise EngineError(lacking("spike", "PyTorch", extra="torch"))
    plan = any_study(spec)
    chosen = named_cell(plan, cell)
    experiment = chosen.experiment
    _check_size(experiment)
    if not experiment.record.solved_every:
        experiment = replace(experiment, record=replace(experiment.record, solved_every=READINGS))
    asked = range(seeds) if seed is None else range(seed, seed + 1)
    started = time.perf_counter()

    steady = _with_amsgrad(experiment) if seed is None else None
    trained = [experiment, *([steady] if steady is not None else [])]
    settings = RunSettings(
        engine=engine, store=store, workers=workers, on=on, fresh=fresh, on_progress=on_progress
    )
    (runs, *others), steps, seconds = train_stored(trained, asked, settings)
    unlearnt = tuple(
        runs.first_seed + int(row) for row in np.flatnonzero((runs.solved_epoch >= 0) & ~runs.solved)
    )
    trainer = get_engine(engine_of(engine, experiment))
    found = None
    for each in unlearnt if seed is None else (seed,):
        replayed = replayed_spike(select(runs, range(each, each + 1)), trainer)
        # Replayed by the plain loop alone, a run may end otherwise; then the next one is looked at.
        if replayed is not None and (seed is not None or replayed.again is None):
            found = replayed
            break
    how = provenance_of(
        settings,
        [experiment],
        seeds=len(asked),
        seconds=time.perf_counter() - started,
        trained_steps=steps,
        trained_seconds=seconds,
    )
    return SpikeResult(
        cell=chosen.name,
        name=chosen.words,
        made=tuple((change.name, change.label) for change in plan.changes if change.name in chosen.changes),
        experiment=experiment,
        seed=seed,
        unlearnt=unlearnt,
        spike=found,
        lost=_compared(runs, others[0]) if others else None,
        how=dataclasses.replace(how, first_seed=asked.start),
    )


def _with_amsgrad(experiment: Experiment) -> Experiment | None:
    """Return the experiment with an Adam whose v never falls; None where there is no such."""
    optimizer = experiment.optimizer
    if not isinstance(optimizer, Adam | AdamW) or optimizer.amsgrad:
        return None
    return replace(experiment, optimizer=replace(optimizer, amsgrad=True))


def _compared(runs: Runs, other: Runs) -> Lost | None:
    """Return how many runs lost it at a reading after the first one at which they were solved.

    None where an older trainlab kept runs without what it takes to tell.
    """
    if any((each.solved & (each.settled_epoch == UNKNOWN)).any() for each in (runs, other)):
        return None
    ours, theirs = (
        (each.solved_epoch >= 0) & (each.settled_epoch != each.solved_epoch) for each in (runs, other)
    )
    return Lost(
        seeds=len(ours),
        without=int(ours.sum()),
        with_amsgrad=int(theirs.sum()),
        p=mcnemar_p(ours, theirs),
    )


def replayed_spike(run: Runs, engine: Engine) -> Spike | None:
    """Return the spike of one run, ``Runs`` of a single seed, trained by this engine; None if it has none."""
    from trainlab.engine.reference.replay import replay

    experiment = run.experiment
    stopped = int(run.stopped_epoch[0])
    epochs = stopped if 0 <= stopped < experiment.epochs else experiment.epochs
    if not epochs:
        return None
    start = None
    if experiment.after is not None:
        start = starting_parameters(engine, experiment, run.seeds)[0]
    dtype = str(run.loss.dtype)
    made = replay(
        experiment,
        run.first_seed,
        epochs=epochs,
        ends=_ends(run, engine),
        start=start,
        dtype=dtype,
    )
    return find_spike(experiment, run.first_seed, made)


def _ends(run: Runs, engine: Engine) -> dict[int, np.ndarray]:
    """Return the weights ``[P]`` of a run at the end of each epoch; of the plain loop itself none are needed.

    A schedule that depends on the length of the training lets them be read at its end only.
    """
    if engine.name.startswith("reference"):
        return {}
    # Where a training stops depends on how often it is found solved.
    record = Record(
        loss_every=0,
        gradient_every=0,
        solved_every=run.experiment.record.solved_every,
        curves=0,
        predictions=0,
    )
    experiment = replace(run.experiment, record=record)
    first = experiment.epochs if experiment.looks_ahead else 1
    marks = tuple(range(first, experiment.epochs + 1))
    read = engine.train(experiment, run.seeds, marks=marks)
    return {mark: runs.parameters[0] for mark, runs in zip(marks, read, strict=True)}


def _check_size(experiment: Experiment) -> None:
    """Refuse what would take too much memory, or too long to be read at every step."""
    steps, points = experiment.epochs * experiment.steps_per_epoch, experiment.data().points
    size = experiment.network.parameters
    for count, what, most in ((size, "parameters", MAX_NUMBERS), (points, "examples", MAX_READ)):
        if steps * count > most:
            raise SpecError(
                f"epochs = {experiment.epochs:,}: a spike is looked for at every step, and {steps:,} steps "
                f"times {count:,} {what} are more than {most:,}. Train for fewer epochs."
            )
