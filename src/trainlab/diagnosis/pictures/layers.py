"""Pictures by layer, input first: gradients, updates, starts, silent and saturated units."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from trainlab.diagnosis.pictures.kinds import bars, lines, one_line
from trainlab.diagnosis.pictures.loops import loss_to_the_end
from trainlab.diagnosis.rules.bad_bias_init import bias_size
from trainlab.diagnosis.rules.lr_too_high import EARLY, blown_up, largest_steps
from trainlab.diagnosis.rules.lr_too_low import ways
from trainlab.diagnosis.rules.vanishing_gradient import FADED, FADED_LATE
from trainlab.diagnosis.seen import ActivationSeen
from trainlab.diagnosis.signals.case import Case
from trainlab.diagnosis.signals.gradients import early_gradients, late_gradients

Picture = dict[str, Any]
MOST_LINES = 6
USUAL_STEP = (1e-3, 1e-2)
"""rms(update) / rms(weight) of healthy trainings."""


def gradient_by_depth(case: Case) -> Picture | None:
    """The median rms gradient of each weight matrix in the first 20 steps looked at."""
    pairs = [(param.name, value) for param, value in early_gradients(case)]
    return bars("Gradient by layer, input first", "rms gradient (median of 20 steps)", pairs, log=True)


def fading_gradient(case: Case) -> Picture | None:
    """The same where it fades towards the input; what fades over the steps of a sequence shows no such.

    Where it doesn't fade at first, but at last, the last 20 steps.
    """
    if _fades([value for _, value in early_gradients(case)], below=FADED):
        return gradient_by_depth(case)
    pairs = [(param.name, value) for param, value in late_gradients(case)]
    if not _fades([value for _, value in pairs], below=FADED_LATE):
        return None
    unit = "rms gradient (median of the last 20 steps looked at)"
    return bars("Gradient by layer, input first", unit, pairs, log=True)


def _fades(found: list[float], *, below: float) -> bool:
    return bool(found) and found[0] < below * max(found)


def large_steps(case: Case) -> Picture | None:
    """The largest steps in units of the weights, where these are above the usual; else the loss itself.

    Steps can be large at first only: after them nothing is left to step by.
    """
    blown = blown_up(case)
    if blown is not None:
        title = f"Largest update of the first {EARLY}, in units of the weight, input first"
        pairs = list(blown.largest.items())
        return bars(
            title, "update / weight (rms)", pairs, log=True, usual=USUAL_STEP, worst=lambda value: value
        )
    largest = largest_steps(case)
    if largest and float(np.median(list(largest.values()))) > USUAL_STEP[1]:
        title = "Largest update in units of the weight (median of 10 steps in a row), input first"
        pairs = list(largest.items())
        return bars(
            title, "update / weight (rms)", pairs, log=True, usual=USUAL_STEP, worst=lambda value: value
        )
    first = {param.name: param.update[0] for param in case.weights() if param.update}
    if first and float(np.median(list(first.values()))) > 1:
        title = "The first update, in units of the weight, input first"
        return bars(
            title,
            "update / weight (rms)",
            list(first.items()),
            log=True,
            usual=USUAL_STEP,
            worst=lambda value: value,
        )
    return loss_to_the_end(case)


def small_way(case: Case) -> Picture | None:
    """How far each weight matrix moved in all steps together, in percent of its size."""
    pairs = [(name, 100 * value) for name, value in ways(case).items()]
    steps = max((one.steps for one in case.stepped), default=0)
    title = f"How far the weights moved in all {steps:,} steps, input first"
    return bars(title, "% of their size", pairs, log=True, worst=lambda value: value)


def weight_sizes(case: Case) -> Picture | None:
    """The rms of the weights that shrank most, over the steps looked at; None where none lost half of it."""
    found = [param for param in case.weights() if len(param.weight_rms) > 1 and param.weight_rms[0] > 0]
    shrunk = sorted(found, key=lambda param: param.weight_rms[-1] / param.weight_rms[0])[:MOST_LINES]
    if not shrunk or shrunk[0].weight_rms[-1] > 0.5 * shrunk[0].weight_rms[0]:
        return None
    drawn = [one_line(param.name, param.ticks, param.weight_rms) for param in found if param in shrunk]
    return lines("Size of the weights over the steps", "step", "rms of the weight", drawn)


def equal_rows(case: Case) -> Picture | None:
    """The share of units of each weight that are equal at the start: its rows, an embedding's columns."""
    pairs = [
        (f"{param.name}, columns", 100 * param.start.get("equal_columns", 0.0))
        if param.module_kind.startswith("Embedding")
        else (param.name, 100 * param.start.get("equal_rows", 0.0))
        for param in case.weights()
    ]
    title = "Rows of a weight that are equal at the start, input first"
    return bars(title, "% of the rows", pairs, worst=lambda value: value)


def gains(case: Case) -> Picture | None:
    """std(w)·√fan_in of each weight at the start."""
    pairs = [
        (param.name, param.start["std"] * (param.size / param.shape[0]) ** 0.5)
        for param in case.weights()
        if param.start.get("std", 0) > 0 and "Embedding" not in param.module_kind
    ]
    return bars(
        "Scale of the weights at the start, input first",
        "std(w)·√fan_in",
        pairs,
        log=True,
        usual=(0.5, 1.5),
        worst=lambda value: abs(math.log(value)),
    )


def bias_sizes(case: Case) -> Picture | None:
    """The mean size of each layer's biases at the start, of a gated layer that of its largest gate."""
    found = [
        param
        for param in case.seen.params.values()
        if param.name.rpartition(".")[2].startswith("bias") and param.reached and "mean_abs" in param.start
    ]
    pairs = [(param.name, bias_size(param)) for param in sorted(found, key=lambda one: -one.depth)]
    title = "Biases at the start, input first"
    return bars(title, "mean |b|, or that of a gate", pairs, usual=(0.0, 1.0), worst=lambda value: value)


def zero_gradients(case: Case) -> Picture | None:
    """The share of each weight's gradient that is exactly 0."""
    pairs = [(param.name, 100 * float(np.median(param.grad_zeros or [0.0]))) for param in case.weights()]
    title = "Gradients that are exactly 0, input first"
    return bars(title, "% of the gradient", pairs, worst=lambda value: value)


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
