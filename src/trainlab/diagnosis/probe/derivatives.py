# pyright: basic
"""Derivatives by an input that `torch.autograd.grad` returns without a graph, and the sums they enter."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from trainlab.diagnosis.observed.events import ConstantDerivative
from trainlab.diagnosis.observed.record import Op
from trainlab.diagnosis.observed.site import Site
from trainlab.diagnosis.probe.graph_walk import leaves_above
from trainlab.diagnosis.probe.probe_state import ProbeState
from trainlab.diagnosis.probe.user_frames import user_site

SUMS = frozenset(("add", "__add__", "__radd__", "sub", "__sub__", "__rsub__", "rsub", "subtract"))
MAX_KEPT = 256


@dataclass(frozen=True, slots=True)
class _Derivative:
    tensor: weakref.ref[torch.Tensor]
    site: Site | None
    params: frozenset[int]


class Derivatives:
    """Those of the current step, with the trained parameters that they were computed from."""

    def __init__(self, state: ProbeState) -> None:
        self.state = state
        self._tick = -1
        self._known: dict[int, _Derivative] = {}

    def made(self, outputs: Any, inputs: Any, found: Sequence[Any], *, create_graph: bool) -> None:
        """Remember derivatives by inputs: no gradient flows back through them.

        Not those by parameters or by computed tensors: such a step, or the target that it leads to, is meant
        to be constant (first-order meta-learning, learnt samplers).
        """
        state = self.state
        if create_graph or not state.sampling or not isinstance(outputs, torch.Tensor):
            return
        if self._tick != state.record.tick:
            self._tick, self._known = state.record.tick, {}
        asked = [inputs] if isinstance(inputs, torch.Tensor) else list(inputs)
        params: frozenset[int] | None = None
        for by, tensor in zip(asked, found, strict=False):
            if isinstance(tensor, torch.Tensor) and not tensor.requires_grad and self._is_an_input(by):
                params = self._trained(outputs) if params is None else params
                self._keep(_Derivative(weakref.ref(tensor), user_site(), params))

    def passed_on(self, given: Sequence[torch.Tensor], out: torch.Tensor) -> None:
        """What is computed from such a derivative without a graph is just as constant."""
        known = self._first(given)
        if known is not None:
            self._keep(_Derivative(weakref.ref(out), known.site, known.params))

    def added(self, given: Sequence[torch.Tensor], op: Op) -> None:
        """One is added to something that the same parameters gave: note it at the sum's node in the graph."""
        known = self._first(given)
        if known is None or len(given) < 2:
            return
        with_graph = [one for one in given if one.requires_grad]
        if any(known.params & self._trained(one) for one in with_graph):
            op.adds_constant_derivative, op.derivative_site = True, known.site
            self.state.seen(ConstantDerivative(site=op.site, module=op.module))

    def _first(self, given: Sequence[torch.Tensor]) -> _Derivative | None:
        if self._tick != self.state.record.tick:
            return None
        found = (self._known.get(id(one)) for one in given)
        return next((one for one in found if one is not None and one.tensor() is not None), None)

    def _keep(self, one: _Derivative) -> None:
        if one.params and len(self._known) < MAX_KEPT:
            self._known[id(one.tensor())] = one

    def _trained(self, tensor: torch.Tensor) -> frozenset[int]:
        params = self.state.record.params
        return frozenset(key for key in leaves_above(tensor, self.state.registry) if params[key].optimizers)

    def _is_an_input(self, tensor: torch.Tensor) -> bool:
        key = self.state.registry.known(tensor)
        return tensor.is_leaf and (key is None or not self.state.record.params[key].optimizers)
