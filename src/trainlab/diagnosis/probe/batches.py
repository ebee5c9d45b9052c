# pyright: basic
"""Batches and their rows: which are trained on, evaluated, known before, and never used."""

from __future__ import annotations

import gc
import itertools
import weakref
from collections import Counter
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader

from trainlab.diagnosis.observed.data import DataRecord, LoaderRecord
from trainlab.diagnosis.observed.record import NetworkRecord
from trainlab.diagnosis.place import Site
from trainlab.diagnosis.probe.fits import MAX_PAIRS, TELLING_ROWS, Fits, is_given
from trainlab.diagnosis.probe.frames import user_site
from trainlab.diagnosis.probe.held_out_rows import HeldOutRows
from trainlab.diagnosis.probe.inputs import Scales, are_categories, given_beside, nonfinite, row_summaries
from trainlab.diagnosis.probe.probe_state import ProbeState, guarded
from trainlab.diagnosis.probe.reading import MAX_ROWS, Fingerprints, readable
from trainlab.diagnosis.probe.trainings import DENSE
from trainlab.diagnosis.torch_private import base_of

# Data in memory that is never used: tensors with rows of the same shape as those trained on.


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


# The rows that one training is given: batches that repeat, rows met again, examples with targets.


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
        self.held_out = HeldOutRows()
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
            data.again_in_a_row = max(data.again_in_a_row, self._known_in_a_row)
        self.held_out.trained_on(part, hashes)
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
        state.evaluated = None
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
        size, known = len(batch) if batch.dim() > 1 else 1, [row in data.train_rows for row in rows]
        state.evaluated = self.held_out.evaluated(part, rows, known, size=size, tick=state.record.tick)
        if len(rows) <= _ACTING * data.largest_batch and len(self._acted) < MAX_KNOWN:
            self._acted.update(rows)
        if len(data.judged_rows) < MAX_KNOWN:
            data.judged_rows.update(rows)
            self._judged_now.update(set(rows))
            if size == len(rows):  # else the rest may be the rows trained on that aren't among the first
                self._compare_with_trained(rows)
            data.judged_at_once = max(data.judged_at_once, *(self._judged_now[one] for one in set(rows)))

    def _compare_with_trained(self, rows: list[int]) -> None:
        """Were these rows trained on before, or some of them? Rows that come twice tell nothing then."""
        data, all_rows = self.data, set(rows)
        known = all_rows & data.train_rows
        self.known_when_judged |= known
        share = len(known) / max(1, len(all_rows))
        if len(all_rows) >= _FEW_ROWS and len(data.judged_shares) < MAX_SHARES:
            data.judged_shares.append((self.state.record.tick, share))
        if len(all_rows) < _FEW_ROWS or len(all_rows) < len(rows) or not _MIXED[0] <= share <= _MIXED[1]:
            return
        data.mixed_passes += self._last_mixed != self.state.record.tick
        self._last_mixed = self.state.record.tick
        data.mixed_rows |= all_rows
        data.mixed_known |= known


# What networks are given, training by training, and the loaders that it comes from.


MAX_LOADERS = MAX_SHARES = 256


class Data:
    """The rows of each training; memory is searched for such as the first one's."""

    def __init__(
        self, state: ProbeState, fits: Fits, *, whole_process: bool, search_memory: bool = True
    ) -> None:
        self.state = state
        self.fits = fits
        self.prints = Fingerprints()
        self.unused = UnusedRows(state, self.prints, whole_process=whole_process)
        self.wanted = search_memory
        self._by_training: dict[int, Rows] = {}
        self._loaders: dict[int, tuple[weakref.ref[Any], LoaderRecord]] = {}
        self._loading: list[LoaderRecord] = []
        self._elsewhere: set[int] = set()
        self._made = 0
        state.trainings.at_union.append(self._united)

    def is_first(self, network: NetworkRecord) -> bool:
        """Whether a network that is called to learn is the first that its training calls."""
        training = self.state.trainings.now
        rows = self._by_training.get(training)
        if rows is None:
            data = self.state.record.parts[training].data
            unused = self.unused if self.wanted and not self._made else None
            rows = Rows(self.state, data, network=network, fits=self.fits, prints=self.prints, unused=unused)
            rows.place = self._made
            self._made += 1
            self._by_training[training] = rows
        return rows.network is network

    def _united(self, training: int, other: int) -> None:
        """Two trainings are one: its data is that of the network which was called first."""
        kept, gone = self._by_training.get(training), self._by_training.pop(other, None)
        if gone is None:
            return
        if kept is not None:
            later = kept if kept.place > gone.place else gone
            self._elsewhere |= later.data.train_rows | later.data.judged_rows
            if later is gone:
                return
        data = self.state.record.parts[training].data
        for one in fields(DataRecord):
            setattr(data, one.name, getattr(gone.data, one.name))
        gone.data = data
        self._by_training[training] = gone

    def trained_on(self, batch: torch.Tensor, others: Sequence[torch.Tensor | None] = ()) -> None:
        """Record a batch of a forward pass that gradients flow through, and what is given with it."""
        self._by_training[self.state.trainings.now].trained_on(batch, others)

    def judged_on(
        self, network: NetworkRecord, batch: torch.Tensor, others: Sequence[torch.Tensor | None] = ()
    ) -> None:
        """Record a batch of an evaluation, and what is given with it."""
        rows = self._by_training.get(self.state.trainings.judged)
        if rows is not None and rows.network is network:
            rows.judged_on(batch, others)

    def used_elsewhere(self, batch: torch.Tensor) -> None:
        """Remember rows that another network is given: whatever it does with them, they are used."""
        shape = self.state.record.data.input_shape
        if (
            batch.device.type == "cpu"
            and shape
            and tuple(batch.shape[1:]) == shape[1:]
            and len(self._elsewhere) < MAX_KNOWN
        ):
            self._elsewhere.update(self.prints.rows(batch, most=MAX_ROWS_CLOSE))

    def finish(self) -> None:
        """Compare the fingerprints and count."""
        searched = next((rows for rows in self._by_training.values() if rows.unused is not None), None)
        if searched is not None:
            self.unused.look(searched.data)
        used = set(self._elsewhere)
        for rows in self._by_training.values():
            used |= rows.data.train_rows | rows.data.judged_rows
        for rows in self._by_training.values():
            data = rows.data
            rows.scales.finish(data)
            data.held_out = rows.held_out.finish(
                len(data.train_rows), data.input_shape, again=data.again_in_a_row
            )
            data.judged_known = len(rows.known_when_judged)
            self.unused.count(data, used, searched=rows is searched)
            if len(data.sample_x) >= TELLING_ROWS and is_given(data.sample_x, data.sample_y):
                for sample in (data.sample_x, data.sample_summaries, data.sample_y):
                    sample.clear()

    def loaded(self) -> None:
        """A network is called: what was loaded since the last call is for it."""
        if not self._loading:
            return
        trainings = self.state.trainings
        number = trainings.judged if self.state.judging else trainings.now
        for loader in self._loading:
            loader.by_training[number] = loader.by_training.get(number, 0) + 1
        self._loading.clear()

    @guarded
    def loader_started(self, loader: DataLoader[Any]) -> None:
        """Record a DataLoader each time it is iterated."""
        known = self._known(loader)
        if known is None:
            if len(self.state.record.loaders) >= MAX_LOADERS:
                return
            dataset: Any = loader.dataset
            rows = len(dataset) if hasattr(dataset, "__len__") else None
            sampler, batch = _sampling(loader)
            known = LoaderRecord(
                rows=rows,
                batch=batch,
                shuffled=sampler != "SequentialSampler",
                dataset=id(dataset),
                site=user_site(),
            )
            self._loaders[id(loader)] = (weakref.ref(loader), known)
            self.state.record.loaders.append(known)
        known.passes += 1
        if len(self._loading) < 64:
            self._loading.append(known)

    def site_of(self, loader: DataLoader[Any]) -> Site | None:
        """Return the line that iterates over a loader."""
        known = self._known(loader)
        return None if known is None else known.site

    def _known(self, loader: DataLoader[Any]) -> LoaderRecord | None:
        entry = self._loaders.get(id(loader))
        return entry[1] if entry is not None and entry[0]() is loader else None


def _sampling(loader: DataLoader[Any]) -> tuple[str, int | None]:
    """Return the kind of sampler and the batch size, from the ``batch_sampler`` where one was given."""
    batches: Any = loader.batch_sampler if loader.batch_size is None else None
    if batches is None:
        return type(getattr(loader, "sampler", None)).__name__, loader.batch_size
    return type(getattr(batches, "sampler", batches)).__name__, getattr(batches, "batch_size", None)
