"""Find where failed runs end: train, read the failed ones, train on, count which escape."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import numpy as np
from msgspec.structs import replace

from trainlab.errors import SpecError
from trainlab.execution import Progress, RunSettings, provenance_of, train_stored
from trainlab.spec import Experiment, Study, any_study, loss_entry, name_of, named_cell
from trainlab.spec.checks import check_number
from trainlab.spec.study import MAX_SEEDS
from trainlab.studies.causes import failed
from trainlab.studies.checked_options import checked_options
from trainlab.studies.endings_result import EndingsResult
from trainlab.studies.landscape import Ending, read_ending

SEEDS = 200
LONGER = 10
MAX_LONGER = 1000
MAX_PARAMETERS = 500
"""The Hessian of a run takes some tenths of a second at so many, and grows with their cube."""

MAX_WORK = 2e8
"""Parameters² · examples · widest layer: so much is a second or so for each reading of a Hessian."""


@checked_options
def endings(
    spec: Experiment | Study | str | os.PathLike[str],
    *,
    cell: str | None = None,
    seeds: int = SEEDS,
    longer: int = LONGER,
    engine: str = "auto",
    store: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    on: str | None = None,
    fresh: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
) -> EndingsResult:
    """Say where the failed runs of an experiment end: minimum, saddle, plateau, kink, or still moving.

    At the end of each failed run gradient and Hessian of the loss over all the examples are read, exactly, in
    float64; the thresholds are in `trainlab.studies.landscape`.

    Args:
        spec: an experiment, a study, the path of a file of either, or the name of an example.
        cell: which cell of a study to ask about, as ``"Model 1:A+B"``; left out, the first.
        seeds: on how many seeds it is trained: 0, 1, 2, ….
        longer: how many times as many epochs all seeds are trained then, to count which failed runs are
            solved by then; 1 leaves that out.
        engine: as in `study`, like all that follow.
        store: a folder where finished runs are kept.
        workers: how many threads or processes train.
        on: where to train, as in `study`.
        fresh: whether to forget what `store` has of these runs first.
        on_progress: what is called with the progress, again and again.

    Returns:
        Every failed run's end, the counts and the verdicts.

    Raises:
        SpecError: before anything runs; of a network of more than 500 parameters, too, and where the loss has
            no second derivatives that are known: a custom one, or with an L1 penalty.
    """
    check_number("seeds", seeds, at_least=1, at_most=MAX_SEEDS)
    check_number("longer", longer, at_least=1, at_most=MAX_LONGER)
    plan = any_study(spec)
    chosen = named_cell(plan, cell)
    experiment = chosen.experiment
    check_readable(experiment)
    if not experiment.record.parameters:
        experiment = replace(experiment, record=replace(experiment.record, parameters=True))
    asked = [experiment, *([experiment.at_epochs(longer * experiment.epochs)] if longer > 1 else [])]
    started = time.perf_counter()
    settings = RunSettings(
        engine=engine, store=store, workers=workers, on=on, fresh=fresh, on_progress=on_progress
    )
    (runs, *more), steps, seconds = train_stored(asked, range(seeds), settings)
    found, escaped, unread = list[Ending](), list[bool](), 0
    for row in np.flatnonzero(failed(runs)):
        ending = read_ending(experiment, runs.parameters[row], seed=int(runs.first_seed + row))
        if ending is None:
            unread += 1
        else:
            found.append(ending)
            escaped.append(bool(more and more[0].solved[row]))
    return EndingsResult(
        cell=chosen.name,
        name=chosen.words,
        made=tuple((change.name, change.label) for change in plan.changes if change.name in chosen.changes),
        experiment=experiment,
        longer=longer,
        solved=int(runs.solved.sum()),
        diverged=int((runs.diverged & ~runs.solved).sum()) + unread,
        endings=tuple(found),
        escaped=tuple(escaped),
        how=provenance_of(
            settings,
            asked,
            seeds=seeds,
            seconds=time.perf_counter() - started,
            trained_steps=steps,
            trained_seconds=seconds,
        ),
    )


def check_readable(experiment: Experiment) -> None:
    """Refuse a loss without a known Hessian, and a network whose Hessian is too large to be read often."""
    network, loss = experiment.network, name_of(experiment.loss)
    if loss_entry(experiment.loss).tangent is None:
        raise SpecError(
            f"loss = {loss!r}: the second derivative of a loss of your own isn't known; where runs end is "
            "read of trainlab's own losses."
        )
    if experiment.penalty.l1:
        raise SpecError(
            f"penalty.l1 = {experiment.penalty.l1:g}: has a kink wherever a weight is 0, and no Hessian "
            "there; where runs end can't be read. Set it to 0, or use penalty.l2."
        )
    if experiment.frozen:
        raise SpecError(
            f"frozen = {list(experiment.frozen)}: where runs end is read of all parameters, but those of "
            "these layers don't move, so a run may rest where the loss still falls. Train all layers."
        )
    size, points = network.parameters, experiment.data().points
    if size > MAX_PARAMETERS:
        raise SpecError(
            f"network.widths = {network.label!r}: has {size:,} parameters, but where runs end is "
            f"read from second derivatives, of {MAX_PARAMETERS} parameters at most; use a smaller network."
        )
    if float(size) ** 2 * points * max(network.widths) > MAX_WORK:
        raise SpecError(
            f"network.widths = {network.label!r}: the second derivatives of {size:,} parameters over "
            f"{points:,} examples take too long for hundreds of runs; use a smaller network, or fewer "
            "examples."
        )
