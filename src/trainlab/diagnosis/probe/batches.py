# pyright: basic
"""What networks are given, training by training, and the loaders that it comes from."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import torch
from torch.utils.data import DataLoader

from trainlab.diagnosis.observed.data import DataRecord, LoaderRecord
from trainlab.diagnosis.observed.record import NetworkRecord
from trainlab.diagnosis.observed.site import Site
from trainlab.diagnosis.probe.fingerprints import Fingerprints
from trainlab.diagnosis.probe.fits import TELLING_ROWS, Fits, is_given
from trainlab.diagnosis.probe.probe_state import ProbeState, guarded
from trainlab.diagnosis.probe.rows import MAX_KNOWN, MAX_ROWS_CLOSE, Rows
from trainlab.diagnosis.probe.unused_rows import UnusedRows
from trainlab.diagnosis.probe.user_frames import user_site

MAX_LOADERS = 256


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
