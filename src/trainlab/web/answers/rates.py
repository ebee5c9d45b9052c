"""Which learning rates work, and what does the schedule make of them? A range test, and the schedule drawn.

Kind ``rates``, two frames: the schedule at once, then everything.

| field | what it is |
|---|---|
| `lr` | the optimizer's own rate |
| `schedule` | what PyTorch calls the schedule, after ``LinearLR`` where there is a warm-up |
| `schedule_words` | its first, highest and last rate; of one that waits for the loss, over how many runs |
| `seeds`, `epochs` | of the range test |
| `begins`, `lowest` | the rates where a tenth of the loss's fall is done, and where it is lowest; or null |
| `suggested` | a tenth of the latter; null where the loss never falls |
| `sentence` | what the range test says |
| `method` | how it was done, and by what rule |

Arrays: `schedule_epochs`, `schedule_rate` f8[s], at most about 1,000 points; where the rate waits for the
loss they are the median of the runs, with `schedule_low` and `schedule_high`, between which nine of ten lie.
In the second frame also `rate`, `median`, `low`, `high` f8[k]: the rate at each moment of the range test, and
the median, 5 % and 95 % quantile of the loss there, infinite for runs that diverged.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np

from trainlab.draw import Curve, counted, format_number
from trainlab.engine import Runs, engine_of, get_engine
from trainlab.errors import SpecError
from trainlab.explain.questions.learning_rate.comparison import plateau_rates, recorded
from trainlab.explain.questions.learning_rate.grid import RATES, population, read_rates
from trainlab.explain.questions.learning_rate.range_test import (
    range_experiment,
    range_test_section,
    read_range,
)
from trainlab.explain.questions.learning_rate.schedules import NamedSchedule, schedule_curve
from trainlab.spec import Experiment, Record, ReduceLROnPlateau
from trainlab.web.answers.one_run import evenly
from trainlab.web.experiment_forms import experiment_of
from trainlab.web.frames import Frame, Numbers
from trainlab.web.questions import Limits, Rates

SEEDS = 64
POINTS = 1000


def answer_rates(question: Rates, limits: Limits) -> Iterator[Frame]:
    """Yield the schedule, and then the range test beside it."""
    experiment = experiment_of(question.experiment, limits, seeds=SEEDS)
    low, *_, high = read_rates(RATES)
    climbing = range_experiment(population(experiment), low, high)
    try:
        experiment_of(climbing.to_dict(), limits, seeds=SEEDS)
    except SpecError as error:
        raise SpecError(f"range test: {error}") from None
    seeds = range(question.first_seed, question.first_seed + SEEDS)
    fields, arrays = _schedule(experiment, seeds)
    yield Frame(kind="rates", fields=fields, arrays=arrays, last=False)
    test = read_range(_train(climbing, seeds), low, high)
    how, rule, said = range_test_section(test, (), experiment).text
    yield Frame(
        kind="rates",
        fields={
            **fields,
            "seeds": test.seeds,
            "epochs": test.epochs,
            "begins": test.begins,
            "lowest": test.lowest,
            "suggested": test.suggested,
            "sentence": said,
            "method": f"{how} {rule}",
        },
        arrays={
            **arrays,
            "rate": test.rate,
            "median": test.median,
            "low": test.low,
            "high": test.high,
        },
    )


def _schedule(experiment: Experiment, seeds: range) -> tuple[dict[str, object], dict[str, Numbers]]:
    """Return the rate over the training; of one that waits for the loss, those of runs."""
    named = NamedSchedule(label="", schedule=experiment.schedule, warmup=experiment.warmup)
    runs = _waiting(experiment, seeds)
    plateau = None if runs is None else plateau_rates(runs)
    curve = schedule_curve(named, experiment, plateau)
    rates = np.asarray(curve.median, dtype=np.float64)
    ends = (rates[0], rates.max(), rates[-1])
    reached = " → ".join(format_number(float(rate)) for rate in ends)
    if plateau is not None:
        over = f", the median over {counted(len(plateau), 'run')}"
    elif isinstance(experiment.schedule, ReduceLROnPlateau):
        over = ", as long as the loss on the held-out examples keeps falling"
    else:
        over = ""
    fields: dict[str, object] = {
        "lr": experiment.optimizer.lr,
        "schedule": named.title,
        "schedule_words": f"First → highest → last rate: {reached}{over}."
        if len(set(ends)) > 1
        else f"The rate stays at {format_number(float(ends[0]))}{over}.",
    }
    return fields, _drawn(curve)


def _drawn(curve: Curve) -> dict[str, Numbers]:
    rates = np.asarray(curve.median, dtype=np.float64)
    kept = evenly(len(rates), POINTS)
    arrays = {"schedule_epochs": np.asarray(curve.x, dtype=np.float64)[kept], "schedule_rate": rates[kept]}
    for band in curve.bands:
        arrays["schedule_low"] = np.asarray(band.low, dtype=np.float64)[kept]
        arrays["schedule_high"] = np.asarray(band.high, dtype=np.float64)[kept]
    return arrays


def _waiting(experiment: Experiment, seeds: range) -> Runs | None:
    """Return runs whose rate waits for the loss, which is recorded; None if the rate waits for nothing."""
    if not isinstance(experiment.schedule, ReduceLROnPlateau):
        return None
    bare = Record(
        loss_every=0, gradient_every=0, solved_every=experiment.record.solved_every, parameters=False
    )
    record = msgspec.structs.replace(recorded(experiment, bare), curves=seeds.stop)
    return _train(msgspec.structs.replace(experiment, record=record), seeds)


def _train(experiment: Experiment, seeds: range) -> Runs:
    (runs,) = get_engine(engine_of("auto", experiment)).train(experiment, seeds, threads=1)
    return runs
