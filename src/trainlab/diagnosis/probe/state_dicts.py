# pyright: basic
"""Weights that are kept and loaded: when they were taken, and whether they are the network's own tensors."""

from __future__ import annotations

import weakref
from typing import Any

import torch
from torch import nn

from trainlab.diagnosis.observed.events import LoadedItself
from trainlab.diagnosis.observed.site import Site
from trainlab.diagnosis.probe import module_parts
from trainlab.diagnosis.probe.probe_state import ProbeState, guarded
from trainlab.diagnosis.probe.readable_tensors import readable
from trainlab.diagnosis.probe.user_frames import user_site

MAX_TAKEN = 256


class StateDicts:
    """``state_dict()`` hands out views of the network's own tensors, which go on changing with it.

    Loading them puts each tensor in its own place: nothing is restored. A copy of them is another tensor.
    """

    def __init__(self, state: ProbeState) -> None:
        self.state = state
        self._own = False
        self._taken: dict[int, tuple[weakref.ref[torch.Tensor], int, Site | None]] = {}

    def wrap_taking(self, original: Any) -> Any:
        """Remember when a network's state was taken; its layers are asked for theirs with a destination."""

        def state_dict(*args: Any, **kwargs: Any) -> Any:
            out = original(*args, **kwargs)
            if len(args) <= 1 and kwargs.get("destination") is None:
                self._was_taken(out)
            return out

        return state_dict

    @guarded
    def _was_taken(self, state: Any) -> None:
        first = next((one for one in state.values() if isinstance(one, torch.Tensor)), None)
        if first is None:
            return
        if len(self._taken) >= MAX_TAKEN:
            self._taken = {key: entry for key, entry in self._taken.items() if entry[0]() is not None}
        if len(self._taken) < MAX_TAKEN:
            self._taken[id(first)] = (weakref.ref(first), self.state.steps_taken, user_site())

    def wrap_loading(self, original: Any) -> Any:
        """Note which weights were loaded, and whether they were there already."""

        def load_state_dict(*args: Any, **kwargs: Any) -> Any:
            # PyTorch's distributed checkpoints give the network by name, too.
            module, given = _argument(args, 0, kwargs, "self"), _argument(args, 1, kwargs, "state_dict")
            self._look_before(module, given)
            out = original(*args, **kwargs)
            self._loaded(module, given)
            return out

        return load_state_dict

    @guarded
    def _look_before(self, module: nn.Module, given: Any) -> None:
        """With ``assign=True`` the tensors that were given are the network's own after loading."""
        self._own = _is_its_own(module, given)

    @guarded
    def _loaded(self, module: nn.Module, given: Any) -> None:
        state = self.state
        if self._own:
            self._own = False
            self._loaded_itself(module, given)
            return
        if state.record.tick > 0:
            state.record.restored = True
        for parameter in module_parts.parameters(module):
            state.record.params[state.registry.key(parameter)].loaded = True

    def _loaded_itself(self, module: nn.Module, given: Any) -> None:
        state = self.state
        first = next(one for one in given.values() if isinstance(one, torch.Tensor))
        taken = self._taken.get(id(first))
        steps, site = 0, None
        if taken is not None and taken[0]() is first:
            steps, site = state.steps_taken - taken[1], taken[2]
        event = state.seen(LoadedItself(site=user_site(), module=state.registry.path(module)))
        event.params |= {state.registry.key(parameter) for parameter in module_parts.parameters(module)}
        if steps >= event.steps:
            event.steps, event.taken = steps, site


def _argument(args: tuple[Any, ...], place: int, kwargs: dict[str, Any], name: str) -> Any:
    return args[place] if len(args) > place else kwargs.get(name)


def _is_its_own(module: nn.Module, given: Any) -> bool:
    """Whether every parameter was given the memory that it has anyway."""
    parameters = module_parts.named_parameters(module)
    if not parameters or not isinstance(given, dict):
        return False
    return all(_is_same(parameter, given.get(name)) for name, parameter in parameters.items())


def _is_same(parameter: torch.Tensor, value: Any) -> bool:
    if not isinstance(value, torch.Tensor) or readable(parameter) is None or readable(value) is None:
        return False
    place = parameter.data_ptr()
    return place != 0 and value.data_ptr() == place and value.shape == parameter.shape
