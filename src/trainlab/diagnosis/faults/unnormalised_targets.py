"""Targets of a regression that are hundreds wide or far from 0, and a network that doesn't get there."""

from __future__ import annotations

from trainlab.diagnosis.fault import GROWTH, Explains, Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.torch_names import BINARY, CLASSES
from trainlab.diagnosis.pictures.kinds import Picture, histogram
from trainlab.diagnosis.pictures.targets import main_loss
from trainlab.diagnosis.place import place_at
from trainlab.diagnosis.remedies.common_remedies import single
from trainlab.diagnosis.signals.averages import mean
from trainlab.diagnosis.signals.curve import medians_of_5
from trainlab.diagnosis.signals.training import Training

LARGE = 30.0
UNFIT, CHASE = 0.2, 0.1


def judge(training: Training) -> Finding | None:
    """Fire where the training fails and the targets' mean or standard deviation is above 30.

    Also where a tenth of its steps had a loss above that of the best constant, and the last above a fifth.
    """
    import numpy as np

    main = training.learning.main
    slow = training.learning.ratio > UNFIT and _share_above_constant(training) > CHASE
    if (
        not (training.learning.failing or slow)
        or main is None
        or main.kind in CLASSES + BINARY
        or len(main.sample) < 20
    ):
        return None
    middle, spread = mean(main.sample), float(np.std(main.sample))
    if max(abs(middle), spread) < LARGE:
        return None
    outputs = [fit.out_high for fit in main.fits[-10:] if fit.out_high is not None]
    return Finding(
        place=place_at(main.site, "targets", call=main.kind),
        where=f"the targets of the loss at {main.site.quoted if main.site else main.kind}",
        confidence=0.8,
        evidence=(
            f"targets: mean {middle:.4g}, standard deviation {spread:.4g}, from "
            f"{main.target_low:.4g} to {main.target_high:.4g}",
            f"largest output in the last steps looked at: {max(outputs, default=float('nan')):.4g}",
            training.learning.words,
        ),
        remedy="Train on standardized targets, and scale predictions back.",
        code="mean, std = y_train.mean(), y_train.std()\ny = (y - mean) / std  # prediction * std + mean",
    )


def _share_above_constant(training: Training) -> float:
    """Return the share of the steps before the loss (medians of 5) first fell below the best constant's."""
    learning = training.learning
    fits = [] if learning.main is None else learning.main.fits
    smooth = medians_of_5([fit.value for fit in fits])
    below = next((place for place, value in enumerate(smooth) if value < learning.trivial), None)
    return 0.0 if below is None else fits[below].tick / max(1, training.record.tick)


def _picture(training: Training) -> Picture | None:
    """How the targets are spread, and where the outputs of the last steps lie."""
    loss = main_loss(training)
    if loss is None:
        return None
    late = [fit for fit in loss.fits[-10:] if fit.out_low is not None and fit.out_high is not None]
    if not late:
        return histogram("Targets seen", "target", loss.sample)
    low = min(fit.out_low for fit in late if fit.out_low is not None)
    high = max(fit.out_high for fit in late if fit.out_high is not None)
    if low <= min(loss.sample, default=low) and high >= max(loss.sample, default=high):
        return histogram("Targets seen", "target", loss.sample)  # the outputs are where they should be
    words = "outputs in the last steps looked at"
    return histogram(
        "Targets, and where the outputs are", "target", loss.sample, label=words, low=low, high=high
    )


FAULT = Fault(
    name="unnormalised_targets",
    family="The data",
    title="the targets are far larger than a network's first outputs",
    what="Outputs start near 0. Targets in the hundreds take many steps to reach, and make equally large "
    "gradients.",
    formula=f"The training fails, and the targets' mean or standard deviation is above {LARGE:g}.",
    source="A default network's outputs have a standard deviation below 1.",
    silent="the network gets there anyway, or targets are classes.",
    remedy="Train on standardized targets, and scale predictions back.",
    see=("loss",),
    judge=judge,
    picture=_picture,
    remedies=(single("standardized targets", "targets"),),
    explains=(
        Explains(
            ("bad_momentum", "lr_too_high", *GROWTH, "lr_too_low", "loss_plateau"),
            "distant targets mean large gradients and a long way to go",
        ),
    ),
    signals=("smoothed end",),
)
