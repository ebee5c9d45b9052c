"""What each step of a block of networks sees: its examples, noise and masks, drawn for all seeds at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from trainlab.engine import rng
from trainlab.engine.kernel.lanes import array_unit
from trainlab.engine.kernel.machine_code import call
from trainlab.spec import Batch, Full, Network, Sampling, Single

PIECE = 2**22
"""The most draws of examples held at once, over all networks."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Examples:
    """Which of `points` examples each step of an epoch sees, for the networks of ``keys [n, 2]``."""

    sampling: Sampling
    points: int
    steps: int
    keys: npt.NDArray[np.uint64]
    device: str

    def of_epoch(self, epoch: int) -> Iterator[torch.Tensor | None]:
        """Yield ``[n, batch]`` for each step; None is all of them, in order."""
        if isinstance(self.sampling, Full):
            yield None
        elif isinstance(self.sampling, Batch) and not self.sampling.replacement:
            order = np.empty((len(self.keys), self.points), dtype=np.int64)
            call(array_unit("shuffle_rows"), _at(self.keys), len(order), epoch, _at(order), self.points)
            batches = _split(order, self.sampling.batch_size, self.device)
            yield from batches[: self.steps]
        else:
            yield from self._drawn(epoch, self.steps)

    def first_of_epoch(self, epoch: int) -> torch.Tensor | None:
        """Return what the first step of an epoch sees, whether there is such an epoch or not."""
        drawn = isinstance(self.sampling, Single) or getattr(self.sampling, "replacement", False)
        return next(self._drawn(epoch, 1) if drawn else self.of_epoch(epoch))

    def _drawn(self, epoch: int, steps: int) -> Iterator[torch.Tensor]:
        """Draw the first `steps` of an epoch."""
        size = 1 if isinstance(self.sampling, Single) else getattr(self.sampling, "batch_size", 1)
        at_once = max(1, PIECE // (len(self.keys) * size))
        for step in range(0, steps, at_once):
            count = min(at_once, steps - step) * size
            drawn = np.empty((len(self.keys), count), dtype=np.int64)
            first = (epoch * self.steps + step) * size
            call(
                array_unit("draw_examples"), _at(self.keys), len(drawn), first, self.points, _at(drawn), count
            )
            yield from _split(drawn, size, self.device)


@dataclass(frozen=True, kw_only=True, slots=True)
class Disturbances:
    """The noise on the inputs and the masks of dropout of each step, for the networks of ``keys [n, 2]``."""

    std: float
    features: int
    network: Network
    keys: npt.NDArray[np.uint64]
    dtype: str
    device: str

    def noise(self, step: int, slots: int) -> torch.Tensor | None:
        """Return what is added to the inputs, ``[n, slots, features]``; None if nothing is."""
        if not self.std:
            return None
        drawn = np.empty((len(self.keys), slots, self.features), dtype=np.uint32)
        call(array_unit("noise_words"), _at(self.keys), len(drawn), step, _at(drawn), slots, self.features)
        return torch.as_tensor((self.std * rng.normals(drawn)).astype(self.dtype), device=self.device)

    def masks(self, step: int, slots: int) -> list[torch.Tensor | None]:
        """Return what each hidden layer's values are multiplied by, ``[n, slots, units]``; None: by 1."""
        layers = list(zip(self.network.widths[1:-1], self.network.dropouts, strict=True))
        shares = np.concatenate([np.full(width, p) for width, p in layers if p] or [np.empty(0)])
        if not len(shares):
            return [None] * len(layers)
        out = np.empty((len(self.keys), slots, len(shares)), dtype=self.dtype)
        thresholds = np.array([rng.drop_threshold(p) for p in shares.tolist()], dtype=np.uint64)
        scales = 1.0 / (1.0 - shares)
        numbers = (_at(thresholds), _at(scales), _at(out), slots, len(shares))
        call(array_unit("draw_masks", self.dtype), _at(self.keys), len(out), step, *numbers)
        drawn = torch.as_tensor(out, device=self.device)
        masks: list[Any] = []
        first = 0
        for width, p in layers:
            masks.append(drawn[:, :, first : first + width] if p else None)
            first += width if p else 0
        return masks


def _at(array: npt.NDArray[Any]) -> int:
    """Return the address of an array without gaps."""
    assert array.flags.c_contiguous
    return array.ctypes.data


def _split(indices: npt.NDArray[np.int64], size: int, device: str) -> tuple[torch.Tensor, ...]:
    """Cut ``[n, count]`` into the batches of the steps, ``[n, size]`` each; the last may be shorter."""
    whole: Any = torch.as_tensor(indices, device=device)
    return whole.split(size, dim=1)
