"""How one run went and ended, and why it failed, in a sentence each: by the rule of `studies.causes`."""

from __future__ import annotations

from typing import Literal

from trainlab.draw import format_number
from trainlab.engine import Runs
from trainlab.engine.constant_baseline import best_constant_loss
from trainlab.maths import format_share
from trainlab.spec.solved import solved_words
from trainlab.studies.causes import HIGH_LOSS, THRESHOLD, causes_of, gradients_of

Ending = Literal["solved", "diverged", "vanishing gradient", "standing still", "stuck", "low loss"]


def ending_of(run: Runs) -> Ending:
    """Return how a run, ``Runs`` of a single seed, ended: solved, or the way in which it failed."""
    if run.solved[0]:
        return "solved"
    if run.diverged[0]:
        return "diverged"
    causes = causes_of(run)
    if causes.vanishing is not None and causes.vanishing.k:
        return "vanishing gradient"
    if causes.standing_still is not None and causes.standing_still.k:
        return "standing still"
    return "stuck" if causes.high_loss else "low loss"


def how_it_went(run: Runs, start: float) -> str:
    """Return how a run went, whose loss was `start` at first."""
    experiment, seed = run.experiment, run.first_seed
    first, settled = int(run.solved_epoch[0]), int(run.settled_epoch[0])
    begun, ended = format_number(start), format_number(float(run.loss[0]))
    losses = f"its loss went from {begun} to {ended}" if begun != ended else f"its loss stayed at {ended}"
    if run.solved[0]:
        end = f"of {experiment.epochs:,}"
        if first < 0:
            return f"Seed {seed:,} is solved at the end; {losses}."
        stayed = "and from then on" if settled == first else f"and for good from epoch {settled:,}"
        return f"Seed {seed:,} was first found solved at epoch {first:,} {end}, {stayed}; {losses}."
    if run.diverged[0]:
        return f"Seed {seed:,} diverged: {_when_diverged(run)}."
    lost = f" It had been solved at epoch {first:,}, and unlearned it." if first >= 0 else ""
    return f"Seed {seed:,} isn't solved after {_epochs(run):,} epochs; {losses}.{lost}"


def why_it_failed(run: Runs) -> str | None:
    """Return why a run failed, as far as its record tells; None of one that is solved."""
    ending, seed, loss = ending_of(run), run.first_seed, float(run.loss[0])
    if ending == "solved":
        return None
    if ending == "diverged":
        return f"Seed {seed:,} failed because it diverged: {_when_diverged(run)}."
    experiment = run.experiment
    gradient = gradients_of(run)[0]
    best = best_constant_loss(experiment.loss, experiment.data().targets)
    share = f", {_times(loss / best)} the best constant answer's" if best > 0 else ""
    high = f"with the loss still high ({format_number(loss)}{share})"
    whose = "over all examples" if experiment.record.gradients == "data" else "in one step"
    first, last = (f"{format_number(float(gradient[layer]), digits=2)}" for layer in (0, -1))
    if ending == "vanishing gradient":
        return (
            f"Seed {seed:,} failed {high}: its gradient vanishes on the way back; the mean |∂L/∂w| {whose} "
            f"is {last} in the last layer, and {first} in layer 1, below {format_number(THRESHOLD)}."
        )
    if ending == "standing still":
        return (
            f"Seed {seed:,} failed {high}: it stands still, with a mean |∂L/∂w| {whose} below "
            f"{format_number(THRESHOLD)} in every layer."
        )
    if ending == "stuck":
        return (
            f"Seed {seed:,} failed {high}, though gradients arrive (mean |∂L/∂w| {whose} {first} in "
            "layer 1): it is stuck for another reason, or was still on its way."
        )
    return (
        f"Seed {seed:,} isn't solved, though its loss is low ({format_number(loss)}{share}; high is from "
        f"{format_share(HIGH_LOSS)} % on): a run is solved {solved_words(experiment.solved)}."
    )


def _when_diverged(run: Runs) -> str:
    step, per_epoch = int(run.diverged_step[0]), run.experiment.steps_per_epoch
    epoch = f" (epoch {step // per_epoch + 1:,})" if per_epoch > 1 else ""
    return f"in step {step + 1:,}{epoch} an output is no longer a finite number"


def _times(ratio: float) -> str:
    return f"{format_share(ratio)} % of" if ratio < 1.005 else f"{format_number(ratio)} times"


def _epochs(run: Runs) -> int:
    stopped = int(run.stopped_epoch[0])
    return run.experiment.epochs if stopped < 0 else stopped
