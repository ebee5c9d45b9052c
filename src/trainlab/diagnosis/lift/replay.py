# pyright: basic
"""The proof of a lift: begun with the script's own weights and batches, the experiment gives its losses."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainlab.diagnosis.lift.recording import Recording, Refused
from trainlab.engine.reference import build_module, build_optimizer
from trainlab.engine.reference.losses import build_criterion, predictions_of
from trainlab.spec import Experiment

TOLERANCE = {"float32": 1e-3, "float64": 1e-8}
"""The largest difference of two losses, divided by the larger of the script's and `FLOOR` times its first."""
FLOOR = 1e-3
MOST_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Replayed:
    """How the replay went: steps compared, the largest relative difference, and what it ended with.

    `loss`, `accuracy` and `squared`, the mean squared error of the predictions, are over all the data after
    the last step; None where the replay stopped before it.
    """

    steps: int
    difference: float
    tolerance: float
    loss: float | None
    accuracy: float | None
    squared: float | None
    seconds: float

    @property
    def agrees(self) -> bool:
        """Whether every compared loss is the script's."""
        return self.difference <= self.tolerance


def replay(recording: Recording, experiment: Experiment, *, targets: Any) -> Replayed:
    """Train the experiment with what the script drew; `targets` ``[rows, outputs]`` are those of all rows."""
    import torch

    dtype = str(recording.first[recording.layers[0].weight].dtype)
    if dtype not in TOLERANCE:
        raise Refused(f"its weights are {dtype}")
    started = time.monotonic()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        module = build_module(torch, experiment, 0, dtype)
        _load(torch, module, recording)
        optimizer, criterion = (
            build_optimizer(torch, experiment, module),
            build_criterion(torch, experiment.loss),
        )
        x, y = (torch.from_numpy(np.ascontiguousarray(v, dtype=dtype)) for v in (recording.inputs, targets))
        worst, done, floor = 0.0, 0, FLOOR * abs(recording.losses[0])
        for rows, said in zip(recording.each, recording.losses, strict=True):
            chosen = torch.from_numpy(rows)
            optimizer.zero_grad()
            loss = criterion(module(x[chosen]), y[chosen])
            worst = max(worst, _difference(float(loss.detach()), said, floor))
            done += 1
            if worst > TOLERANCE[dtype] or time.monotonic() - started > MOST_SECONDS:
                break
            loss.backward()
            optimizer.step()
        whole = done == recording.steps and worst <= TOLERANCE[dtype]
        end = _end(torch, module, experiment, criterion, x, y, recording) if whole else (None, None, None)
    finally:
        torch.set_num_threads(threads)
    return Replayed(
        steps=done,
        difference=worst,
        tolerance=TOLERANCE[dtype],
        loss=end[0],
        accuracy=end[1],
        squared=end[2],
        seconds=time.monotonic() - started,
    )


def _load(torch: Any, module: Any, recording: Recording) -> None:
    linears = [part for part in module if isinstance(part, torch.nn.Linear)]
    with torch.no_grad():
        for linear, layer in zip(linears, recording.layers, strict=True):
            linear.weight.copy_(torch.from_numpy(recording.first[layer.weight]))
            if layer.bias is not None:
                linear.bias.copy_(torch.from_numpy(recording.first[layer.bias]))


def _difference(ours: float, said: float, floor: float) -> float:
    if not np.isfinite(said) or not np.isfinite(ours):
        return 0.0 if np.isfinite(said) == np.isfinite(ours) else float("inf")
    return abs(ours - said) / max(abs(said), floor, 1e-30)


def _end(
    torch: Any, module: Any, experiment: Experiment, criterion: Any, x: Any, y: Any, recording: Recording
) -> Any:
    """Return loss, accuracy and squared error over the data, a row as often as it is there."""
    rows = torch.from_numpy(np.unique(recording.batches))
    with torch.no_grad():
        outputs = module(x[rows])
        predictions = predictions_of(torch, experiment.loss, outputs)
        loss = float(criterion(outputs, y[rows]))
        squared = float(((predictions - y[rows]) ** 2).mean())
    if experiment.data().kind == "regression":
        return loss, None, squared
    if y.shape[1] > 1:
        right = predictions.argmax(1) == y[rows].argmax(1)
    else:
        right = (predictions > 0.5) == (y[rows] > 0.5)
    return loss, float(right.float().mean()), squared
