"""The section that draws schedules, and a schedule as a curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from trainlab.draw import Band, Cell, Curve, format_number, panels
from trainlab.explain.questions.learning_rate.named_schedules import NamedSchedule, rates_of, step_example
from trainlab.page.section import Section, Table
from trainlab.spec import Experiment, ReduceLROnPlateau

Array = npt.NDArray[np.float64]


def schedules_section(
    schedules: Sequence[NamedSchedule], experiment: Experiment, plateaus: Mapping[str, Array]
) -> Section:
    """Return the section that draws schedules; `plateaus` has the rates ``[networks, epochs]`` by label."""
    drawn = [schedule_curve(each, experiment, plateaus.get(each.label)) for each in schedules]
    rows: list[list[Cell]] = []
    for each, curve in zip(schedules, drawn, strict=True):
        rates = np.asarray(curve.median)
        reached = " → ".join(format_number(float(rate)) for rate in (rates[0], rates.max(), rates[-1]))
        rows.append([each.title, reached, each.toml])
    examples: list[list[Cell]] = [
        [f"{first} to {last}", f"{rate:.10f}".rstrip("0")] for first, last, rate in step_example()
    ]
    words = [
        "A schedule changes the rate while training goes on. Each is drawn over the epochs of this "
        f"experiment; settings not given are in proportion to them, with {experiment.optimizer.lr:g} as the "
        "rate it starts from or peaks at.",
    ]
    if plateaus:
        words.append(
            "ReduceLROnPlateau waits for the loss of each network by itself: drawn is the median over the "
            "networks, with the band in which nine of ten lie."
        )
    words.append(
        "The worked example is StepLR from 0.05, divided by ten every 30 epochs, over 100: "
        'schedule = { name = "step", step_size = 30, gamma = 0.1 }.'
    )
    return Section(
        name="schedules",
        heading="Schedules, drawn",
        text=tuple(words),
        pictures=(
            panels(
                drawn,
                x_label="Epoch",
                y_label="Learning rate",
                title="The learning rate over the training, by schedule",
                middle="rate",
            ),
        ),
        tables=(
            Table(
                title="StepLR, the worked example",
                headers=("Epochs", "Learning rate"),
                rows=examples,
            ),
            Table(
                title="The schedules, as an experiment's file has them",
                headers=("PyTorch's class", "First → highest → last rate", "TOML"),
                rows=rows,
            ),
        ),
    )


def schedule_curve(named: NamedSchedule, experiment: Experiment, plateau: Array | None) -> Curve:
    """Return a schedule as a curve over epochs; with rates of networks, their median and a band."""
    scheduled = named.of(experiment)
    per_epoch = experiment.steps_per_epoch
    if plateau is not None:
        low, middle, high = np.quantile(plateau, (0.05, 0.5, 0.95), axis=0, method="nearest")
        band = Band(label="5–95 % of networks", low=low, high=high)
        return Curve(label=named.title, x=np.arange(float(len(middle))), median=middle, bands=(band,))
    rates = rates_of(scheduled)
    by_step = "step" in (getattr(named.schedule, "per", "epoch"), named.warmup.per) and not isinstance(
        named.schedule, ReduceLROnPlateau
    )
    stride = 1 if by_step else per_epoch
    return Curve(label=named.title, x=np.arange(0, len(rates), stride) / per_epoch, median=rates[::stride])
