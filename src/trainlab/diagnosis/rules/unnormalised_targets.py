"""Targets of a regression that are hundreds wide or far from 0, and a network that doesn't get there."""

from __future__ import annotations

import numpy as np

from trainlab.diagnosis.findings import Finding
from trainlab.diagnosis.signals.case import Case
from trainlab.diagnosis.signals.trivial import BINARY, CLASSES

FAULT = "unnormalised_targets"
LARGE = 30.0


def judge(case: Case) -> Finding | None:
    """Fire where the training fails and the targets' mean or standard deviation is above 30."""
    main = case.learning.main
    if not case.learning.failing or main is None or main.kind in CLASSES + BINARY or len(main.sample) < 20:
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
