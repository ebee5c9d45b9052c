# pyright: basic
"""Optimizers: their steps, learning rates, gradients and updates; whether gradients were cleared."""

from __future__ import annotations

import weakref
from typing import Any

import torch
from torch.optim import Optimizer
from torch.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)

from trainlab.diagnosis.probe.clearing import Clearing
from trainlab.diagnosis.probe.core import Core, guarded
from trainlab.diagnosis.probe.endings import finish_params
from trainlab.diagnosis.probe.listener import Listener
from trainlab.diagnosis.probe.places import user_site
from trainlab.diagnosis.probe.readable import as_floats, readable
from trainlab.diagnosis.probe.running_steps import RunningSteps, parameters_of
from trainlab.diagnosis.probe.schedule import is_compared
from trainlab.diagnosis.probe.values import first_look, gradient_numbers, sample_of
from trainlab.diagnosis.seen import OptimizerSeen
from trainlab.diagnosis.torch_private import version_of

MAX_OPTIMIZERS = 32
MAX_MEASURED = 400
_SETTINGS = ("lr", "momentum", "weight_decay", "betas", "eps", "nesterov", "dampening", "alpha")


class Steps:
    """Global optimizer hooks."""

    def __init__(self, core: Core, listener: Listener) -> None:
        self.core = core
        self.listener = listener
        self.clearing = Clearing(core)
        self._known: weakref.WeakKeyDictionary[Optimizer, OptimizerSeen] = weakref.WeakKeyDictionary()
        self._handles: list[Any] = []
        self._running = RunningSteps()
        self._versions: dict[Optimizer, tuple[int, int]] = {}

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
        """An optimizer was made."""
        self.entry(optimizer)

    def entry(self, optimizer: Optimizer) -> OptimizerSeen | None:
        """Return what is kept of the optimizer."""
        seen = self._known.get(optimizer)
        optimizers = self.core.seen.optimizers
        if seen is None and len(optimizers) < MAX_OPTIMIZERS:
            group = optimizer.param_groups[0]
            settings = {name: _plain(group[name]) for name in _SETTINGS if name in group}
            keys = self._keys(optimizer, len(optimizers))
            seen = OptimizerSeen(len(optimizers), type(optimizer).__name__, user_site(), keys, settings)
            self._known[optimizer] = seen
            optimizers.append(seen)
        return seen

    def _keys(self, optimizer: Optimizer, index: int) -> list[int]:
        keys: list[int] = []
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                key = self.core.book.key(parameter)
                keys.append(key)
                self.core.seen.params[key].optimizers.add(index)
        return keys

    @guarded
    def before(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        """A step begins: gradients and weights are measured at the ticks that are looked at."""
        core, parameters = self.core, parameters_of(optimizer)
        step = self._running.begin(optimizer, parameters)
        seen = None if step.is_part else self.entry(optimizer)
        if seen is None:
            return
        if len(parameters) != len(seen.params):
            seen.params = self._keys(optimizer, seen.index)
        self._step_begins(optimizer, seen)
        closure = (args[1] if len(args) > 1 else None) or (kwargs or {}).get("closure")
        seen.uses_closure = seen.uses_closure or closure is not None
        if not seen.uses_closure:
            self.clearing.step(optimizer, seen, parameters)
        if core.sampling:
            self._first_looks(seen, parameters)
            # A closure has yet to make the gradients: they are measured after the step.
            step.awaited = closure is not None
            measured = _trainable(seen, parameters) if step.awaited else self._gradients(seen, parameters)
            step.before = [(key, sample_of(parameter)) for key, parameter in measured]
        if closure is None:
            self.listener.switch(False)  # an optimizer's own sums, many and small, say nothing

    def _step_begins(self, optimizer: Optimizer, seen: OptimizerSeen) -> None:
        tick = self.core.seen.tick
        if not seen.steps:
            seen.first_tick = tick
        seen.last_tick = tick
        seen.steps += 1
        seen.step_site = seen.step_site or user_site()
        rate = _plain(optimizer.param_groups[0].get("lr"))
        if isinstance(rate, float) and (not seen.lr or seen.lr[-1][1] != rate) and len(seen.lr) < 20_000:
            seen.lr.append((tick, rate))

    def _first_looks(self, seen: OptimizerSeen, parameters: list[torch.Tensor]) -> None:
        for key, parameter in zip(seen.params, parameters, strict=True):
            told = self.core.seen.params[key]
            if not told.start:
                first_look(self.core.later, told, parameter)

    def _gradients(
        self, seen: OptimizerSeen, parameters: list[torch.Tensor]
    ) -> list[tuple[int, torch.Tensor]]:
        """Measure gradients, and return the parameters that have one with their keys."""
        core = self.core
        with_grad: list[tuple[int, torch.Tensor, torch.Tensor]] = []
        empty = True
        for key, parameter in zip(seen.params, parameters, strict=True):
            told = core.seen.params[key]
            grad = parameter.grad
            if grad is None:
                told.without_grad += 1
                continue
            told.with_grad += 1
            empty = False
            values, slope = readable(parameter), grad if grad.is_sparse else readable(grad)
            if values is not None and slope is not None:
                with_grad.append((key, values, slope))
        seen.empty += empty
        for key, values, slope in with_grad[:MAX_MEASURED]:
            told = core.seen.params[key]
            told.ticks.append(core.seen.tick)
            gradient_numbers(core.later, told, values, slope)
        return [(key, values) for key, values, _ in with_grad[:MAX_MEASURED]]

    @guarded
    def before_compiled(self) -> None:
        """Compiled code begins: remember how often each optimizer's first parameter was changed in place."""
        self._versions = {one: (seen.steps, _version(one)) for one, seen in self._known.items()}

    @guarded
    def after_compiled(self) -> None:
        """Compiled code has run: an optimizer whose parameter it changed was stepped in it, unheard."""
        for optimizer, (steps, version) in list(self._versions.items()):
            seen = self._known[optimizer]
            if seen.steps == steps and _version(optimizer) != version:
                self._step_begins(optimizer, seen)
                self.clearing.forget(optimizer)
                self.core.steps_taken += 1
                self.core.boundary()

    @guarded
    def after(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        """A step is done: by how much each weight has moved; then the clock goes on."""
        core, step = self.core, self._running.end(optimizer)
        if step is not None and step.is_part:
            return
        before = step.before if step is not None else []
        seen = self._known.get(optimizer)
        if step is not None and step.awaited and seen is not None:
            measured = {key for key, _ in self._gradients(seen, parameters_of(optimizer))}
            before = [(key, old) for key, old in before if key in measured]
        for key, old in before:
            parameter = core.book.tensor(key)
            values = None if parameter is None else readable(parameter)
            if values is None:
                continue
            told = core.seen.params[key]
            moved = as_floats(sample_of(values, copy=False) - old)
            pair = torch.stack([moved.square().mean().sqrt(), as_floats(old).square().mean().sqrt()])
            core.later.read(pair, lambda got, told=told: told.update.append(got[0] / max(got[1], 1e-30)))
        self.clearing.stepped(optimizer)
        core.steps_taken += 1
        if is_compared(core.seen.tick):
            finish_params(core)
        core.boundary()


def _version(optimizer: Optimizer) -> int:
    parameters = (one for group in optimizer.param_groups for one in group["params"])
    first = next(parameters, None)
    return 0 if first is None or first.is_inference() else version_of(first)


def _trainable(seen: OptimizerSeen, parameters: list[torch.Tensor]) -> list[tuple[int, torch.Tensor]]:
    pairs = [
        (key, readable(one)) for key, one in zip(seen.params, parameters, strict=True) if one.requires_grad
    ]
    return [(key, values) for key, values in pairs if values is not None][:MAX_MEASURED]


def _plain(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return float(value) if value.device.type == "cpu" and value.numel() == 1 else "tensor"
    if isinstance(value, bool):
        return value
    return float(value) if isinstance(value, int | float) else value
