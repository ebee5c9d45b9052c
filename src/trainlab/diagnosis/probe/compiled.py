# pyright: basic
"""Compiled code runs as if nobody listened: the compiler must find neither hooks nor modes to build in."""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Generator
from typing import Any

from torch import nn

from trainlab.diagnosis.probe.global_state import Patches
from trainlab.diagnosis.probe.listener import Listener
from trainlab.diagnosis.probe.module_calls import Calls
from trainlab.diagnosis.probe.optimizer_steps import Steps
from trainlab.diagnosis.probe.probe_state import ProbeState
from trainlab.diagnosis.torch_private import COMPILER, compiled_network, is_compiling


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

    def wrap(self, original: Any) -> Any:
        """Return ``torch.compile`` whose functions are called with nobody listening."""

        def compiled(*args: Any, **kwargs: Any) -> Any:
            model = args[0] if args else kwargs.get("model")
            made = original(*args, **kwargs)
            self.attach()
            if model is None or made is model or isinstance(made, nn.Module | type) or not callable(made):
                return made
            return self._quiet(made)

        return compiled

    def attach(self) -> None:
        """Listen to compiled networks from outside, if the compiler is loaded: loading it takes seconds."""
        network = getattr(sys.modules.get(COMPILER), "OptimizedModule", None)
        if network is not None and not any(owner is network for owner, *_ in self.patches.done):
            self.patches.wrap(network, "__call__", self._wrap_call)

    def _wrap_call(self, original: Any) -> Any:
        def call(module: Any, *args: Any, **kwargs: Any) -> Any:
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

        return call

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
