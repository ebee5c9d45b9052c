# pyright: basic
"""The probe as a whole: put on, taken off, and what it has seen; and what it sees of compiled networks."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import time
import warnings
from collections.abc import Generator
from types import BuiltinFunctionType
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer, lr_scheduler
from torch.utils.data import DataLoader

from trainlab.diagnosis.observed.record import TrainingRecord
from trainlab.diagnosis.probe.asking import Asking
from trainlab.diagnosis.probe.backward import Backward
from trainlab.diagnosis.probe.batches import Data
from trainlab.diagnosis.probe.final_answers import ask, ask_what_they_depend_on
from trainlab.diagnosis.probe.fits import Fits
from trainlab.diagnosis.probe.frames import showwarning_instead_of, warn_instead_of
from trainlab.diagnosis.probe.global_state import Patches
from trainlab.diagnosis.probe.inputs import StoredData
from trainlab.diagnosis.probe.listener import Listener
from trainlab.diagnosis.probe.losses import Losses
from trainlab.diagnosis.probe.module_calls import Calls
from trainlab.diagnosis.probe.optimizer_steps import Steps
from trainlab.diagnosis.probe.parameter_values import StateDicts, finish_modules, finish_params
from trainlab.diagnosis.probe.probe_state import ProbeState, Unheard, at_work
from trainlab.diagnosis.probe.reading import is_dispatched
from trainlab.diagnosis.probe.schedulers_and_clipping import SchedulersAndClipping
from trainlab.diagnosis.torch_private import (
    COMPILER,
    LOADER_ITERATOR,
    compiled_network,
    function_depth,
    is_compiling,
    unheard_words,
)

# Compiled code runs as if nobody listened: the compiler must find neither hooks nor modes to build in.


class Compiled:
    """Steps aside while a compiled function or network runs, and counts how often."""

    def __init__(
        self, state: ProbeState, calls: Calls, listener: Listener, steps: Steps, patches: Patches
    ) -> None:
        self.state = state
        self.steps = steps
        self.calls = calls
        self.listener = listener
        self.patches = patches
        self._aside = False

    def around_compile(self, original: Any, *args: Any, **kwargs: Any) -> Any:
        """Have what ``torch.compile`` gives called with nobody listening."""
        model = args[0] if args else kwargs.get("model")
        made = original(*args, **kwargs)
        self.attach()
        if model is None or made is model or isinstance(made, nn.Module | type) or not callable(made):
            return made
        return self._quiet(made)

    def attach(self) -> None:
        """Listen to compiled networks from outside, if the compiler is loaded: loading it takes seconds."""
        network = getattr(sys.modules.get(COMPILER), "OptimizedModule", None)
        if network is not None and not any(owner is network for owner, *_ in self.patches.done):
            self.patches.around(network, "__call__", self._around_call)

    def _around_call(self, original: Any, module: Any, *args: Any, **kwargs: Any) -> Any:
        if is_compiling():
            return original(module, *args, **kwargs)
        inner = compiled_network(module)
        if inner is None:
            return original(module, *args, **kwargs)
        self.calls.before(inner, args)
        out = None
        try:
            with self.aside():
                out = original(module, *args, **kwargs)
        finally:
            self.calls.after(inner, args, out)
        return out

    def _quiet(self, function: Any) -> Any:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            if is_compiling():
                return function(*args, **kwargs)
            with self.aside():
                return function(*args, **kwargs)

        return call

    @contextlib.contextmanager
    def aside(self) -> Generator[None]:
        """Take hooks and mode off; a compiled function inside another finds them gone."""
        if self._aside or not self.state.mine():
            yield
            return
        self._aside = True
        self.state.record.compiled_calls += 1
        heard = self.listener.active
        self.steps.before_compiled()
        self.listener.switch(False)
        self.calls.detach()
        try:
            yield
        finally:
            self.calls.attach()
            self.listener.switch(heard)
            self._aside = False
        self.steps.after_compiled()


# The probe as a whole: put on, taken off, and what it has seen.


_FRAMEWORKS = ("tensorflow", "keras", "jax", "mxnet", "paddle", "tinygrad", "sklearn", "xgboost", "lightgbm")
_listening: list[Probe] = []
_DEAF = (
    "a torch function mode of the training's own, as `with torch.device(…)` is, was on all the time: losses "
    "and activations weren't seen, and faults in them not looked for"
)


def listening() -> Probe | None:
    """Return the probe that listens in this process, or None."""
    return _listening[-1] if _listening else None


class Probe:
    """Listens from `start` to `stop`; its own errors never reach the training.

    Args:
        whole_process: nothing but the training to be watched lives in this process.
        search_memory: look among all tensors for data that is never used; not needed where the data is known.
        asking: ask the networks at the end what they have learnt; not needed where that is known.
    """

    def __init__(
        self, *, whole_process: bool = False, search_memory: bool = True, asking: bool = True
    ) -> None:
        self.state = ProbeState()
        self.state.follows = whole_process
        fits = Fits(self.state)
        self.data = Data(self.state, fits, whole_process=whole_process, search_memory=search_memory)
        losses = Losses(self.state, fits)
        self.asking = Asking(self.state, wanted=asking)
        self.listener = Listener(self.state, losses, fits, self.asking)
        self.calls = Calls(self.state, self.listener, self.data, self.asking)
        self.steps = Steps(self.state, self.listener)
        self.backward = Backward(self.state, self.calls, losses, self.steps, self.asking)
        self.schedulers_and_clipping = SchedulersAndClipping(self.state, self.steps)
        self.stored = StoredData(self.state)
        self.state_dicts = StateDicts(self.state)
        self.other_processes = OtherProcesses()
        self.asks_dependence = True
        """Whether the networks are asked at the end what their answers depend on."""
        self.patches = Patches()
        self.compiled = Compiled(self.state, self.calls, self.listener, self.steps, self.patches)
        self.state.at_boundary += [self.calls.step_ended, self.listener.unused.step_ended]
        for moments in (self.state.at_boundary, self.state.at_entry):
            moments.append(lambda: self.listener.switch(self.state.sampling))

    def start(self) -> None:
        """Begin to listen."""
        self.state.started = time.monotonic()
        if deaf := unheard_words():
            self.state.record.troubles.append(deaf)
        self.other_processes.start()
        self.state.on = True
        _listening.append(self)
        around, others = self.patches.around, self.schedulers_and_clipping
        around(torch.autograd, "backward", self.backward.around_backward)
        around(torch.autograd, "grad", self.backward.around_grad)
        around(Optimizer, "__init__", self._around_made)
        around(DataLoader, "__iter__", self._around_loader)
        if LOADER_ITERATOR is not None:
            around(LOADER_ITERATOR, "__next__", self.stored.around_fetching)
        around(nn.Module, "train", self._around_train)
        around(nn.Module, "state_dict", self.state_dicts.around_taking)
        around(nn.Module, "load_state_dict", self.state_dicts.around_loading)
        for owner in (lr_scheduler.LRScheduler, lr_scheduler.ReduceLROnPlateau):
            around(owner, "step", others.around_scheduler_step)
        for owner in (nn.utils, nn.utils.clip_grad):
            around(owner, "clip_grad_norm_", others.around_clipping)
            around(owner, "clip_grad_value_", others.around_clipping_of_values)
        for owner in (Optimizer, nn.Module):
            around(owner, "zero_grad", self.steps.lost.around_clearing)
        around(torch.amp.GradScaler, "step", others.around_scaler)
        around(torch.amp.GradScaler, "scale", others.around_scaling)
        around(torch.amp.GradScaler, "unscale_", others.around_unscaling)
        around(torch, "compile", self.compiled.around_compile)
        if isinstance(warnings.warn, BuiltinFunctionType):  # a user's own isn't given another line
            self.patches.put(warnings, "warn", warn_instead_of(warnings.warn, is_read=is_compiling))
        self.patches.put(warnings, "showwarning", showwarning_instead_of(warnings.showwarning))
        self.compiled.attach()
        self.calls.attach()
        self.steps.attach()
        self.listener.switch(True)

    def stop(self, *, whole: bool = True) -> TrainingRecord:
        """Stop listening and return what was seen; `whole` is False for a training that was cut off."""
        state = self.state
        state.record.seconds = time.monotonic() - state.started
        self.let_go()
        self.read(whole=whole)
        if state.record.backwards and not self.listener.has_heard and function_depth is not None:
            state.record.troubles.append(_DEAF)
        self._ask()
        state.on = False
        return state.record

    def let_go(self) -> None:
        """Take all off, and leave what was seen as it is."""
        if self in _listening:
            _listening.remove(self)
        self.listener.passes_on = None
        self.listener.stop()
        self.steps.detach()
        self.calls.detach()
        self.patches.undo()

    def read(self, *, whole: bool = False) -> TrainingRecord:
        """Bring what was seen up to date, also in the middle of a training; `whole` if it has ended."""
        state = self.state
        try:
            with at_work(state), Unheard():
                state.record.seconds = time.monotonic() - state.started
                self.other_processes.read(state.record)
                self.data.fits.unreduced.flush()
                state.deferred.flush()
                if whole:
                    self.calls.finish()
                self.data.finish()
                finish_params(state)
                state.registry.name_the_rest()
                finish_modules(state)
                state.trainings.finish()
        except Exception as error:
            state.trouble(error)
        return state.record

    def _ask(self) -> None:
        """Ask the networks; whatever happens, the training has ended and can't be harmed."""
        state = self.state
        try:
            with at_work(state):
                heard = function_depth is not None and function_depth() == 0 and not is_dispatched()
                ask(self.asking, state.record, heard=heard)
                if self.asks_dependence and heard:
                    ask_what_they_depend_on(self.asking, state.record)
        except Exception as error:
            state.trouble(error)
        finally:
            state.methods.undo()
            self.asking.networks.clear()
            self.asking.unmet.clear()

    def _around_made(self, original: Any, optimizer: Any, *args: Any, **kwargs: Any) -> None:
        original(optimizer, *args, **kwargs)
        self.steps.made(optimizer)

    def _around_loader(self, original: Any, loader: Any) -> Any:
        self.data.loader_started(loader)
        self.stored.pass_begins(loader, self.data.site_of(loader))
        return original(loader)

    def _around_train(self, original: Any, module: Any, *args: Any, **kwargs: Any) -> Any:
        mode = args[0] if args else kwargs.get("mode", True)
        if not mode:
            self.calls.networks.mode_set(module, mode)
        return original(module, *args, **kwargs)


class OtherProcesses:
    """What goes on where the probe can't hear: in other processes and other frameworks."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._known: set[str] = set()

    def start(self) -> None:
        """Note what other processes have used, and which frameworks are loaded, before the training."""
        self._seconds = _of_ended_processes()
        self._known = {name for name in _FRAMEWORKS if name in sys.modules}

    def read(self, record: TrainingRecord) -> None:
        """Write down what has come since."""
        record.other_processes = _of_ended_processes() - self._seconds
        record.other_frameworks = [
            name for name in _FRAMEWORKS if name in sys.modules and name not in self._known
        ]


def _of_ended_processes() -> float:
    """Return the CPU seconds of processes that this one started and that have ended."""
    times = os.times()
    return times.children_user + times.children_system
