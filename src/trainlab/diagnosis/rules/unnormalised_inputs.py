"""Features of very different size, or far from 0, go into the first layer of a training that fails."""

from __future__ import annotations

import numpy as np

from trainlab.diagnosis.features import feature_name
from trainlab.diagnosis.findings import Finding
from trainlab.diagnosis.signals.case import Case

FAULT = "unnormalised_inputs"
RATIO = 100.0
LARGE = 10.0
_LAYERS = ("Linear", "Conv1d", "Conv2d", "Conv3d", "GRU", "LSTM", "RNN", "")


def judge(case: Case) -> Finding | None:
    """Fire where max std / min std over the features is above 100, or mean |x| above 10."""
    rows = case.seen.data.sample_x
    if not case.learning.failing or len(rows) < 20:
        return None
    width = len(rows[0])
    x = np.asarray([row for row in rows if len(row) == width], dtype=np.float64)
    spread, middle = x.std(0), x.mean(0)
    live = spread[spread > 1e-9]
    ratio = float(live.max() / live.min()) if len(live) else 1.0
    size = float(np.abs(x).mean())
    tabular = len(case.seen.data.input_shape) == 2
    uneven = tabular and ratio > RATIO and float(live.max()) > 3
    if not uneven and size <= LARGE:
        return None
    weights = [one for one in case.weights() if len(one.shape) >= 2]
    if weights and weights[0].module_kind not in _LAYERS:
        return None
    if _scaled_inside(case, weights[0].name if weights else ""):
        return None
    worst = int(np.argmax(np.abs(middle) + spread))
    least = int(np.argmin(np.where(spread > 1e-9, spread, np.inf)))
    first = weights[0].name if weights else "the first layer"

    def name(place: int) -> str:
        return feature_name(place, case.seen.data.input_shape)

    return Finding(
        fault=FAULT,
        where=(
            f"the inputs of {first}: {name(worst)} has mean {middle[worst]:.3g} and std {spread[worst]:.3g}"
        ),
        confidence=0.85,
        evidence=(
            f"std of the features from {spread[least]:.3g} ({name(least)}) to "
            f"{spread[worst]:.3g} ({name(worst)}), a ratio of {ratio:.0f}; mean |x| {size:.3g}",
            case.learning.words,
        ),
        remedy="Standardize the features with the training data's mean and standard deviation.",
        code="mean, std = X_train.mean(0), X_train.std(0)\nX = (X - mean) / std",
    )


def _scaled_inside(case: Case, name: str) -> bool:
    """Whether the network scales its input itself, so that the first layer gets numbers of usual size."""
    module = name.rpartition(".")[0]
    entered = [event.facts for event in case.seen.events_of("first_input") if event.module == module]
    return bool(entered) and all(
        facts["size"] <= LARGE and facts["ratio"] <= RATIO for facts in entered if "size" in facts
    )
