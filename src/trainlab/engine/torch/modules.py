"""A population of modules: made from their seeds, and trained as one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from trainlab.engine.rng import seed_keys
from trainlab.engine.torch.draws import Examples
from trainlab.engine.torch.module_checks import check_stackable, fitted, is_solved
from trainlab.engine.torch.optimizers import StackedOptimizer
from trainlab.engine.torch.populations import Population
from trainlab.engine.torch.stacked_modules import Loss, Stacked
from trainlab.errors import EngineError
from trainlab.spec import Optimizer, Sampling
from trainlab.spec.sampling import steps_per_epoch


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """How modules are trained, and which of them count as solved; see `population`."""

    loss: Loss
    optimizer: Optimizer
    sampling: Sampling
    epochs: int
    solved: Callable[[torch.Tensor, torch.Tensor], Any] | None


def train_modules(
    modules: list[torch.nn.Module],
    recipe: Recipe,
    *,
    inputs: torch.Tensor,
    targets: torch.Tensor,
    seeds: range,
    device: str,
) -> Population:
    """Train the modules as one; see `population`."""
    loss, solved = recipe.loss, recipe.solved
    stacked = Stacked.of(modules, device)
    inputs, targets = fitted(stacked, loss, inputs, targets)
    check_stackable(stacked, loss, inputs, targets)
    if solved is not None:
        # An error here comes before the training, not after it.
        is_solved(solved, stacked.outputs(inputs)[0], targets)
    examples = Examples(
        sampling=recipe.sampling,
        points=len(inputs),
        steps=steps_per_epoch(recipe.sampling, len(inputs)),
        keys=seed_keys(np.arange(seeds.start, seeds.stop, dtype=np.uint64)),
        device=device,
    )
    stepper = StackedOptimizer(recipe.optimizer, list(stacked.trained.values()), rates_of_networks=False)
    losses = [_losses(stacked, loss, inputs, targets)]
    for epoch in range(recipe.epochs):
        for chosen in examples.of_epoch(epoch):
            x, y = (inputs, targets) if chosen is None else (inputs[chosen], targets[chosen])
            gradients = stacked.gradients(loss, x, y, own=chosen is not None)
            stepper.step([gradients[name] for name in stacked.trained], recipe.optimizer.lr, None)
        losses.append(_losses(stacked, loss, inputs, targets))
    predictions = stacked.outputs(inputs)
    return Population(
        seeds=seeds,
        losses=np.stack(losses, axis=1),
        predictions=predictions.cpu().numpy(),
        solved=None if solved is None else np.array([is_solved(solved, row, targets) for row in predictions]),
        state_dicts=tuple(_state_dict(module, stacked, row) for row, module in enumerate(modules)),
    )


def _losses(stacked: Stacked, loss: Loss, inputs: torch.Tensor, targets: torch.Tensor) -> Any:
    outputs = stacked.outputs(inputs)
    return torch.stack([loss(row, targets) for row in outputs]).cpu().numpy()


def _state_dict(module: torch.nn.Module, stacked: Stacked, row: int) -> dict[str, Any]:
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if name in stacked.trained:
                parameter.copy_(stacked.trained[name][row])
    return module.state_dict()
