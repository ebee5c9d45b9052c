"""The points of a network as sections: at the start, after training, and of a live module."""

from __future__ import annotations

import numpy as np

from trainlab.draw import format_number
from trainlab.engine import Runs
from trainlab.explain.explanation import Section, paragraphs
from trainlab.explain.questions.loss.gradients import sums_of
from trainlab.explain.questions.loss.live_module import Live
from trainlab.explain.questions.loss.loss_signatures import loss_name
from trainlab.explain.questions.loss.points import (
    Point,
    example_gradients,
    mean_loss,
    points_from,
    points_of,
    points_table,
)
from trainlab.explain.questions.loss.points_autograd import autograd_gradients, difference, difference_words
from trainlab.explain.subject.network import initial_layers, layers_from
from trainlab.spec import Experiment

SEED = 0
WHAT = (
    "Each example's loss, its share of the total, and ∂loss/∂z, its slope by the last sum. A step of the "
    "optimizer moves z against that sign."
)


def own_points(experiment: Experiment) -> tuple[Section, tuple[Point, ...], float | None]:
    """Return the points at the first weights of seed 0, and how far the gradients are from autograd's."""
    points = points_of(experiment, initial_layers(experiment, SEED))
    ours = np.array([point.gradient for point in points])
    theirs = autograd_gradients(experiment, SEED)
    gap = None if theirs is None else difference(ours, theirs)
    loss = format_number(mean_loss(points))
    return (
        Section(
            name="points",
            heading="Your loss, point by point, before training",
            text=(
                f"{experiment.network.label} with the weights that seed {SEED} starts from: "
                f"{loss_name(experiment.loss)} is {loss}.",
                WHAT,
                difference_words(ours, theirs),
            ),
            tables=(points_table(points, f"Seed {SEED}, first weights"),),
        ),
        points,
        gap,
    )


def trained_points(experiment: Experiment, runs: Runs) -> tuple[Section, tuple[Point, ...]]:
    """Return the points after the training of seed 0; none if it diverged or kept no weights."""
    heading, name = "Your loss, point by point, after training", "trained-points"
    parameters = runs.parameters[SEED]
    if not parameters.size or not np.isfinite(parameters).all():
        words = (
            f"The run of seed {SEED} diverged: there are no finite weights to look at."
            if parameters.size
            else "The experiment keeps no parameters (record.parameters = false)."
        )
        return Section(name=name, heading=heading, text=(words,)), ()
    points = points_of(experiment, layers_from(experiment.network, parameters))
    largest = max(points, key=lambda point: point.loss)
    half = (
        []
        if largest.share is None or largest.share < 0.5
        else [f"One example carries {100 * largest.share:.0f} % of the loss."]
    )
    return (
        Section(
            name=name,
            heading=heading,
            text=paragraphs(
                f"The same network after {experiment.epochs:,} epochs, "
                f"{'solved' if bool(runs.solved[SEED]) else 'not solved'}: {loss_name(experiment.loss)} is "
                f"{format_number(mean_loss(points))}.",
                half,
            ),
            tables=(points_table(points, f"Seed {SEED}, after training"),),
        ),
        points,
    )


def live_points(live: Live) -> tuple[Section, tuple[Point, ...], float | None]:
    """Return the points of a module's batch, where its loss has a value there."""
    heading = "Your loss, point by point"
    if not live.measured:
        low, high = float(live.outputs.min()), float(live.outputs.max())
        words = (
            "bce has no value here: it takes probabilities, and these outputs go from "
            f"{format_number(low)} to {format_number(high)}."
        )
        return Section(name="points", heading=heading, text=(words,)), (), None
    points = points_from(
        inputs=live.inputs,
        targets=live.targets,
        outputs=live.outputs,
        gradients=live.gradients,
        loss=live.loss,
    )
    sums = sums_of(live.pairing.output, live.outputs)
    gap, compared = None, "The gradients are torch's autograd's, at the input of the last activation."
    if sums is not None:
        ours = example_gradients(live.loss, live.pairing.output, sums, live.targets)
        gap = difference(ours, live.gradients)
        compared += (
            f" Largest difference to the formula {live.pairing.gradient}: {format_number(gap, digits=2)}."
        )
    words = (f"{live.pairing.loss} of this batch is {format_number(mean_loss(points))}.", WHAT, compared)
    mode = "as it was given" if live.mode == "mixed" else f"in {live.mode} mode"
    table = points_table(points, f"This batch, the module {mode}, in {live.precision}")
    return Section(name="points", heading=heading, text=words, tables=(table,)), points, gap
