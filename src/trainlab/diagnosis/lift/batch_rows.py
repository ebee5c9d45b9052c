# pyright: basic
"""Which rows each step was given: each distinct row is kept once, a step is a list of row numbers."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from trainlab.diagnosis.lift.recording import Recording, Refused
from trainlab.diagnosis.torch_private import version_of

MAX_NUMBERS, MAX_INDICES = 20_000_000, 20_000_000


class BatchRows:
    """Numbers rows as they come."""

    def __init__(self) -> None:
        self.numbers: dict[bytes, int] = {}
        self.inputs: list[Any] = []
        self.targets: list[Any] = []
        self.batches: list[Any] = []
        self.taken = 0
        self._last: tuple[Any, ...] | None = None

    def add(self, inputs: Any, targets: Any) -> None:
        """Enter a batch; the same tensors as last time, unchanged, are the same rows."""
        seen = (inputs, version_of(inputs), targets, version_of(targets))
        last = self._last
        same = last is not None and last[0] is inputs and last[2] is targets and last[1::2] == seen[1::2]
        if not (same and self.batches):
            x, y = self._rows(inputs, targets)
            self._last = seen
            self.batches.append(np.array([self._number(a, b) for a, b in zip(x, y, strict=True)], np.int64))
        else:
            self.batches.append(self.batches[-1])
        self.taken += len(self.batches[-1])
        if self.taken > MAX_INDICES or len(self.inputs) * self.inputs[0].size > MAX_NUMBERS:
            raise Refused("it takes too many rows, or its data are too large, to be followed")

    def into(self, recording: Recording) -> None:
        """Write what was entered."""
        recording.inputs, recording.targets = np.stack(self.inputs), np.stack(self.targets)
        recording.classes = recording.targets.dtype.kind in "iu"
        recording.keys = [hashlib.sha256(key).hexdigest()[:16] for key in self.numbers]
        recording.batches = np.concatenate(self.batches)
        recording.sizes = np.array([len(batch) for batch in self.batches], np.int64)

    def _rows(self, inputs: Any, targets: Any) -> tuple[Any, Any]:
        if not inputs.is_floating_point():
            raise Refused(f"the network's inputs are {str(inputs.dtype).removeprefix('torch.')}, not numbers")
        count = inputs.shape[0] if inputs.dim() > 1 else 1
        if targets.numel() % count:
            raise Refused(
                f"inputs {tuple(inputs.shape)} and targets {tuple(targets.shape)} have different rows"
            )
        x, y = (values.detach().reshape(count, -1).cpu().contiguous().numpy() for values in (inputs, targets))
        return x, y

    def _number(self, x: Any, y: Any) -> int:
        key = x.tobytes() + y.tobytes()
        number = self.numbers.get(key)
        if number is None:
            number = self.numbers[key] = len(self.inputs)
            self.inputs.append(x.copy())
            self.targets.append(y.copy())
        return number
