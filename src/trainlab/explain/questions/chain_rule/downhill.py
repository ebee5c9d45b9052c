"""The section on the step downhill: the loss along the gradient, and on a plane with the real steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from trainlab.draw import (
    Contour,
    Curve,
    HeatAxis,
    HeatScale,
    Picture,
    Spot,
    Track,
    contour_lines,
    curves,
    format_number,
    heat_map,
)
from trainlab.engine.network_pass import Array
from trainlab.explain.questions.chain_rule.descent import (
    Descent,
    Line,
    Plane,
    along_gradient,
    descend,
    plane_of,
)
from trainlab.explain.questions.chain_rule.example_pass import exactly
from trainlab.page.section import Section, Table, paragraphs
from trainlab.spec import Experiment, Parity, name_of

STEPS = 100
"""Steps that are followed at most."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Downhill:
    """The optimizer's first steps, and the loss around them; None where there is no gradient."""

    experiment: Experiment
    seed: int
    descent: Descent
    line: Line | None
    plane: Plane | None


def look_downhill(experiment: Experiment, seed: int) -> Downhill:
    """Compute the steps, the line and the plane; a large network or data set gets fewer points."""
    work = experiment.network.parameters * experiment.data().points
    steps, grid = (STEPS, 41) if work <= 3e5 else (STEPS, 21) if work <= 5e6 else (20, 9)
    descent = descend(experiment, seed, steps)
    return Downhill(
        experiment=experiment,
        seed=seed,
        descent=descent,
        line=along_gradient(experiment, descent.parameters[0], points=2 * grid - 1),
        plane=plane_of(experiment, descent, seed, points=grid),
    )


def downhill_section(found: Downhill) -> Section:
    """Return the line and the plane with the optimizer's steps."""
    line, plane, points = found.line, found.plane, found.experiment.data().points
    heading = "Downhill: what the gradient is for"
    if line is None:
        return Section(
            name="downhill",
            heading=heading,
            text=(
                "The gradient over all examples is 0 or not finite at the start, so it shows no way "
                "downhill; on a plateau or at a saddle there may be one all the same.",
            ),
        )
    return Section(
        name="downhill",
        heading=heading,
        text=paragraphs(
            f"Now the loss over all {points:,} training examples{_of(found.experiment)}, at the same initial "
            f"weights; its gradient g has length {format_number(line.norm)}. By its slope a step w − α g "
            f"lowers the loss by α‖g‖²{', which holds for small α' if line.best > 0 else ''}.",
            _line_words(line, found.experiment),
            *(_plane_words(found, plane) if plane else []),
        ),
        tables=(_line_table(line, found.experiment),),
        pictures=(_line_picture(line, found), *([_plane_picture(found, plane)] if plane else [])),
    )


def downhill_numbers(found: Downhill) -> dict[str, Any]:
    """Return line, plane and steps as plain data."""
    return {
        "steps": found.descent.steps,
        "losses": found.descent.losses,
        "line": found.line,
        "plane": found.plane,
    }


def downhill_sentence(found: Downhill) -> str:
    """Return where the steps led, for the verdict."""
    line, descent = found.line, found.descent
    if line is None or not descent.steps:
        return ""
    name = _optimizer(found.experiment)
    return (
        f"Downhill, {descent.steps} step{'' if descent.steps == 1 else 's'} of {name} took the loss "
        f"over all examples from {format_number(float(descent.losses[0]))} to "
        f"{format_number(float(descent.losses[-1]))}."
    )


def _of(experiment: Experiment) -> str:
    """Return what a network learns that no experiment was named for."""
    if not isinstance(experiment.task, Parity):
        return ""
    return f" of XOR of {experiment.task.bits} inputs (1 where the number of ones is odd)"


def _line_words(line: Line, experiment: Experiment) -> str:
    lowest = format_number(float(np.nanmin(line.losses)))
    first, best = format_number(float(line.losses[0])), format_number(line.best)
    start = f"From {first} the loss falls to {lowest} at α = {best}"
    back = (
        f", and at α = {format_number(line.back)} it is first as high as at the start again"
        if line.back is not None
        else "; within this line it does not come back to where it began"
    )
    if line.best == 0:
        start, back = f"At none of the {len(line.rates) - 1} points looked at is the loss below {first}", ""
    lr = f" The optimizer's learning rate is {format_number(experiment.optimizer.lr)}."
    return f"{start}{back}.{lr}"


def _plane_words(found: Downhill, plane: Plane) -> list[str]:
    inside, moved = plane.inside, found.descent
    second = (
        "the part of the optimizer's displacement that isn't along the gradient"
        if plane.second == "displacement"
        else f"a random direction (NumPy's default generator, seed {found.seed}), since the "
        "displacement lies along the gradient"
    )
    middle = plane.inside[len(inside) // 2]
    words = (
        f"The plane: −g across, and up {second}. {_optimizer(found.experiment)} takes {moved.steps:,} "
        f"steps from the same start; of its squared displacement {_percent(float(inside[-1]))} lies in "
        f"the plane at the end, {_percent(float(middle))} halfway, and {_percent(float(inside.min()))} "
        "where it is least."
    )
    gap = format_number(float(np.nanmax(np.abs(plane.below - moved.losses))))
    beyond = (
        f"Where a step has left the plane, the loss there isn't the one drawn: they differ by {gap} at most."
    )
    if plane.second == "displacement":
        beyond += (
            " The end lies in the plane because the plane was laid through it; how the steps leave it on the "
            "way can't be seen here."
        )
    return [words, beyond]


def _line_table(line: Line, experiment: Experiment) -> Table:
    places = np.unique(np.linspace(0, len(line.rates) - 1, 9).round().astype(int))
    predicted = line.predicted
    return Table(
        title="The loss along the negative gradient",
        headers=["α", "Loss", "Predicted by the gradient"],
        rows=[
            [float(line.rates[place]), exactly(float(line.losses[place])), exactly(float(predicted[place]))]
            for place in places
        ],
    )


def _line_picture(line: Line, found: Downhill) -> Picture:
    shown = line.predicted
    # Where the straight line has left the picture, it says nothing.
    finite = line.losses[np.isfinite(line.losses)]
    floor = float(finite.min()) - 0.15 * float(np.ptp(finite) or 1.0)
    return curves(
        [
            Curve(label="loss", x=line.rates, median=line.losses),
            Curve(label="by slope", x=line.rates, median=np.where(shown >= floor, shown, np.nan)),
        ],
        x_label="α, how far along −g (as a learning rate)",
        y_label="Loss over all training examples",
        title="One step downhill: the loss at w − α g, and what the slope alone promises",
    )


def _plane_picture(found: Downhill, plane: Plane) -> Picture:
    finite = plane.losses[np.isfinite(plane.losses)]
    low, high = float(finite.min()), float(finite.max())
    log = low > 0 and high / low > 30
    low, high = (low, high) if low < high else (low, low + 1.0)
    levels = np.quantile(finite, [0.1, 0.3, 0.55, 0.8])
    contours = [
        Contour(
            label=f"loss {format_number(float(level))}",
            lines=[_in_values(plane, lines) for lines in contour_lines(plane.losses, float(level))],
        )
        for level in np.unique(levels)
    ]
    start, end = plane.track[0].tolist(), plane.track[-1].tolist()
    return heat_map(
        HeatAxis(values=plane.across, label="Distance along −gradient"),
        HeatAxis(values=plane.up, label=f"Distance along the second direction ({plane.second})"),
        plane.losses,
        HeatScale(label="Loss over all training examples", low=low, high=high, log=log, missing="not finite"),
        title=f"The loss on a plane, with {found.descent.steps} steps of {_optimizer(found.experiment)}",
        levels=contours,
        places=[
            Spot(x=start[0], y=start[1], label="start"),
            Spot(x=end[0], y=end[1], label=f"after {found.descent.steps} steps", shape="diamond"),
        ],
        ways=[Track(label="steps, projected", points=plane.track)],
    )


def _in_values(plane: Plane, lines: Array) -> Array:
    """Return a contour's points, in columns and rows, as values of the axes."""
    columns, rows = np.arange(len(plane.across)), np.arange(len(plane.up))
    return np.column_stack(
        [np.interp(lines[:, 0], columns, plane.across), np.interp(lines[:, 1], rows, plane.up)]
    )


def _optimizer(experiment: Experiment) -> str:
    return f"{name_of(experiment.optimizer)} (lr {format_number(experiment.optimizer.lr)})"


def _percent(share: float) -> str:
    return f"{format_number(100 * share, digits=3)} %"
