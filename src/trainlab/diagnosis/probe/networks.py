# pyright: basic
"""Networks: modules that the user's own code calls, their parameters, and the modes that they are in."""

from __future__ import annotations

import weakref
from typing import Any

from torch import nn
from torch.nn.parameter import is_lazy

from trainlab.diagnosis.observed.record import NetworkRecord
from trainlab.diagnosis.observed.site import Site
from trainlab.diagnosis.probe import module_parts
from trainlab.diagnosis.probe.parameter_values import first_look
from trainlab.diagnosis.probe.probe_state import ProbeState
from trainlab.diagnosis.probe.tensor_registry import variable_name
from trainlab.diagnosis.probe.user_frames import user_site
from trainlab.diagnosis.torch_private import BATCH_NORMS, DROPOUTS, LOSS_MODULES

MAX_NETWORKS = 128
_NOISY = (*BATCH_NORMS, *DROPOUTS)


class Networks:
    """One entry for each; modules without parameters have none."""

    def __init__(self, state: ProbeState) -> None:
        self.state = state
        self._known: weakref.WeakKeyDictionary[nn.Module, NetworkRecord | None] = weakref.WeakKeyDictionary()
        self._eval_sites: weakref.WeakKeyDictionary[nn.Module, Site | None] = weakref.WeakKeyDictionary()
        self._eval_ticks: weakref.WeakKeyDictionary[nn.Module, int] = weakref.WeakKeyDictionary()
        self._looked_at: weakref.WeakKeyDictionary[nn.Module, int] = weakref.WeakKeyDictionary()
        self._feeding: weakref.WeakKeyDictionary[nn.Module, bool] = weakref.WeakKeyDictionary()

    def record_of(self, module: nn.Module) -> NetworkRecord | None:
        """Return the record of a network; None for a module without parameters."""
        if module in self._known:
            known = self._known[module]
            if known is not None and not known.trainable and self.state.sampling:
                known.trainable = _trainable(module)  # it may have been frozen for its first pass alone
            return known
        root: NetworkRecord | None = None
        parameters = module_parts.parameters(module)
        if any(is_lazy(parameter) for parameter in parameters):
            return None  # known from its second call on
        hidden = not parameters and not isinstance(module, LOSS_MODULES)
        if (parameters or hidden) and len(self.state.record.networks) < MAX_NETWORKS:
            name = variable_name(module) or type(module).__name__
            if parameters:
                dtype = str(parameters[0].dtype).removeprefix("torch.")
                root = NetworkRecord(name=name, kind=type(module).__name__, dtype=dtype)
                self._describe(module, root, len(self.state.record.networks))
                self.state.record.networks.append(root)
            else:
                self.state.registry.enter(module, name)
        self._known[module] = root
        return root

    def is_known(self, module: nn.Module) -> bool:
        """Whether it was called before."""
        return module in self._known

    def alive(self) -> list[nn.Module]:
        """Return the networks that were called and are still there."""
        return [module for module, root in self._known.items() if root is not None]

    def changed(self, module: nn.Module) -> None:
        """A layer isn't known: if the network's layers have changed since the last look, look again."""
        root, tick = self._known.get(module), self.state.record.tick
        if root is None or self._looked_at.get(module) == tick:
            return
        self._looked_at[module] = tick
        if {self.state.registry.known(one) for one in module_parts.parameters(module)} != set(root.params):
            index = next(place for place, one in enumerate(self.state.record.networks) if one is root)
            self._describe(module, root, index)

    def _describe(self, module: nn.Module, root: NetworkRecord, index: int) -> None:
        """Count and name what a network has now."""
        parameters = module_parts.parameters(module)
        root.params = self.state.registry.enter(module, root.name)
        if root.params:
            self.state.trainings.meet(root.params)
        root.parameters = sum(parameter.numel() for parameter in parameters)
        root.trainable = _trainable(module) or root.trainable  # it may be frozen for this pass alone
        noisy = self._noisy_of(module)
        root.noisy = [self.state.registry.path(inner) for inner in noisy]
        root.noisy_kinds = [type(inner).__name__ for inner in noisy]
        for key in root.params:
            self._enter(key, index)

    def _enter(self, key: int, root: int) -> None:
        record, tensor = self.state.record.params[key], self.state.registry.tensor(key)
        record.owner = root
        if tensor is not None and not tensor.requires_grad and not record.looked_at:
            first_look(self.state.deferred, record, tensor)

    def only_feeds(self, module: nn.Module) -> bool:
        """Whether a network was frozen after it had learnt, and put in eval mode: it feeds another one."""
        if module.training:
            return False
        known = self._feeding.get(module)
        if known is None or self.state.sampling:
            known = self._feeding[module] = not any(
                one.requires_grad for one in module_parts.parameters(module)
            )
        return known

    def look_at_modes(self, module: nn.Module, root: NetworkRecord) -> None:
        """Note where eval() was called, and which layers that depend on the mode are in eval mode."""
        root.last_eval = self._eval_sites.get(module) or root.last_eval
        if root.eval_called_tick is None:
            root.eval_called_tick = self._eval_ticks.get(module)
        names = [self.state.registry.path(inner) for inner in self._noisy_of(module) if not inner.training]
        root.noisy_in_eval = names

    def _noisy_of(self, module: nn.Module) -> list[nn.Module]:
        return [
            inner for inner in module_parts.parts(module) if isinstance(inner, _NOISY) and _at_work(inner)
        ]

    def mode_set(self, module: nn.Module, mode: bool) -> None:
        """``eval()`` was called on a module."""
        if not mode and self.state.mine() and self._known.get(module) is not None:
            self._eval_sites[module] = user_site()
            self._eval_ticks.setdefault(module, self.state.record.tick)
            root = self._known[module]
            if root is not None:
                root.eval_ever = True


def _trainable(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module_parts.parameters(module) if parameter.requires_grad)


def _at_work(module: nn.Module) -> bool:
    share: Any = getattr(module, "p", None)
    return share is None or share > 0
