# pyright: basic
"""The probe's own state: the clock, whether to look closely, what to do when it fails itself.

Numbers are read here without making a device wait.
"""

from __future__ import annotations

import functools
import os
import threading
import time
import weakref
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from torch import nn

from trainlab.diagnosis.observed.events import Event
from trainlab.diagnosis.observed.record import TrainingRecord
from trainlab.diagnosis.probe.held_out_rows import EvaluatedBatch
from trainlab.diagnosis.probe.reading import is_dispatched, is_recorded
from trainlab.diagnosis.probe.replaced_functions import TensorMethods
from trainlab.diagnosis.probe.tensor_registry import TensorRegistry
from trainlab.diagnosis.probe.trainings import Trainings
from trainlab.diagnosis.torch_private import (
    functions,
    is_compiling,
    no_dispatch_modes,
    no_torch_function,
    set_grad_enabled,
)

# Fetches numbers from a device in groups, since every fetch makes the device wait.


MAX_WAITING = 256


class DeferredReads:
    """Short vectors whose values are wanted, with what to do with them."""

    def __init__(self) -> None:
        self._waiting: list[tuple[torch.Tensor, Callable[[list[float]], None]]] = []

    def read(self, values: torch.Tensor, then: Callable[[list[float]], None]) -> None:
        """Call `then` with the numbers: at once on the CPU, else when enough have gathered."""
        flat = values.detach().reshape(-1)
        if flat.device.type == "cpu":
            then(flat.tolist())
            return
        self._waiting.append((flat.to(torch.float32, copy=True), then))
        if len(self._waiting) >= MAX_WAITING:
            self.flush()

    def flush(self) -> None:
        """Fetch everything that waits, in one transfer per device."""
        waiting, self._waiting = self._waiting, []
        by_device: dict[torch.device, list[tuple[torch.Tensor, Callable[[list[float]], None]]]] = {}
        for values, then in waiting:
            by_device.setdefault(values.device, []).append((values, then))
        for group in by_device.values():
            numbers = functions.cat([values for values, _ in group]).tolist()
            at = 0
            for values, then in group:
                count = values.numel()
                then(numbers[at : at + count])
                at += count


# The probe's own state: the clock, whether to look closely, and what to do when the probe itself fails.


E = TypeVar("E", bound=Event)
F = TypeVar("F", bound=Callable[..., None])
MAX_TROUBLES = 10
MAX_EVENTS, MOST_EVENTS = 400, 6_400
"""So many events are kept of a training, and of all."""
MAX_COMPUTED = 4096


class ProbeState:
    """What all listeners share."""

    def __init__(self) -> None:
        self.record = TrainingRecord()
        self.registry = TensorRegistry(self.record)
        self.trainings = Trainings(self.record, self.registry)
        self.trainings.at_union.append(self._united)
        self.deferred = DeferredReads()
        self.sampling = True
        self.judging = False
        self.evaluated: EvaluatedBatch | None = None
        """The rows evaluated last."""
        self.busy = False
        self.on = False
        self.inside = 0
        self.in_backward = 0
        self.grad_enabled = True
        self.process = os.getpid()
        self.thread = threading.get_ident()
        self.follows = False
        """Whether all threads belong to what is listened to."""
        self.started = time.monotonic()
        self.modules: list[nn.Module] = []
        self.steps_taken = 0
        self.at_boundary: list[Callable[[], None]] = []
        self.at_entry: list[Callable[[], None]] = []
        self.methods = TensorMethods(lambda: self.busy and threading.get_ident() == self.thread)
        self._events: dict[tuple[Any, ...], Event] = {}
        self._kept = Counter[int]()
        self._computed: dict[int, weakref.ref[torch.Tensor]] = {}

    def mine(self) -> bool:
        """Whether this process and thread are listened to, and the probe isn't at work itself.

        A compiler that reads this takes `is_compiling` for true, and leaves the probe out.
        """
        if is_compiling():
            return False
        return (
            self.on
            and not self.busy
            and threading.get_ident() == self.thread
            and os.getpid() == self.process
            and not is_recorded()
        )

    def follow(self) -> bool:
        """Turn to the thread that this is called in, where none has learnt so far; return whether it has.

        A script may train in a thread, in an executor or beside an event loop, while its first one waits.
        """
        free = self.on and not self.busy and not self.modules and not self.record.backwards
        if not free or not self.follows or os.getpid() != self.process:
            return False
        self.thread = threading.get_ident()
        return True

    def computed(self, tensor: torch.Tensor) -> None:
        """A tensor was computed in an evaluation: what a network answered, as reconstructions, is no data."""
        if tensor.dim() < 2:
            return
        if len(self._computed) >= MAX_COMPUTED:
            self._computed = {key: one for key, one in self._computed.items() if one() is not None}
        if len(self._computed) < MAX_COMPUTED:
            self._computed[id(tensor)] = weakref.ref(tensor)

    def is_computed(self, tensor: torch.Tensor) -> bool:
        """Whether a tensor was computed in an evaluation."""
        known = self._computed.get(id(tensor))
        return known is not None and known() is tensor

    def trouble(self, error: BaseException) -> None:
        """Write down an error of the probe's own; after several it stops listening."""
        told = self.record.troubles
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        where = (
            ""
            if trace is None
            else f" ({os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno})"
        )
        text = f"{type(error).__name__}: {' '.join(str(error).split())[:160]}{where}"
        if text not in told:
            told.append(text)
        if len(told) >= MAX_TROUBLES:
            self.on = False

    def seen(self, event: E, *, key: str = "", training: int | None = None) -> E:
        """Record an event of the training under way, or of another one.

        If one of its kind, place and key is there already, count and return that one.
        """
        training = self.trainings.now if training is None else training
        place = (training, type(event), event.site, event.module, key)
        known = self._events.get(place)
        if isinstance(known, type(event)):
            known.count += 1
            return known
        event.tick, event.training = self.record.tick, training
        if self._kept[training] < MAX_EVENTS and len(self._events) < MOST_EVENTS:
            self._kept[training] += 1
            self._events[place] = event
            self.record.events.append(event)
        return event

    def _united(self, number: int, other: int) -> None:
        self._kept[number] += self._kept.pop(other, 0)
        for place in [place for place in self._events if place[0] == other]:
            self._events.setdefault((number, *place[1:]), self._events.pop(place))

    def enter(self, training: int, *, made: bool = False) -> None:
        """Turn to a training: whether to look closely goes by its own steps; it may be `made` only now."""
        if (self.trainings.enter if made else self.trainings.begin)(training):
            self.sampling = self.trainings.is_sampled()
            for action in self.at_entry:
                action()

    def boundary(self, *, by_hand: bool = False) -> None:
        """The end of a step: move the clock on, and decide whether to look at the next one."""
        if by_hand:
            self.trainings.stepped_by_hand()
        else:
            self.trainings.stepped()
        self.jump(self.record.tick + 1)

    def jump(self, tick: int) -> None:
        """Set the clock, forward only: steps of a training that is played back are left out."""
        self.record.tick = tick
        self.sampling = self.trainings.is_sampled()
        for action in self.at_boundary:
            action()

    def module_path(self) -> str:
        """Return the path of the module that is running, or an empty string."""
        return self.registry.path(self.modules[-1]) if self.modules else ""


@contextmanager
def at_work(state: ProbeState) -> Generator[None]:
    """Let methods that the user has put into PyTorch's tensors be PyTorch's own in the block."""
    was_busy, state.busy = state.busy, True
    try:
        state.methods.look()
        yield
    finally:
        state.busy = was_busy


class Unheard:
    """Lets the probe compute without gradients, unseen by modes and tensor classes of the user's own.

    A class, and no generator: it is entered several times in every step.
    """

    __slots__ = ("enabled", "functions", "modes")

    def __enter__(self) -> None:
        self.enabled, self.functions, self.modes = torch.is_grad_enabled(), no_torch_function(), None
        # In this order: switching gradients off is itself a function that modes get to see.
        self.functions.__enter__()
        set_grad_enabled(False)
        try:
            if is_dispatched():
                self.modes = no_dispatch_modes()
                self.modes.__enter__()
        except BaseException:
            self.modes = None
            self.__exit__(None, None, None)
            raise

    def __exit__(self, *error: Any) -> None:
        try:
            if self.modes is not None:
                self.modes.__exit__(*error)
        finally:
            set_grad_enabled(self.enabled)
            self.functions.__exit__(*error)


def guarded(function: F) -> F:
    """Make a method of a listener (it has a `state`) silent while the probe works, harmless if it fails."""

    @functools.wraps(function)
    def call(self: Any, *args: Any, **kwargs: Any) -> None:
        state: ProbeState = self.state
        if not state.mine():
            return
        state.busy = True
        # By its name in torch: PyTorch's compiler lets this frame alone for it, and not for another.
        state.grad_enabled = torch.is_grad_enabled()
        try:
            state.methods.look()
            with Unheard():
                function(self, *args, **kwargs)
        except Exception as error:
            state.trouble(error)
        finally:
            state.busy = False

    return call  # pyright: ignore[reportReturnType]
