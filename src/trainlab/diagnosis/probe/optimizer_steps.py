# pyright: basic
"""Optimizers: their steps, even one within another, learning rates, gradients and updates."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Any

import torch
from torch.optim import Optimizer
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

from trainlab.diagnosis.observed.record import OptimizerRecord, ParamRecord
from trainlab.diagnosis.probe.frames import user_site
from trainlab.diagnosis.probe.listener import Listener
from trainlab.diagnosis.probe.lost_gradients import Clearing, LostGradients
from trainlab.diagnosis.probe.parameter_values import finish_params, first_look, gradient_numbers, sample_of
from trainlab.diagnosis.probe.probe_state import ProbeState, guarded
from trainlab.diagnosis.probe.reading import as_floats, readable
from trainlab.diagnosis.probe.trainings import is_compared
from trainlab.diagnosis.torch_private import functions, steps_on_the_stack, version_of

MAX_OPTIMIZERS = 128
MAX_MEASURED = 400
LIVES = 3
"""So many that one line makes one after the other are kept apart."""
_SETTINGS = ("lr", "momentum", "weight_decay", "betas", "eps", "nesterov", "dampening", "alpha")


class Steps:
    """Global optimizer hooks."""

    def __init__(self, state: ProbeState, listener: Listener) -> None:
        self.state = state
        self.listener = listener
        self.clearing = Clearing(state)
        self.lost = LostGradients(state)
        self._known: weakref.WeakKeyDictionary[Optimizer, OptimizerRecord] = weakref.WeakKeyDictionary()
        self._handles: list[Any] = []
        self._running = RunningSteps()
        self._versions: dict[Optimizer, tuple[int, int]] = {}
        self._backwards = 0

    def attach(self) -> None:
        """Register the hooks."""
        self._handles = [
            register_optimizer_step_pre_hook(self.before),
            register_optimizer_step_post_hook(self.after),
        ]

    def detach(self) -> None:
        """Take the hooks off."""
        for handle in self._handles:
            handle.remove()
        self._handles = []

    @guarded
    def made(self, optimizer: Optimizer) -> None:
        """An optimizer was made; one of parameters that are new begins a training."""
        record = self.entry(optimizer)
        if record is not None and record.params:
            training = self.state.trainings.meet(record.params)
            if not self.state.record.parts[training].steps.count:
                self.state.enter(training, made=True)

    def entry(self, optimizer: Optimizer) -> OptimizerRecord | None:
        """Return the optimizer's record."""
        record = self._known.get(optimizer)
        optimizers = self.state.record.optimizers
        if record is None and (again := self._again(optimizer)) is not None:
            record = self._known[optimizer] = again
            record.made += 1
            self.lost.met(optimizer, record)
        elif record is None and len(optimizers) < MAX_OPTIMIZERS:
            group = optimizer.param_groups[0]
            settings = {name: _plain(group[name]) for name in _SETTINGS if name in group}
            if group.get("maximize"):
                settings["maximize"] = True
            keys = self._keys(optimizer, len(optimizers))
            record = OptimizerRecord(len(optimizers), type(optimizer).__name__, user_site(), keys, settings)
            self._known[optimizer] = record
            self.lost.met(optimizer, record)
            optimizers.append(record)
        return record

    def _again(self, optimizer: Optimizer) -> OptimizerRecord | None:
        """Return the last of several that the same line made of the same parameters, one after the other.

        A loop that makes its optimizer anew would make too many to keep.
        """
        site = user_site()
        last = [one for one in self.state.record.optimizers if one.site == site][-LIVES:]
        if len(last) < LIVES or not all(one.is_followed_by(other) for one, other in pairwise(last)):
            return None
        keys = [self.state.registry.known(parameter) for parameter in parameters_of(optimizer)]
        same = last[-1].kind == type(optimizer).__name__ and last[-1].params == keys
        return last[-1] if same else None

    def known(self, optimizer: Optimizer) -> OptimizerRecord | None:
        """Return the record of an optimizer that was seen before."""
        return self._known.get(optimizer)

    def share_groups(self, optimizer: Optimizer) -> bool:
        """Whether another optimizer has one of its groups, as one that wraps it does: both step with it."""
        mine = {*map(id, optimizer.param_groups)}
        return any(
            one is not optimizer and any(id(group) in mine for group in one.param_groups)
            for one in self._known
        )

    def _keys(self, optimizer: Optimizer, index: int) -> list[int]:
        keys = [self.state.registry.key(one) for one in parameters_of(optimizer)]
        for key in keys:
            self.state.record.params[key].optimizers.add(index)
        return keys

    @guarded
    def before(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        """A step begins: gradients and weights are measured at the ticks that are looked at."""
        state, parameters = self.state, parameters_of(optimizer)
        step = self._running.begin(optimizer, parameters)
        record = None if step.is_part else self.entry(optimizer)
        if record is None:
            return
        if len(parameters) != len(record.params):
            record.params = self._keys(optimizer, record.index)
            state.trainings.meet(record.params)
        training = state.trainings.of(record.params[0]) if record.params else None
        if training is not None:
            state.enter(training)
        self._step_begins(optimizer, record)
        closure = (args[1] if len(args) > 1 else None) or (kwargs or {}).get("closure")
        record.uses_closure = record.uses_closure or closure is not None
        if not record.uses_closure:
            self.clearing.step(optimizer, record, parameters)
            self.lost.step(optimizer, record)
        if state.sampling:
            self._first_looks(record, parameters)
            # A closure has yet to make the gradients: they are measured after the step.
            step.awaited = closure is not None
            measured = _trainable(record, parameters) if step.awaited else self._gradients(record, parameters)
            step.before = [(key, sample_of(parameter)) for key, parameter in measured]
        if closure is None:
            self.listener.switch(False)  # an optimizer's own sums, many and small, say nothing

    def _step_begins(self, optimizer: Optimizer, record: OptimizerRecord) -> None:
        tick = self.state.record.tick
        if not record.steps:
            record.first_tick = tick
        record.last_tick = tick
        record.steps += 1
        record.led += self.state.record.backwards > self._backwards
        self._backwards = self.state.record.backwards
        record.step_site = record.step_site or user_site()
        rate = _plain(optimizer.param_groups[0].get("lr"))
        if (
            isinstance(rate, float)
            and (not record.lr or record.lr[-1][1] != rate)
            and len(record.lr) < 20_000
        ):
            record.lr.append((tick, rate))

    def _first_looks(self, record: OptimizerRecord, parameters: list[torch.Tensor]) -> None:
        for key, parameter in zip(record.params, parameters, strict=True):
            told = self.state.record.params[key]
            if not told.looked_at:
                first_look(self.state.deferred, told, parameter)

    def _gradients(
        self, record: OptimizerRecord, parameters: list[torch.Tensor]
    ) -> list[tuple[int, torch.Tensor]]:
        """Measure gradients, and return the parameters that have one with their keys."""
        state = self.state
        with_grad: list[tuple[int, torch.Tensor, torch.Tensor]] = []
        empty = True
        for key, parameter in zip(record.params, parameters, strict=True):
            told = state.record.params[key]
            grad = parameter.grad
            if grad is None:
                told.without_grad += 1
                told.replaced = state.registry.is_replaced(key)
                continue
            told.with_grad += 1
            empty = False
            values, slope = readable(parameter), grad if grad.is_sparse else readable(grad)
            if values is not None and slope is not None:
                with_grad.append((key, values, slope))
        record.empty += empty
        for key, values, slope in with_grad[:MAX_MEASURED]:
            told = state.record.params[key]
            told.ticks.append(state.record.tick)
            gradient_numbers(state.deferred, told, values, slope)
        return [(key, values) for key, values, _ in with_grad[:MAX_MEASURED]]

    @guarded
    def before_compiled(self) -> None:
        """Compiled code begins: remember how often each optimizer's first parameter was changed in place."""
        self._versions = {one: (record.steps, _version(one)) for one, record in self._known.items()}

    @guarded
    def after_compiled(self) -> None:
        """Compiled code has run: an optimizer whose parameter it changed was stepped in it, unheard."""
        versions, self._versions = self._versions, {}  # kept, they would keep the optimizers alive
        for optimizer, (steps, version) in versions.items():
            record = self._known[optimizer]
            if record.steps == steps and _version(optimizer) != version:
                self._step_begins(optimizer, record)
                self.clearing.forget(optimizer)
                self.lost.forget(optimizer)
                self.state.steps_taken += 1
                self.state.boundary()

    @guarded
    def after(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        """A step is done: by how much each weight has moved; then the clock goes on."""
        state, step = self.state, self._running.end(optimizer)
        if step is not None and step.is_part:
            return
        before = step.before if step is not None else []
        record = self._known.get(optimizer)
        if step is not None and step.awaited and record is not None:
            measured = {key for key, _ in self._gradients(record, parameters_of(optimizer))}
            before = [(key, old) for key, old in before if key in measured]
        for key, old in before:
            parameter = state.registry.tensor(key)
            values = None if parameter is None else readable(parameter)
            if values is None:
                continue
            told = state.record.params[key]
            moved = as_floats(sample_of(values, copy=False) - old)
            sizes = (one.square().mean().sqrt() for one in (moved, as_floats(old)))
            still = (moved == 0).to(moved.dtype).mean()
            state.deferred.read(functions.stack([*sizes, still]), partial(_moved, told))
        self.clearing.stepped(optimizer)
        state.steps_taken += 1
        if is_compared(state.record.tick):
            finish_params(state)
        state.boundary()


def _moved(told: ParamRecord, got: list[float]) -> None:
    told.update.append(got[0] / max(got[1], 1e-30))
    told.still.append(got[2])


def _version(optimizer: Optimizer) -> int:
    first = next(iter(parameters_of(optimizer)), None)
    return 0 if first is None or first.is_inference() else version_of(first)


def _trainable(record: OptimizerRecord, parameters: list[torch.Tensor]) -> list[tuple[int, torch.Tensor]]:
    pairs = [
        (key, readable(one)) for key, one in zip(record.params, parameters, strict=True) if one.requires_grad
    ]
    return [(key, values) for key, values in pairs if values is not None][:MAX_MEASURED]


def _plain(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return float(value) if value.device.type == "cpu" and value.numel() == 1 else "tensor"
    if isinstance(value, bool):
        return value
    return float(value) if isinstance(value, int | float) else value


@dataclass(slots=True)
class RunningStep:
    """A step that has begun: weights before it, and whether its gradients are yet to be made by a closure."""

    optimizer: Callable[[], Optimizer | None]
    is_part: bool
    before: list[tuple[int, torch.Tensor]] = field(default_factory=list[tuple[int, torch.Tensor]])
    awaited: bool = False


class RunningSteps:
    """The outermost first."""

    def __init__(self) -> None:
        self._steps: list[RunningStep] = []

    def begin(self, optimizer: Optimizer, parameters: list[torch.Tensor]) -> RunningStep:
        """Note that a step begins; one within a step of the same weights is part of it, as a parent class's
        is."""
        if self._steps:
            del self._steps[steps_on_the_stack() - 1 :]  # these raised, and never ended
        outer = (step.optimizer() for step in self._steps)
        is_part = any(_ids(parameters) <= _ids(parameters_of(one)) for one in outer if one is not None)
        step = RunningStep(weakref.ref(optimizer), is_part)
        self._steps.append(step)
        return step

    def end(self, optimizer: Optimizer) -> RunningStep | None:
        """Remove a step, and those begun in it that never ended; None if it isn't there."""
        for place in reversed(range(len(self._steps))):
            step = self._steps[place]
            if step.optimizer() is optimizer:
                del self._steps[place:]
                return step
        return None


def parameters_of(optimizer: Optimizer) -> list[torch.Tensor]:
    """Return the tensors of all groups."""
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def _ids(tensors: list[torch.Tensor]) -> set[int]:
    return {*map(id, tensors)}
