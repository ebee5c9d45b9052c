"""Pictures by layer, input first: gradients, updates, starts, silent and saturated units."""

from __future__ import annotations

import numpy as np

from trainlab.diagnosis.observed.record import ActivationRecord
from trainlab.diagnosis.pictures.kinds import Picture, bars, lines, one_line
from trainlab.diagnosis.signals.case import Case
from trainlab.diagnosis.signals.gradients import early_gradients

MOST_LINES = 6


def gradient_by_depth(case: Case) -> Picture | None:
    """The median rms gradient of each weight matrix in the first 20 steps looked at."""
    pairs = [(param.name, value) for param, value in early_gradients(case)]
    return bars("Gradient by layer, input first", "rms gradient (median of 20 steps)", pairs, log=True)


def shares(found: list[ActivationRecord], series: list[list[float]], title: str, unit: str) -> Picture | None:
    """Return the shares of the activations where they are greatest, in the order of the network."""
    told = [(one, values) for one, values in zip(found, series, strict=True) if len(values) > 1]
    worst = sorted(range(len(told)), key=lambda at: -float(np.nanmean(told[at][1])))[:MOST_LINES]
    drawn = [
        one_line(
            f"{one.kind} after {one.feeder}" if one.feeder else one.module or one.kind,
            one.ticks,
            [100 * value for value in values],
        )
        for at, (one, values) in enumerate(told)
        if at in worst
    ]
    return lines(title, "step", unit, drawn) if drawn else None
