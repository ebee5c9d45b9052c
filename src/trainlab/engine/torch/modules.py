"""Modules stacked with torch.func: one gradient function for all, mapped over their parameters."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from trainlab.engine.rng import seed_keys
from trainlab.engine.torch.draws import Examples
from trainlab.engine.torch.module_checks import check_stackable, fitted, is_solved
from trainlab.engine.torch.optimizers import StackedOptimizer
from trainlab.engine.torch.populations import Population
from trainlab.errors import EngineError
from trainlab.spec import Optimizer, Sampling
from trainlab.spec.sampling import steps_per_epoch

Tensors = dict[str, torch.Tensor]
Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def made(factory: Callable[[], Any], seeds: range) -> list[torch.nn.Module]:
    """Return the module that the factory makes of each seed; the caller's own generator isn't touched."""
    modules: list[torch.nn.Module] = []
    library: Any = torch
    with library.random.fork_rng():
        for seed in seeds:
            library.manual_seed(seed)
            module = factory()
            if not isinstance(module, torch.nn.Module):
                raise EngineError(
                    f"factory() returned {type(module).__name__}, but must return a torch.nn.Module."
                )
            if modules and module is modules[-1]:
                raise EngineError(
                    "factory() returned the same module twice, but must make a new one whenever it is "
                    "called, such as lambda: torch.nn.Linear(2, 1)."
                )
            modules.append(module)
    return modules


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


def train_modules(
    modules: list[torch.nn.Module],
    *,
    inputs: torch.Tensor,
    targets: torch.Tensor,
    loss: Loss,
    optimizer: Optimizer,
    seeds: range,
    epochs: int,
    sampling: Sampling,
    solved: Callable[[torch.Tensor, torch.Tensor], Any] | None,
    device: str,
) -> Population:
    """Train the modules as one; see `population`."""
    stacked = Stacked.of(modules, device)
    inputs, targets = fitted(stacked, loss, inputs, targets)
    check_stackable(stacked, loss, inputs, targets)
    if solved is not None:
        # Told before the training, not after it.
        is_solved(solved, stacked.outputs(inputs)[0], targets)
    examples = Examples(
        sampling=sampling,
        points=len(inputs),
        steps=steps_per_epoch(sampling, len(inputs)),
        keys=seed_keys(np.arange(seeds.start, seeds.stop, dtype=np.uint64)),
        device=device,
    )
    stepper = StackedOptimizer(optimizer, list(stacked.trained.values()), rates_of_networks=False)
    losses = [_losses(stacked, loss, inputs, targets)]
    for epoch in range(epochs):
        for chosen in examples.of_epoch(epoch):
            x, y = (inputs, targets) if chosen is None else (inputs[chosen], targets[chosen])
            gradients = stacked.gradients(loss, x, y, own=chosen is not None)
            stepper.step([gradients[name] for name in stacked.trained], optimizer.lr, None)
        losses.append(_losses(stacked, loss, inputs, targets))
    predictions = stacked.outputs(inputs)
    return Population(
        seeds=seeds,
        losses=np.stack(losses, axis=1),
        predictions=predictions.cpu().numpy(),
        solved=None if solved is None else np.array([is_solved(solved, row, targets) for row in predictions]),
        state_dicts=tuple(_state_dict(module, stacked, row) for row, module in enumerate(modules)),
    )


def _kind(module: torch.nn.Module) -> tuple[str, ...]:
    """Return what tells one architecture from another: each part's class by name, and what all print."""
    # By name, since a class within the factory is another at every call.
    return (*(type(part).__qualname__ for part in module.modules()), repr(module))


def _losses(stacked: Stacked, loss: Loss, inputs: torch.Tensor, targets: torch.Tensor) -> Any:
    outputs = stacked.outputs(inputs)
    return torch.stack([loss(row, targets) for row in outputs]).cpu().numpy()


def _state_dict(module: torch.nn.Module, stacked: Stacked, row: int) -> dict[str, Any]:
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if name in stacked.trained:
                parameter.copy_(stacked.trained[name][row])
    return module.state_dict()
