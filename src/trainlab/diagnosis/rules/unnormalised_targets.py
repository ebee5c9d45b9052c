"""Targets of a regression that are hundreds wide or far from 0, and a network that doesn't get there."""

from __future__ import annotations

import numpy as np

from trainlab.diagnosis.findings import Finding
from trainlab.diagnosis.loss_kinds import BINARY, CLASSES
from trainlab.diagnosis.signals.case import Case
from trainlab.diagnosis.signals.curve import medians_of_5

FAULT = "unnormalised_targets"
LARGE = 30.0
UNFIT, CHASE = 0.2, 0.1


def judge(case: Case) -> Finding | None:
    """Fire where the training fails and the targets' mean or standard deviation is above 30.

    Also where a tenth of its steps had a loss above that of the best constant, and the last above a fifth.
    """
    main = case.learning.main
    slow = case.learning.ratio > UNFIT and _share_above_constant(case) > CHASE
    if (
        not (case.learning.failing or slow)
        or main is None
        or main.kind in CLASSES + BINARY
        or len(main.sample) < 20
    ):
        return None
    middle, spread = float(np.mean(main.sample)), float(np.std(main.sample))
    if max(abs(middle), spread) < LARGE:
        return None
    outputs = [fit.out_high for fit in main.fits[-10:] if fit.out_high is not None]
    return Finding(
        fault=FAULT,
        where=f"the targets of the loss at {main.site.quoted if main.site else main.kind}",
        confidence=0.8,
        evidence=(
            f"targets: mean {middle:.4g}, standard deviation {spread:.4g}, from "
            f"{main.target_low:.4g} to {main.target_high:.4g}",
            f"largest output in the last steps looked at: {max(outputs, default=float('nan')):.4g}",
            case.learning.words,
        ),
        remedy="Train on standardized targets, and scale predictions back.",
        code="mean, std = y_train.mean(), y_train.std()\ny = (y - mean) / std  # prediction * std + mean",
    )


def _share_above_constant(case: Case) -> float:
    """Return the share of the steps before the loss (medians of 5) first fell below the best constant's."""
    learning = case.learning
    fits = [] if learning.main is None else learning.main.fits
    smooth = medians_of_5([fit.value for fit in fits])
    below = next((place for place, value in enumerate(smooth) if value < learning.trivial), None)
    return 0.0 if below is None else fits[below].tick / max(1, case.seen.tick)
