"""The steps around a spike, one by one: the loss after each, and what moved the parameter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainlab.draw import format_number
from trainlab.page.columns import Column, TableOf, json_only
from trainlab.studies.spikes.spike_anatomy import Spike

AROUND = (30, 20)
"""So many steps before and after the spike are told of."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SpikeStep:
    """A step, from 1: the loss after it; of the parameter its gradient, what Adam keeps, and its move."""

    step: int
    loss: float
    gradient: float
    momentum: float | None
    scale: float | None
    lr: float
    change: float


def places_around(spike: Spike, before: int, after: int) -> range:
    """Return the numbers of the steps, from 1, around the spike."""
    return range(max(1, spike.step - before), min(len(spike.change), spike.step + after) + 1)


def steps_around(spike: Spike, before: int, after: int) -> list[SpikeStep]:
    """Return the steps around the spike."""
    return [
        SpikeStep(
            step=step,
            loss=float(spike.loss[step]),
            gradient=float(spike.gradient[step - 1]),
            momentum=value_at(spike.momentum, step - 1),
            scale=value_at(spike.scale, step - 1),
            lr=float(spike.rate[step - 1]),
            change=float(spike.change[step - 1]),
        )
        for step in places_around(spike, before, after)
    ]


def steps_table(spike: Spike) -> TableOf[SpikeStep]:
    """Return the table of steps; an arrow is at that of the spike."""

    def marked(step: int) -> str:
        return f"{'→ ' if step == spike.step else ''}{step:,}"

    momentum = "m" if spike.scale is not None else "Velocity"
    return TableOf(
        (
            Column("Step", lambda each: each.step, show=marked, align="right", json="step"),
            Column("Loss after it", lambda each: each.loss, show=format_number, align="right", json="loss"),
            Column(
                "Gradient", lambda each: each.gradient, show=format_number, align="right", json="gradient"
            ),
            Column(
                momentum,
                lambda each: each.momentum,
                show=format_number,
                align="right",
                json="momentum",
                optional=True,
            ),
            Column(
                "√v", lambda each: each.scale, show=format_number, align="right", json="scale", optional=True
            ),
            json_only("lr", lambda each: each.lr),
            json_only("change", lambda each: each.change),
            Column(
                "Step / lr",
                lambda each: each.change / each.lr if each.lr else np.nan,
                show=format_number,
                align="right",
            ),
        )
    )


def value_at(values: npt.NDArray[np.float64] | None, place: int) -> float | None:
    """Return one of the values; None where there are none."""
    return None if values is None else float(values[place])
