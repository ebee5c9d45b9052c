# pyright: basic
"""Data in memory that is never used: tensors with rows of the same shape as those trained on."""

from __future__ import annotations

import gc
import itertools
from typing import Any

import numpy as np
import torch

from trainlab.diagnosis.observed.data import DataRecord
from trainlab.diagnosis.probe.fingerprints import Fingerprints
from trainlab.diagnosis.probe.probe_state import ProbeState
from trainlab.diagnosis.probe.readable_tensors import readable

MAX_HELD = 4_000
_BELONGS = 0.3
"""Two tensors share a few rows by chance, such as the 0 of two grids; those of one training share most."""
_WIDE = 8
"""Rows of fewer values, all of them 0, 1 or -1, are in many data sets: the corners of any map of XOR."""


class UnusedRows:
    """The rows found in memory."""

    def __init__(self, state: ProbeState, prints: Fingerprints, *, whole_process: bool) -> None:
        self.state = state
        self.prints = prints
        self.whole_process = whole_process
        self._plain: set[int] = set()
        self._held: set[int] = set()
        self._strange: set[int] = set()

    def met(self, part: Any, hashes: list[int]) -> None:
        """Remember which rows trained on, an array with their fingerprints, are in many data sets."""
        if part.shape[1] < _WIDE:
            plain: Any = np.isin(part, (-1, 0, 1)).all(1)
            self._plain.update(itertools.compress(hashes, plain))

    def look(self, data: DataRecord) -> None:
        """Find tensors in memory that hold rows of the same shape: data that may never have been used.

        One that holds a good part of the rows trained on belongs to this training. Of others that is certain
        only where the whole process is this training: a notebook may have other trainings' data in memory.
        """
        shape = data.input_shape
        if len(shape) < 2:
            return
        known, looked = data.train_rows - self._plain, 0
        # An optimizer's moments have the shapes of weights, and are no data.
        weights = {param.shape for param in self.state.record.params.values()}
        for thing in gc.get_objects():
            if type(thing) is not torch.Tensor or thing.requires_grad or thing.device.type != "cpu":
                continue
            if readable(thing) is None or self.state.is_computed(thing):
                continue
            if tuple(thing.shape[1:]) != shape[1:] or str(thing.dtype) != f"torch.{data.input_dtype}":
                continue
            if thing.shape[0] <= shape[0] or tuple(thing.shape) in weights:
                continue
            stride = max(1, thing.shape[0] // MAX_HELD)
            rows = set(self.prints.rows(thing[::stride], most=MAX_HELD))
            if _belongs(rows, known, stride) or _belongs(set(self.prints.rows(thing)), known, 1):
                self._held |= rows
            elif self.whole_process:
                self._strange |= rows
            looked += len(rows)
            if looked > 4 * MAX_HELD:
                break

    def count(self, data: DataRecord, used: set[int], *, searched: bool) -> None:
        """Write down how many rows there are, and how many that aren't among the `used` ones.

        Memory is `searched` for one training's; another one may have the same.
        """
        same = searched or bool(data.train_rows & self._held)
        data.unused_rows = len((self._held | self._strange) - used) if searched else 0
        data.held = len(self._held | data.train_rows) if same else len(data.train_rows)


def _belongs(rows: set[int], known: set[int], stride: int) -> bool:
    """Whether these rows, every `stride`-th of a tensor, come from the same data as the `known` rows."""
    return len(rows & known) > _BELONGS * len(known) / stride
