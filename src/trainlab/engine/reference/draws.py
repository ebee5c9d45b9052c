"""What each training step sees: its examples, the noise on their inputs, and the masks of dropout."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from trainlab.engine import rng
from trainlab.engine.warm_start import drawing_seeds
from trainlab.spec import Batch, Experiment, Full

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Steps:
    """The draws of one seed's training: every array is a function of experiment, seed and step alone."""

    experiment: Experiment
    seed: int
    dtype: str

    @cached_property
    def key(self) -> int:
        """The seed that is drawn from; see `rng.phase_seeds`."""
        return int(drawing_seeds(self.experiment, np.array([self.seed], dtype=np.uint64))[0])

    def examples(self, epoch: int) -> list[Indices | None]:
        """Return which examples each step of an epoch sees, ``[batch]``; None is all of them, in order."""
        experiment, points = self.experiment, self.experiment.data().points
        sampling, steps = experiment.sampling, experiment.steps_per_epoch
        if isinstance(sampling, Full):
            return [None]
        if isinstance(sampling, Batch) and not sampling.replacement:
            order = rng.shuffled(self.key, epoch=epoch, points=points)
            starts = range(0, steps * sampling.batch_size, sampling.batch_size)
            return [order[start : start + sampling.batch_size] for start in starts]
        size = sampling.batch_size if isinstance(sampling, Batch) else 1
        first = epoch * steps * size
        drawn = rng.batch_indices(self.key, first=first, count=steps * size, points=points)
        return list(drawn.reshape(steps, size))

    def first_examples(self, epoch: int) -> Indices | None:
        """Return which examples the first step of an epoch sees, whether there is such an epoch or not."""
        return self.examples(epoch)[0]

    def noise(self, step: int, slots: int) -> npt.NDArray[Any] | None:
        """Return what is added to the inputs, ``[slots, features]``; None if nothing is."""
        std = self.experiment.noise.std
        if not std:
            return None
        units = self.experiment.data().features
        drawn = rng.step_words(self.key, stream=rng.NOISE, step=step, slots=slots, units=units)
        return (std * rng.normals(drawn)).astype(self.dtype)

    def masks(self, step: int, slots: int) -> list[npt.NDArray[Any] | None]:
        """Return what each hidden layer's values are multiplied by, ``[slots, units]``; None: by 1."""
        network = self.experiment.network
        layers = list(zip(network.widths[1:-1], network.dropouts, strict=True))
        units = sum(width for width, p in layers if p)
        if not units:
            return [None] * len(layers)
        drawn = rng.step_words(self.key, stream=rng.DROPOUT, step=step, slots=slots, units=units)
        masks: list[npt.NDArray[Any] | None] = []
        first = 0
        for width, p in layers:
            if p:
                kept = rng.keeps(drawn[:, first : first + width], p)
                masks.append(np.where(kept, 1.0 / (1.0 - p), 0.0).astype(self.dtype))
                first += width
            else:
                masks.append(None)
        return masks
