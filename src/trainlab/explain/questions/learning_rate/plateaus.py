"""What ReduceLROnPlateau did to each network of a population: the rates, from the losses it read."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from trainlab.engine import Runs
from trainlab.explain.questions.learning_rate.named_schedules import warmup_of
from trainlab.maths import plateau_start, plateau_step
from trainlab.spec import Experiment, Record, ReduceLROnPlateau

Array = npt.NDArray[np.float64]


def recorded(experiment: Experiment, record: Record) -> Record:
    """Return a record with what `plateau_rates` needs: the loss after each epoch, for a plateau schedule."""
    waits = isinstance(experiment.schedule, ReduceLROnPlateau) and experiment.schedule.on == "train"
    return msgspec.structs.replace(record, loss_every=1) if waits else record


def plateau_rates(runs: Runs) -> Array | None:
    """Return the rate of each epoch of each network ``[k, epochs]``, for those whose losses were recorded.

    None if the schedule reads other examples than those trained on, whose losses no curve holds.
    """
    experiment = runs.experiment
    schedule = experiment.schedule
    if not isinstance(schedule, ReduceLROnPlateau) or schedule.on != "train":
        return None
    settings: dict[str, Any] = msgspec.to_builtins(schedule)
    del settings["name"], settings["on"]
    state = plateau_start(experiment.optimizer.lr, len(runs.loss_curve))
    rates = [state.rate]
    for losses in runs.loss_curve.T[1:-1]:
        state = plateau_step(state, losses, **settings)
        rates.append(state.rate)
    return np.stack(rates, axis=1) * warmup_of(experiment)[:: experiment.steps_per_epoch]
