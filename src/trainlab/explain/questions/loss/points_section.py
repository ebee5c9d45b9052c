"""The points of a network as sections: at the start, after training, and of a live module."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from trainlab.draw import format_number
from trainlab.engine import Runs
from trainlab.engine.network_pass import initial_layers, layers_from
from trainlab.explain.common.torch_installed import torch_or_none
from trainlab.explain.questions.loss.gradients import sums_of
from trainlab.explain.questions.loss.outputs_module import ModuleOutputs
from trainlab.explain.questions.loss.points import (
    Point,
    example_gradients,
    mean_loss,
    points_from,
    points_of,
    points_table,
)
from trainlab.explain.subject.loss import loss_name
from trainlab.page.section import Section, paragraphs
from trainlab.spec import Experiment

Array = npt.NDArray[np.float64]


def autograd_gradients(experiment: Experiment, seed: int) -> Array | None:
    """Return ∂ℓ/∂z ``[examples, outputs]`` of each example's loss ℓ at the seed's first weights.

    None without torch.
    """
    torch = torch_or_none()
    if torch is None:
        return None
    from trainlab.engine.reference import build_module
    from trainlab.engine.reference.losses import build_criterion

    data = experiment.data()
    module = build_module(torch, experiment, seed, "float64")
    # Data of a task are read-only, which torch.from_numpy warns of.
    inputs, targets = (torch.tensor(np.array(values)) for values in (data.inputs, data.targets))
    sums: Any = module[:-1](inputs).detach().requires_grad_()
    build_criterion(torch, experiment.loss)(module[-1](sums), targets).backward()
    return sums.grad.numpy() * data.points


def difference(ours: Array, theirs: Array) -> float:
    """Return the largest difference, as a share of the largest gradient (or of 1, if that is larger)."""
    return float(np.abs(ours - theirs).max() / max(1.0, float(np.abs(theirs).max())))


def difference_words(ours: Array, theirs: Array | None) -> str:
    """Return the difference in a sentence."""
    if theirs is None:
        return "The gradient isn't compared with autograd: torch isn't installed."
    gap = difference(ours, theirs)
    said = format_number(gap, digits=2) if gap else "none"
    return f"Largest difference of these gradients to torch's autograd: {said}."


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


def live_points(live: ModuleOutputs) -> tuple[Section, tuple[Point, ...], float | None]:
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
