"""Modules stacked with torch.func: one gradient function for all, mapped over their parameters."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch

from trainlab.errors import EngineError

Tensors = dict[str, torch.Tensor]
Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Stacked:
    """n modules as one: tensors by name with a first axis of modules, those trained and those that aren't."""

    trained: Tensors
    constant: Tensors
    training: torch.nn.Module
    reading: torch.nn.Module

    @classmethod
    def of(cls, modules: list[torch.nn.Module], device: str) -> Stacked:
        """Stack modules of one kind."""
        shapes = [{name: value.shape for name, value in module.state_dict().items()} for module in modules]
        kinds = {_kind(module) for module in modules}
        if len(kinds) > 1 or any(shape != shapes[0] for shape in shapes):
            raise EngineError(
                "factory() returned modules of different kinds or shapes for different seeds: a population "
                "is of one architecture, and only its initial values may depend on the seed."
            )
        parameters = [dict(module.named_parameters()) for module in modules]
        buffers = [dict(module.named_buffers()) for module in modules]
        learns = {name: value.requires_grad for name, value in parameters[0].items()}
        if not any(learns.values()):
            raise EngineError("factory() returned a module without parameters that require a gradient.")

        def stack(tables: list[Any], name: str) -> torch.Tensor:
            return torch.stack([table[name].detach() for table in tables]).to(device)

        return cls(
            trained={name: stack(parameters, name) for name in learns if learns[name]},
            constant={name: stack(parameters, name) for name in learns if not learns[name]}
            | {name: stack(buffers, name) for name in buffers[0]},
            training=deepcopy(modules[0]).to(device).train(),
            reading=deepcopy(modules[0]).to(device).eval(),
        )

    def gradients(self, loss: Loss, inputs: torch.Tensor, targets: torch.Tensor, *, own: bool) -> Tensors:
        """Return each module's gradient; with `own`, examples have a first axis of modules, too."""

        def of_one(trained: Tensors, constant: Tensors, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            return loss(torch.func.functional_call(self.training, {**trained, **constant}, (x,)), y)

        axis = 0 if own else None
        mapped: Any = torch.vmap(torch.func.grad(of_one), in_dims=(0, 0, axis, axis), randomness="error")
        return mapped(self.trained, self.constant, inputs, targets)

    def outputs(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the outputs ``[n, examples, …]`` in evaluation mode."""

        def of_one(trained: Tensors, constant: Tensors) -> torch.Tensor:
            return torch.func.functional_call(self.reading, {**trained, **constant}, (inputs,))

        mapped: Any = torch.vmap(of_one, randomness="error")
        with torch.no_grad():
            return mapped(self.trained, self.constant)


def _kind(module: torch.nn.Module) -> tuple[str, ...]:
    """Return what tells one architecture from another: each part's class by name, and what all print."""
    # By name, since a class within the factory is another at every call.
    return (*(type(part).__qualname__ for part in module.modules()), repr(module))
