"""Pictures by layer, input first: gradients, updates, starts, silent and saturated units."""

from __future__ import annotations

from typing import Any

import numpy as np

from trainlab.diagnosis.pictures.kinds import bars, lines, one_line
from trainlab.diagnosis.seen import ActivationSeen
from trainlab.diagnosis.signals.case import Case
from trainlab.diagnosis.signals.gradients import early_gradients, updates

Picture = dict[str, Any]
MOST_LINES = 6


def gradient_by_depth(case: Case) -> Picture | None:
    """The median rms gradient of each weight matrix in the first 20 steps looked at."""
    pairs = [(param.name, value) for param, value in early_gradients(case) if value > 0]
    return bars("Gradient by layer, input first", "rms gradient (median of 20 steps)", pairs, log=True)


def update_ratio(case: Case) -> Picture | None:
    """rms(update) / rms(weight) of each weight matrix over the first 100 steps looked at."""
    pairs = [(name, value) for name, value in updates(case, first=100).items() if value > 0]
    title = "Update a step, in units of the weight, input first"
    return bars(title, "update / weight (rms)", pairs, log=True, usual=(1e-3, 1e-2))


def weight_sizes(case: Case) -> Picture | None:
    """The rms of each weight over the steps looked at."""
    drawn = [
        one_line(param.name, param.ticks, param.weight_rms)
        for param in case.weights()[:MOST_LINES]
        if len(param.weight_rms) > 1
    ]
    return lines("Size of the weights over the steps", "step", "rms of the weight", drawn) if drawn else None


def equal_rows(case: Case) -> Picture | None:
    """The share of rows of each weight that are equal at the start."""
    pairs = [(param.name, 100 * param.start.get("equal_rows", 0.0)) for param in case.weights()]
    return bars("Rows of a weight that are equal at the start, input first", "% of the rows", pairs)


def gains(case: Case) -> Picture | None:
    """std(w)·√fan_in of each weight at the start."""
    pairs = [
        (param.name, param.start["std"] * (param.size / param.shape[0]) ** 0.5)
        for param in case.weights()
        if param.start.get("std", 0) > 0 and "Embedding" not in param.module_kind
    ]
    return bars(
        "Scale of the weights at the start, input first", "std(w)·√fan_in", pairs, log=True, usual=(0.5, 1.5)
    )


def bias_sizes(case: Case) -> Picture | None:
    """The mean size of each layer's biases at the start."""
    found = [
        param
        for param in case.seen.params.values()
        if param.name.rpartition(".")[2].startswith("bias") and param.reached and "mean_abs" in param.start
    ]
    pairs = [(param.name, param.start["mean_abs"]) for param in sorted(found, key=lambda one: -one.depth)]
    return bars("Biases at the start, input first", "mean |b|", pairs, usual=(0.0, 1.0))


def zero_gradients(case: Case) -> Picture | None:
    """The share of each weight's gradient that is exactly 0."""
    pairs = [(param.name, 100 * float(np.median(param.grad_zeros or [0.0]))) for param in case.weights()]
    return bars("Gradients that are exactly 0, input first", "% of the gradient", pairs)


def silent_units(case: Case) -> Picture | None:
    """Of each activation the share of units that are 0 for the whole batch, over the steps."""
    found = [one for one in case.seen.activations if one.window_silent]
    return _shares(
        found, [one.silent for one in found], "Units that are 0 for a whole batch", "% of the units"
    )


def saturated_units(case: Case) -> Picture | None:
    """Of each activation the share of values at its ends, over the steps."""
    found = [one for one in case.seen.activations if any(one.saturated)]
    title = "Values at an end of their activation"
    return _shares(found, [one.saturated for one in found], title, "% of the values")


def _shares(found: list[ActivationSeen], series: list[list[float]], title: str, unit: str) -> Picture | None:
    drawn = [
        one_line(
            f"{one.kind} after {one.feeder}" if one.feeder else one.module or one.kind,
            one.ticks,
            [100 * value for value in values],
        )
        for one, values in zip(found, series, strict=True)
        if len(values) > 1
    ]
    return lines(title, "step", unit, drawn[:MOST_LINES]) if drawn else None
