# pyright: basic
"""Networks that only answer, beside one of the same kind that learns: do they ever follow it?"""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field

import torch
from torch import nn

from trainlab.diagnosis.observed.record import NetworkRecord
from trainlab.diagnosis.probe import module_parts
from trainlab.diagnosis.probe.fingerprints import Fingerprints
from trainlab.diagnosis.probe.parameter_values import sample_of
from trainlab.diagnosis.probe.probe_state import ProbeState
from trainlab.diagnosis.probe.readable_tensors import readable
from trainlab.diagnosis.torch_private import functions

MAX_LOOKS = 12
MAX_TENSORS = 8
MAX_ROWS = 16
MAX_LEARNING = 8
EARLY = 5
"""A copy made later than this is one of a network that has learnt: it may be meant to stay what it is."""


@dataclass(slots=True)
class _Still:
    """A network that only answers: some of its weights when first called, and the batches of this step."""

    module: weakref.ref[nn.Module]
    before: list[torch.Tensor]
    rows: set[int] = field(default_factory=set[int])
    compared: int = -1


class Twins:
    """Compares weights with those at the first call, and what both networks are given in a step."""

    def __init__(self, state: ProbeState) -> None:
        self.state = state
        self._prints = Fingerprints()
        self._learning: list[weakref.ref[nn.Module]] = []
        self._still: dict[int, tuple[NetworkRecord, _Still]] = {}
        self._learnt_rows: set[int] = set()
        self._tick = -1

    def learns(self, module: nn.Module, batch: torch.Tensor | None) -> None:
        """A network is called to learn."""
        if not any(one() is module for one in self._learning) and len(self._learning) < MAX_LEARNING:
            self._learning.append(weakref.ref(module))
            if self.state.record.tick <= EARLY:
                for root, still in self._still.values():
                    root.began_as_twin |= _alike(still.before, _samples(module))
        if self._still and self._looks():
            self._learnt_rows |= self._rows(batch)

    def answers(self, module: nn.Module, root: NetworkRecord, batch: torch.Tensor | None) -> None:
        """A network is called without gradients."""
        if root.learn_in_train or root.learn_in_eval or any(one() is module for one in self._learning):
            return
        entry = self._still.get(id(root))
        if entry is None:
            if self.state.record.tick > EARLY:
                return
            entry = self._still[id(root)] = (root, _Still(weakref.ref(module), _samples(module)))
            twins = [other for one in self._learning if (other := one()) is not None]
            root.began_as_twin = any(_alike(entry[1].before, _samples(other)) for other in twins)
        if self._looks():
            entry[1].rows |= self._rows(batch)
        self._compare_weights(root, entry[1], module)

    def _compare_weights(self, root: NetworkRecord, still: _Still, module: nn.Module) -> None:
        """Has it changed? Looked up while it's there: it may be gone by the end."""
        tick, on_cpu = self.state.record.tick, all(one.device.type == "cpu" for one in still.before)
        if on_cpu and still.before and root.never_changed is not False and tick != still.compared:
            still.compared = tick
            root.never_changed = _alike(still.before, _samples(module))

    def _looks(self) -> bool:
        """Whether rows are compared in this step; what was gathered in the one before is."""
        tick = self.state.record.tick
        if tick != self._tick:
            self._compare()
            self._tick = tick
        return self.state.sampling and tick < MAX_LOOKS

    def _compare(self) -> None:
        for root, still in self._still.values():
            if still.rows and self._learnt_rows:
                known = bool(still.rows & self._learnt_rows)
                root.rows_of_twin += known
                root.rows_of_its_own += not known
            still.rows = set()
        self._learnt_rows = set()

    def _rows(self, batch: torch.Tensor | None) -> set[int]:
        if batch is None or not batch.numel():
            return {0}  # whatever it is, it can't be told from what the other was given
        return {hash(tuple(self._prints.rows(batch, most=MAX_ROWS)))}

    def finish(self) -> None:
        """Has a network that only answered changed since it was first called?"""
        self._compare()
        for root, still in self._still.values():
            module = still.module()
            if module is not None and still.before and root.never_changed is not False:
                root.never_changed = _alike(still.before, _samples(module))


def _samples(module: nn.Module) -> list[torch.Tensor]:
    values = [readable(one) for one in module_parts.parameters(module)[:MAX_TENSORS]]
    return [sample_of(one) for one in values if one is not None and one.numel()]


def _alike(some: list[torch.Tensor], others: list[torch.Tensor]) -> bool:
    same = len(some) == len(others)
    return same and all(
        one.shape == other.shape and one.device == other.device and functions.equal(one, other)
        for one, other in zip(some, others, strict=True)
    )
