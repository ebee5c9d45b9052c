"""Populations of any torch module: made by a factory, stacked, trained as one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from trainlab.engine.evaluation import check_seeds
from trainlab.engine.torch.engine import usable_torch
from trainlab.errors import EngineError, lacking, listing, shown
from trainlab.spec import Optimizer, Sampling
from trainlab.spec.checks import MAX_COUNT, check_number
from trainlab.spec.decode import decode_value
from trainlab.spec.fields import kinds_of
from trainlab.spec.sampling import check_batches

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

    from trainlab.engine.torch.trained_population import Population


def population(
    factory: Callable[[], Module],
    *,
    inputs: Tensor | npt.NDArray[Any],
    targets: Tensor | npt.NDArray[Any],
    loss: Callable[[Tensor, Tensor], Tensor],
    optimizer: Optimizer | Mapping[str, Any] | str = "adam",
    seeds: range | int = 100,
    epochs: int = 100,
    sampling: Sampling | Mapping[str, Any] | str = "full",
    solved: Callable[[Tensor, Tensor], Tensor] | None = None,
    device: str = "cpu",
) -> Population:
    """Train one module a seed, all of them at once, and return how they ended.

    ``factory()`` is called under ``torch.manual_seed(seed)`` for each seed, so module i is the one that a
    loop would make. The modules are stacked along a first axis and trained with ``torch.func``: the results
    are those of a plain loop over the modules, to rounding.

    `inputs` and `targets` have the examples along their first axis, and are taken in the precision of the
    parameters; whole numbers as they are where the module or the loss reads them so. ``loss(outputs,
    targets)`` is a number, such as ``torch.nn.functional.mse_loss``; ``solved(predictions, targets)`` true or
    false, such as ``lambda p, y: ((p - y).abs() < 0.1).all()``. `optimizer` and `sampling` are those of an
    Experiment, such as ``"adam"`` or ``{"name": "adam", "lr": 0.05}``; which examples a step sees depends on
    the seed alone.

    Modules are trained in training mode and read in evaluation mode. Raises EngineError for modules that
    torch.func can't stack: of different kinds or shapes, with buffers that change in ``forward`` (as those of
    BatchNorm do), with random numbers drawn in it (as Dropout does), or with an operation that torch.func has
    no rule for (as LSTM's). Kinds are told apart by the classes of all their parts and what these print of
    themselves; another attribute that depends on the seed, such as a number that ``forward`` reads, can't be
    seen, and is for all what it is in the first.
    """
    if find_spec("torch") is None:
        raise EngineError(lacking("population", "PyTorch", extra="torch"))
    torch = usable_torch(device)
    from trainlab.engine.torch.modules import (
        Recipe,
        check_factory,
        check_finite,
        check_loss,
        made,
        train_modules,
    )

    check_factory(factory)
    check_loss(loss)
    seeds = range(seeds) if isinstance(seeds, int) else seeds
    check_seeds(seeds)
    if not isinstance(epochs, Integral):
        raise EngineError(f"epochs = {shown(epochs)}: must be a whole number ≥ 1 and ≤ {MAX_COUNT:,}.")
    check_number("epochs", epochs, at_least=1, at_most=MAX_COUNT)
    x, y = torch.as_tensor(inputs), torch.as_tensor(targets)
    if len(x) != len(y) or not len(x):
        raise EngineError(
            f"inputs has {len(x):,} examples and targets has {len(y):,}: must be as many, along the first "
            "axis, and at least one."
        )
    for name, values in (("inputs", x), ("targets", y)):
        check_finite(name, values)
    chosen = _kind(Sampling, sampling, "sampling", "{'name': 'batch', 'batch_size': 32}")
    check_batches(chosen, len(x))
    modules = made(factory, seeds)
    recipe = Recipe(
        loss=loss,
        optimizer=_kind(Optimizer, optimizer, "optimizer", "{'name': 'adam', 'lr': 0.05}"),
        sampling=chosen,
        epochs=epochs,
        solved=solved,
    )
    return train_modules(
        modules, recipe, inputs=x.to(device), targets=y.to(device), seeds=seeds, device=device
    )


def _kind(kinds: Any, value: Any, field: str, example: str) -> Any:
    """Return one of the kinds of an Experiment's field, by its name, its fields, or as it is."""
    given = type(value).__name__
    found = decode_value(kinds, value, where=field) if isinstance(value, str | Mapping) else value
    if not isinstance(found, kinds):
        raise EngineError(
            f"{field} is {given}, but must be {listing(kinds_of(kinds))}, one with its "
            f"fields, such as {example}, or one of their classes in trainlab.spec."
        )
    return found
