# pyright: basic
"""The trainings of one script told apart: each has its own clock, by which some steps are looked at."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import torch

from trainlab.diagnosis.observed.data import DataRecord
from trainlab.diagnosis.observed.record import Part, TrainingRecord
from trainlab.diagnosis.probe.tensor_registry import TensorRegistry

# Which ticks are looked at closely: all of the first ones, then short windows further and further apart.


DENSE = 40
WINDOW = 2
_PERIODS = ((512, 32), (8192, 128))
_LAST_PERIOD = 1024
_WALKS = frozenset((0, 1, 2, 3, 5, 8, 13, 21, 34))


def is_sampled(tick: int) -> bool:
    """Whether the step is measured: the first 40, then 2 in 32, 2 in 128, 2 in 1,024."""
    if tick < DENSE:
        return True
    for until, period in _PERIODS:
        if tick < until:
            return tick % period < WINDOW
    return tick % _LAST_PERIOD < WINDOW


def is_compared(tick: int) -> bool:
    """Whether weights are compared with their start at this tick: 24, 48, 96, 192…"""
    return tick >= 24 and tick % 24 == 0 and (tick // 24) & (tick // 24 - 1) == 0


def is_walked(tick: int) -> bool:
    """Whether the autograd graph is read at this tick, too."""
    return tick in _WALKS if tick < DENSE else is_sampled(tick) and tick % 32 == 0


# Which training is under way: networks, optimizers and losses that reach the same parameters are one.


TAG = "trainlab training"
MAX_TRAININGS = 128
MANY, BRIEF = 24, 8
"""Of trainings after so many, as of copies that learn a task each, few first steps are looked at."""
_NEAR = 300
"""So many nodes of a graph are looked at for the network that a loss comes from."""


class Trainings:
    """Each training has a number, and a clock of its own: its steps.

    Parameters that a network holds, an optimizer moves or a backward pass reaches together are of one
    training. Where two turn out to be one, both have the smaller number from then on.
    """

    def __init__(self, record: TrainingRecord, registry: TensorRegistry) -> None:
        self.record = record
        self.registry = registry
        self.now = 0
        """The number of the training that is under way."""
        self.judged = 0
        """That of the network which was last evaluated."""
        self.several = False
        """Whether more than one network learns, so that it has to be asked which of them does."""
        self.is_copy = False
        """Whether it was looked at before, so that a few of its first steps are enough."""
        self.begun = {0}
        """Those under way since the last step."""
        self.at_union: list[Callable[[int, int], None]] = []
        self.part = record.parts.setdefault(0, Part(data=record.data))
        self._mine = object()
        self._of: dict[int, int] = {}
        self._by_the_way: set[int] = set()
        self._parents: dict[int, int] = {0: 0}
        self._born: dict[int, int] = {0: 0}
        self._active: set[int] = set()
        self._begun: set[int] = set()
        self._waiting: set[int] = set()
        self._last_back = 0
        self._since = time.monotonic()

    def find(self, number: int) -> int:
        """Return the number that a training has by now."""
        while (parent := self._parents[number]) != number:
            number = parent
        return number

    def of(self, key: int) -> int | None:
        """Return the training of a parameter, if that is known."""
        number = self._of.get(key)
        return None if number is None else self.find(number)

    def has(self, key: int) -> bool:
        """Whether a parameter is of the training under way, as far as is known."""
        return not self.several or self.of(key) in (None, self.now)

    def meet(self, keys: Iterable[int]) -> int:
        """Return the training of parameters that belong together; two trainings that share one are one."""
        keys = list(keys)
        known = {self.find(self._of[key]) for key in keys if key in self._of and key not in self._by_the_way}
        if not known:
            known = {self._new()}
        number = min(known)
        for other in sorted(known - {number}):
            self._unite(number, other)
        self._by_the_way.difference_update(keys)
        for key in keys:
            self._of[key] = number
        self.record.parts[number].params.update(keys)
        return number

    def reached(self, keys: Iterable[int]) -> int:
        """Return the training of a loss by the parameters that it reaches.

        Tensors that no network and no optimizer holds link nothing: an input with a gradient may be given
        to several networks.
        """
        keys = list(keys)
        held = [key for key in keys if key in self._of and key not in self._by_the_way]
        if held:
            number = self.meet(held)
        else:
            known = {self.find(self._of[key]) for key in keys if key in self._of}
            number = min(known) if known else self.now if not self._active else self._new()
        for key in keys:
            if key not in self._of:
                self._of[key] = number
                self._by_the_way.add(key)
                self.record.parts[number].params.add(key)
        return number

    def _new(self) -> int:
        """Return a number; the first training has that of what was seen before it."""
        if not self.record.parts[0].params:
            return 0
        if len(self._parents) >= MAX_TRAININGS:
            self.meet_numbers(self._parents)  # too many to tell apart: all of them are one
            return 0
        number = len(self._parents)
        self._parents[number] = number
        self._born[number] = self.record.tick
        self.record.parts[number] = Part(data=DataRecord())
        return number

    def _unite(self, number: int, other: int) -> None:
        kept, gone = self.record.parts[number], self.record.parts.pop(other)
        self._parents[other] = number
        self._born[number] = min(self._born[number], self._born[other])
        kept.steps.join(gone.steps)
        kept.params |= gone.params
        kept.backwards += gone.backwards
        kept.seconds += gone.seconds
        kept.graph_passes += gone.graph_passes
        for mine, theirs in ((kept.clips, gone.clips), (kept.judged_accuracy, gone.judged_accuracy)):
            mine.extend(theirs)  # pyright: ignore[reportArgumentType]
            mine.sort(key=lambda one: one[0])
        self._active = {self.find(one) for one in self._active}
        self._begun = {self.find(one) for one in self._begun}
        self._waiting = {self.find(one) for one in self._waiting}
        self.several = len(self._active) > 1
        self.now, self.judged = self.find(self.now), self.find(self.judged)
        self.begun = {self.find(one) for one in self.begun}
        self.part = self.record.parts[self.now]
        for action in self.at_union:
            action(number, other)

    def begin(self, number: int) -> bool:
        """Turn to a training whose network is called, or whose loss; return as `enter` does."""
        if number not in self._begun:
            self._begun.add(number)
            self._born[number] = self.record.tick
        return self.enter(number)

    def enter(self, number: int) -> bool:
        """Turn to a training; return whether another one was under way."""
        if number not in self._active:
            self._active.add(number)
            self.several = len(self._active) > 1
        if number == self.now:
            return False
        self.begun.add(number)
        self._tell_time()
        self.now, self.part = number, self.record.parts[number]
        return True

    def _tell_time(self) -> None:
        now = time.monotonic()
        self.part.seconds += now - self._since
        self._since = now

    def finish(self) -> None:
        """Bring times up to date, and numbers, of what was seen before two trainings turned out to be one."""
        self._tell_time()
        record = self.record
        for things in (record.loss_curves, record.losses, record.activations, record.graphs, record.events):
            for thing in things:
                thing.training = self.find(thing.training)

    def is_sampled(self) -> bool:
        """Whether a training that is under way is at a step of its own that is looked at closely."""
        if not self.several:
            return is_sampled(self.clock())
        return any(is_sampled(self.clock(number)) for number in self.begun)

    def clock(self, number: int | None = None) -> int:
        """Return the steps of a training, with those of others since it has taken none for long.

        A network that only answers, as a teacher does, isn't looked at closely for ever.
        """
        if not self.several:
            return self.record.tick + self.is_copy * (DENSE - BRIEF)
        number = self.now if number is None else number
        steps = self.record.parts[number].steps
        idle = self.record.tick - (steps.last + 1 if steps.count else self._born[number])
        skipped = DENSE - BRIEF if self.is_copy or number >= MANY else 0
        return steps.count + skipped + (idle if not steps.count or idle > DENSE else 0)

    @property
    def is_one_of_many(self) -> bool:
        """Whether so many trainings came before the one under way that it is looked at in brief."""
        return self.now >= MANY

    def went_back(self) -> None:
        """A backward pass of the training under way begins."""
        self.part.backwards += 1
        self._waiting.add(self.now)
        self._last_back = self.now

    def stepped_by_hand(self) -> None:
        """The training of the last backward pass took a step: the next one has begun already."""
        self._waiting.clear()
        number = self.find(self._last_back)
        self.record.parts[number].steps.add(self.record.tick)
        self.begun = {number, self.now}

    def stepped(self) -> None:
        """The training under way takes a step.

        If no loss of its own came before it, and those of others did, it learns by what they were called on.
        """
        if self.several and self._waiting and self.now not in self._waiting:
            self.meet_numbers({self.now, *self._waiting})
        self._waiting.discard(self.now)
        self.part.steps.add(self.record.tick)
        self.begun = {self.now}

    def meet_numbers(self, numbers: Iterable[int]) -> None:
        """These turn out to be one training."""
        known = sorted({self.find(one) for one in numbers})
        for other in known[1:]:
            self._unite(known[0], other)

    def mark(self, output: Any, number: int) -> None:
        """Write at the node of a network's output which training it belongs to."""
        for tensor in _tensors(output):
            if tensor.grad_fn is not None:
                tensor.grad_fn.metadata[TAG] = (self._mine, number)  # pyright: ignore[reportIndexIssue]

    def behind(self, tensor: torch.Tensor) -> int | None:
        """Return the training that a tensor comes from: that of the nearest network, or parameter."""
        start: Any = tensor.grad_fn
        if start is None:
            return None
        met: set[Any] = {start}
        queue: list[Any] = [start]
        for node in queue:
            whose, number = node.metadata.get(TAG, (None, 0))
            if whose is self._mine:  # a graph may be older than this probe
                return self.find(number)
            variable = getattr(node, "variable", None)
            if isinstance(variable, torch.Tensor):
                key = self.registry.known(variable)
                if key is not None and key in self._of and key not in self._by_the_way:
                    return self.find(self._of[key])
            if len(queue) < _NEAR:
                new = [
                    parent for parent, _ in node.next_functions if parent is not None and parent not in met
                ]
                met.update(new)
                queue += new
        return None


def _tensors(output: Any) -> list[torch.Tensor]:
    if isinstance(output, torch.Tensor):
        return [output]
    parts = output.values() if isinstance(output, dict) else output
    if not isinstance(parts, list | tuple) and not isinstance(output, dict):
        return []
    return [one for one in list(parts)[:8] if isinstance(one, torch.Tensor)]
