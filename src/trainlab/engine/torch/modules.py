"""Modules, data, loss and criterion of a population against one another, tried before the training."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from trainlab.engine.rng import seed_keys
from trainlab.engine.torch.draws import Examples
from trainlab.engine.torch.stack import StackedOptimizer
from trainlab.engine.torch.trained_population import Population
from trainlab.errors import EngineError, shown
from trainlab.spec import Optimizer, Sampling
from trainlab.spec.sampling import steps_per_epoch

# Modules stacked with torch.func: one gradient function for all, mapped over their parameters.


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


BROADCAST = "Using a target size"
"""How PyTorch's warning begins where a loss pairs every output with every target."""


def fitted(
    stacked: Stacked, loss: Loss, inputs: torch.Tensor, targets: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return inputs and targets in the precision of the parameters.

    Whole numbers stay so where the module (as Embedding) or the loss (as cross_entropy) reads them.
    """
    dtype = next(value.dtype for value in stacked.trained.values())
    module = deepcopy(stacked.training)

    def fit(values: torch.Tensor, attempt: Callable[[torch.Tensor], Any]) -> torch.Tensor:
        numbers = values if values.is_complex() else values.to(dtype)
        if values.is_floating_point() or values.is_complex():
            return numbers
        return values if _works(attempt, values) or not _works(attempt, numbers) else numbers

    inputs = fit(inputs, module)

    def losses(y: torch.Tensor) -> None:
        # A loss may take whole numbers for its gradient but not for its value, or the other way round.
        stacked.gradients(loss, inputs, y, own=False)
        loss(stacked.outputs(inputs)[0], y)

    return inputs, fit(targets, losses)


def check_stackable(stacked: Stacked, loss: Loss, inputs: torch.Tensor, targets: torch.Tensor) -> None:
    """Try whether torch.func can train the modules side by side; raise EngineError if it can't."""
    probe = deepcopy(stacked.training)
    before = {name: value.clone() for name, value in probe.named_buffers()}
    try:
        with torch.no_grad():
            outputs: Any = probe(inputs)
            _check_tensor(outputs)
            changed = [name for name, value in probe.named_buffers() if not _equal(value, before.get(name))]
        if not changed:
            _check_loss_value(loss, outputs, targets)
            stacked.gradients(loss, inputs, targets, own=False)
            stacked.outputs(inputs)
    # Module and loss are the user's: one line says what they raised, and the error itself is its cause.
    except EngineError:
        raise
    except Exception as error:
        raise EngineError(_reason(error)) from error
    if changed:
        raise EngineError(
            f"factory() returned a module whose buffer {changed[0]!r} changes in forward, which modules "
            "side by side can't do. Use a layer without it: for BatchNorm, track_running_stats=False, "
            "GroupNorm or LayerNorm."
        )


def is_solved(solved: Callable[[torch.Tensor, torch.Tensor], Any], row: Any, targets: torch.Tensor) -> bool:
    """Return what the criterion says of one module's predictions; raise EngineError if it isn't one truth."""
    answer = solved(row, targets)
    if isinstance(answer, torch.Tensor) and answer.numel() != 1:
        raise EngineError(
            f"solved(predictions, targets) returned a tensor of shape {tuple(answer.shape)}, but must return "
            "one true or false, such as ((predictions - targets).abs() < 0.1).all()."
        )
    return bool(answer)


def _check_tensor(outputs: object) -> None:
    if not isinstance(outputs, torch.Tensor):
        raise EngineError(
            f"factory() returned a module whose forward gives a {type(outputs).__name__}, but must give one "
            "tensor: wrap it in a module that returns the part to be trained on, as outputs[0]."
        )


def _check_loss_value(loss: Loss, outputs: torch.Tensor, targets: torch.Tensor) -> None:
    """Refuse a loss that isn't one number, and one that PyTorch warns of.

    With outputs ``[n, 1]`` less targets ``[n]`` are ``[n, n]`` differences.
    """
    with warnings.catch_warnings(record=True) as caught, torch.no_grad():
        warnings.simplefilter("always")
        value: Any = loss(outputs, targets)
    if any(str(each.message).startswith(BROADCAST) for each in caught):
        raise EngineError(
            f"targets has the shape {tuple(targets.shape)} and the outputs {tuple(outputs.shape)}: the loss "
            "would pair every output with every target. Make them alike, such as by "
            f"targets.reshape({', '.join(str(size) for size in outputs.shape)})."
        )
    if not isinstance(value, torch.Tensor) or value.dim():
        found = f"a tensor of shape {tuple(value.shape)}" if hasattr(value, "shape") else shown(value)
        raise EngineError(
            f"loss(outputs, targets) returned {found}, but must return a tensor of one number, as a mean is."
        )


def _works(attempt: Callable[[torch.Tensor], Any], values: torch.Tensor) -> bool:
    try:
        with warnings.catch_warnings(), torch.no_grad():
            # They come again, and are read, in check_stackable.
            warnings.simplefilter("ignore")
            attempt(values)
    except Exception:
        return False
    return True


def _reason(error: Exception) -> str:
    # Of a KeyError the text is the key alone.
    words = repr(error) if isinstance(error, KeyError) else str(error).strip() or type(error).__name__
    if "random" in words and "vmap" in words:
        return (
            "factory() returned a module that draws random numbers in forward, as Dropout does: modules side "
            "by side would draw otherwise than one by one. Set its p to 0, or use an Experiment, which has "
            "dropout of its own."
        )
    without_rule = re.match(r"Batching rule not implemented for aten::([a-z_]+)", words)
    if without_rule:
        return (
            f"factory() returned a module that calls {without_rule[1]!r}, which torch.func can't carry out "
            "for modules side by side. Use other layers: for LSTM, RNNCell or GRUCell in a loop over steps."
        )
    first = " ".join(words.splitlines()[0].split()).rstrip(".")
    return f"factory(): torch.func can't train these modules on these inputs and targets: {first}."


def _equal(value: torch.Tensor, before: torch.Tensor | None) -> bool:
    return before is not None and torch.equal(value, before)


def check_loss(loss: object) -> None:
    """Refuse a loss that is no function; raise EngineError with an example."""
    if isinstance(loss, type):
        raise EngineError(
            f"loss is the class {loss.__name__}, but must be a function: write {loss.__name__}()."
        )
    if not callable(loss):
        raise EngineError(
            f"loss = {shown(loss)}: must be a function of outputs and targets, such as "
            "torch.nn.functional.mse_loss."
        )


def check_factory(factory: object) -> None:
    """Refuse what makes no modules; raise EngineError with an example."""
    if isinstance(factory, torch.nn.Module) or not callable(factory):
        raise EngineError(
            f"factory is {type(factory).__name__}, but must be a function that makes a new module whenever "
            "it is called, such as lambda: torch.nn.Linear(2, 1)."
        )


def check_finite(name: str, values: torch.Tensor) -> None:
    """Refuse NaN and infinity, naming the first example that has one."""
    bad = (~torch.isfinite(values)).nonzero()
    if len(bad):
        raise EngineError(
            f"{name}: example {int(bad[0][0])} has a number that isn't finite; fill it in, or leave this "
            "example out."
        )


# A population of modules: made from their seeds, and trained as one.


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
