# pyright: basic
"""The rows that one training is given: batches that repeat, rows met again, examples with targets."""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from trainlab.diagnosis.observed.data import DataRecord
from trainlab.diagnosis.observed.record import NetworkRecord
from trainlab.diagnosis.probe.fingerprints import MAX_ROWS, Fingerprints
from trainlab.diagnosis.probe.fits import MAX_PAIRS, Fits
from trainlab.diagnosis.probe.input_scales import Scales
from trainlab.diagnosis.probe.inputs import are_categories, given_beside, nonfinite, row_summaries
from trainlab.diagnosis.probe.probe_state import ProbeState
from trainlab.diagnosis.probe.schedule import DENSE
from trainlab.diagnosis.probe.unused_rows import UnusedRows
from trainlab.diagnosis.torch_private import base_of

MAX_ROWS_CLOSE = 2_048
MAX_KNOWN = 50_000
_EVERY_TICK = 600
_KNOWN_BATCHES = 40
_MIXED, _FEW_ROWS = (0.1, 0.95), 20
_ACTING = 0.25
"""An agent gives its network one state at a time, or a few; the batches that it learns from are larger."""


class Rows:
    """What goes into the first network of a training that is called.

    Args:
        state: the probe's.
        data: what is kept.
        network: the one that is given it.
        fits: where targets are read, which belong to the rows.
        prints: makes fingerprints.
        unused: looks for rows that nothing is given, if wanted.
    """

    def __init__(
        self,
        state: ProbeState,
        data: DataRecord,
        *,
        network: NetworkRecord,
        fits: Fits,
        prints: Fingerprints,
        unused: UnusedRows | None,
    ) -> None:
        self.state = state
        self.data = data
        self.network = network
        self.place = 0
        """How many there were before it."""
        self.fits = fits
        self.prints = prints
        self.unused = unused
        self.scales = Scales()
        self._passes = 0
        self._known_in_a_row = 0
        self._last_judge = -1
        self._step = -1
        self._rows_of_step, self._rows_before = Counter[int](), Counter[int]()
        self._last_mixed = -1
        self.known_when_judged = set[int]()
        self._judged_now = Counter[int]()
        self._acted: set[int] = set()
        self._last_batch: weakref.ref[torch.Tensor] | None = None

    def trained_on(self, batch: torch.Tensor, others: Sequence[torch.Tensor | None] = ()) -> None:
        """Record a batch of a forward pass that gradients flow through, and what is given with it."""
        state, data = self.state, self.data
        tick = state.trainings.clock()
        news = tick < _EVERY_TICK and self._known_in_a_row < _KNOWN_BATCHES
        news = news and not state.trainings.is_one_of_many
        close = state.sampling or (batch.device.type == "cpu" and news)
        if not close or batch.numel() == 0:
            return
        if not data.input_shape:
            data.input_shape = tuple(batch.shape)
            data.input_dtype = str(batch.dtype).removeprefix("torch.")
        beside = given_beside(batch, others)
        if not batch.is_floating_point() and beside:
            self.unused = None
        part = self.prints.features(batch, most=MAX_ROWS_CLOSE if tick < DENSE else MAX_ROWS)
        hashes = self._prints_of(part, beside)
        if state.sampling:
            self.scales.trained_on(part)
        whole = hash(tuple(hashes))
        data.fingerprinted += 1
        data.made_anew += self._is_made_anew(batch)
        if len(data.batches) < MAX_KNOWN:
            data.batches[whole] = data.batches.get(whole, 0) + 1
        if len(data.train_rows) < MAX_KNOWN:
            before = len(data.train_rows)
            new = set(hashes) - data.train_rows
            data.new_rows += len(new)
            data.acted_rows += len(new & self._acted)
            data.train_rows.update(new)
            if new and self.unused is not None:
                self.unused.met(part, hashes)
            self._known_in_a_row = 0 if len(data.train_rows) > before else self._known_in_a_row + 1
        data.train_row_count += len(hashes)
        self._compare_steps(hashes)
        data.largest_batch = max(data.largest_batch, batch.shape[0] if batch.dim() > 1 else 1)
        if state.sampling:
            self._sample(batch, beside)

    def _compare_steps(self, hashes: list[int]) -> None:
        """Count rows repeated within a step, and steps with the same rows as the one before."""
        tick, data = self.state.record.tick, self.data
        if self._step != tick:
            data.steps_compared += 1
            data.steps_alike += self._rows_of_step == self._rows_before
            self._step, self._rows_before, self._rows_of_step = tick, self._rows_of_step, Counter()
        data.again_in_step += sum(one in self._rows_of_step for one in hashes)
        self._rows_of_step.update(hashes)

    def _prints_of(self, part: Any, beside: Sequence[torch.Tensor]) -> list[int]:
        """Return one fingerprint per row; rows with the same categories differ in what is given with them.

        No single tensor holds such rows, so memory isn't searched for them.
        """
        hashes = self.prints.of(part)
        if part.dtype.kind == "f":
            return hashes
        for one in beside:
            more = self.prints.rows(one, most=len(hashes))
            hashes = [hash(pair) for pair in zip(hashes, more, strict=True)]
        return hashes

    def _is_made_anew(self, batch: torch.Tensor) -> bool:
        """Whether the last batch is gone: then this one isn't the same tensor, nor a view of it."""
        last, whole = self._last_batch, base_of(batch)
        whole = batch if whole is None else whole
        self._last_batch = weakref.ref(whole)
        return last is not None and last() is not whole

    def _sample(self, batch: torch.Tensor, beside: Sequence[torch.Tensor]) -> None:
        self.fits.given([], [])
        data = self.data
        numbers = next((one for one in (batch, *beside) if one.is_floating_point()), None)
        # One whole number a row is the length of a sequence.
        features = (one.is_floating_point() or one.shape[1] > 1 for one in beside)
        data.beside_images |= batch.dim() > 2 and any(features)
        if numbers is None or len(data.sample_x) >= MAX_PAIRS:
            return
        if numbers is not batch and not are_categories(batch):
            return
        rows = self.prints.features(numbers, most=min(512, MAX_PAIRS - len(data.sample_x)))
        if numbers is not batch and np.isin(rows, (0.0, 1.0, -np.inf)).all():
            return  # a mask is no feature
        if nonfinite(rows):
            if data.nonfinite_input is None and numbers is batch:
                data.nonfinite_input = self.state.record.tick
            return
        given = [tuple(map(float, row)) for row in rows.tolist()]
        self.fits.given(
            given, row_summaries((batch, *beside), len(rows)), of=len(batch) if batch.dim() > 1 else 1
        )

    def judged_on(self, batch: torch.Tensor, others: Sequence[torch.Tensor | None] = ()) -> None:
        """Record a batch of an evaluation, and what is given with it."""
        state, data = self.state, self.data
        if batch.numel() == 0 or tuple(batch.shape[1:]) != data.input_shape[1:] or state.record.tick == 0:
            return
        if state.record.tick != self._last_judge:
            self._last_judge = state.record.tick
            self._passes += 1
            self._judged_now.clear()
            data.judge_passes += 1
            if self.unused is not None and self._passes in (1, 3, 12):
                self.unused.look(data)
        if self._passes > 20 and batch.device.type != "cpu":
            return
        part = self.prints.features(batch, most=MAX_ROWS_CLOSE)
        self.scales.judged_on(part)
        rows = self._prints_of(part, given_beside(batch, others))
        if len(rows) <= _ACTING * data.largest_batch and len(self._acted) < MAX_KNOWN:
            self._acted.update(rows)
        if len(data.judged_rows) < MAX_KNOWN:
            data.judged_rows.update(rows)
            self._judged_now.update(set(rows))
            self._compare_with_trained(rows)
            data.judged_at_once = max(data.judged_at_once, *(self._judged_now[one] for one in set(rows)))

    def _compare_with_trained(self, rows: list[int]) -> None:
        """Were these rows trained on before, or some of them? Rows that come twice tell nothing then."""
        data, all_rows = self.data, set(rows)
        known = all_rows & data.train_rows
        self.known_when_judged |= known
        share = len(known) / max(1, len(all_rows))
        if len(all_rows) < _FEW_ROWS or len(all_rows) < len(rows) or not _MIXED[0] <= share <= _MIXED[1]:
            return
        data.mixed_passes += self._last_mixed != self.state.record.tick
        self._last_mixed = self.state.record.tick
        data.mixed_rows |= all_rows
        data.mixed_known |= known
