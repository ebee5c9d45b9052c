"""Populations of any torch module: made by a factory, stacked, trained as one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from trainlab.engine.readings import check_seeds
from trainlab.engine.torch.needs import usable_torch
from trainlab.errors import EngineError, listing, shown
from trainlab.spec import Optimizer, Sampling
from trainlab.spec.checks import MAX_COUNT, check_number
from trainlab.spec.fields import kinds_of, named
from trainlab.spec.sampling import check_batches

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Population:
    """n trained modules of one kind; row i is that of seed ``seeds[i]``.

    ``losses [n, epochs + 1]`` over all the examples, before the first epoch and after each; ``predictions
    [n, examples, …]`` at the end; ``solved [n]``, or None if that wasn't asked; `state_dicts` as the modules'
    ``load_state_dict`` takes them.
    """

    seeds: range
    losses: npt.NDArray[Any]
    predictions: npt.NDArray[Any]
    solved: npt.NDArray[np.bool_] | None
    state_dicts: tuple[dict[str, Tensor], ...]


def population(
    factory: Callable[[], Module],
    *,
    inputs: Tensor | npt.NDArray[Any],
    targets: Tensor | npt.NDArray[Any],
    loss: Callable[[Tensor, Tensor], Tensor],
    optimizer: Optimizer | str = "adam",
    seeds: range | int = 100,
    epochs: int = 100,
    sampling: Sampling | str = "full",
    solved: Callable[[Tensor, Tensor], Tensor] | None = None,
    device: str = "cpu",
) -> Population:
    """Train one module a seed, all of them at once, and return how they ended.

    ``factory()`` is called under ``torch.manual_seed(seed)`` for each seed, so module i is the one that a
    loop would make. The modules are stacked along a first axis and trained with ``torch.func``: the results
    are those of a plain loop over the modules, to rounding.

    `inputs` and `targets` have the examples along their first axis. ``loss(outputs, targets)`` is a number,
    such as ``torch.nn.functional.mse_loss``; ``solved(predictions, targets)`` true or false, such as
    ``lambda p, y: ((p - y).abs() < 0.1).all()``. `optimizer` and `sampling` are those of an Experiment, or
    their names; which examples a step sees depends on the seed alone.

    Modules are trained in training mode and read in evaluation mode. Raises EngineError for modules that
    torch.func can't stack: of different kinds or shapes, with buffers that change in ``forward`` (as those of
    BatchNorm do), or with random numbers drawn in it (as Dropout does). Kinds are told apart by the classes
    of all their parts and what these print of themselves; another attribute that depends on the seed, such as
    a number that ``forward`` reads, can't be seen, and is for all what it is in the first.
    """
    torch = usable_torch(device)
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
    chosen = _kind(Sampling, sampling, "sampling")
    check_batches(chosen, len(x))
    from trainlab.engine.torch.modules import made, train_modules

    return train_modules(
        made(factory, seeds),
        inputs=x.to(device),
        targets=y.to(device),
        loss=loss,
        optimizer=_kind(Optimizer, optimizer, "optimizer"),
        seeds=seeds,
        epochs=epochs,
        sampling=chosen,
        solved=solved,
        device=device,
    )


def _kind(kinds: Any, value: Any, field: str) -> Any:
    """Return one of the kinds of an Experiment's field, by its name or as it is."""
    found = named(kinds, value, field)
    if not isinstance(found, kinds):
        raise EngineError(
            f"{field} is {type(value).__name__}, but must be {listing(kinds_of(kinds))}, or one of their "
            "classes in trainlab.spec."
        )
    return found
