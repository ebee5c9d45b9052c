# pyright: basic
"""The data: their order, how many rows, and inputs and targets scaled to mean 0 and spread 1."""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader, IterableDataset

from trainlab.diagnosis.observed.torch_names import DISTANCES, LOSS_FUNCTIONS
from trainlab.diagnosis.remedies.changes.losses import differences
from trainlab.diagnosis.remedies.patching import Patching
from trainlab.diagnosis.torch_private import CONVOLUTIONS, LOADER_ITERATOR

ENOUGH_ROWS = 512
ENOUGH_TARGETS = 32
_TINY = 1e-12


class Spread:
    """Mean and standard deviation of columns, of all rows given so far."""

    def __init__(self) -> None:
        self.rows = 0
        self._sum: Any = 0.0
        self._squares: Any = 0.0

    def add(self, rows: torch.Tensor) -> None:
        """Take in ``[rows, columns]``; a number of columns unlike the first one's is passed over."""
        wide = rows.detach().double()
        if self.rows and wide.shape[1] != self._sum.shape[0]:
            return
        self.rows += wide.shape[0]
        self._sum = self._sum + wide.sum(0)
        self._squares = self._squares + (wide**2).sum(0)

    def of(self, like: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return mean and standard deviation; 1 for a column that doesn't vary."""
        mean = self._sum / self.rows
        variance = (self._squares / self.rows - mean**2).clamp_min(0)
        std = torch.where(variance > _TINY * (mean**2 + _TINY), variance.sqrt(), torch.ones_like(variance))
        return mean.to(like), std.to(like)


def inputs(on: Patching) -> None:
    """Standardize what the first network to be called is given: each feature, or channel of a picture."""
    spread = Spread()
    first: list[weakref.ref[nn.Module]] = []

    def before(module: nn.Module, args: Any) -> Any:
        given = args[0] if args else None
        if not isinstance(given, torch.Tensor) or not given.is_floating_point() or given.dim() < 2:
            return None
        if not first:
            first.append(weakref.ref(module))
        if first[0]() is not module or given.requires_grad:
            return None
        axis = _feature_axis(module, given)
        if spread.rows < ENOUGH_ROWS:
            spread.add(given.movedim(axis, -1).reshape(-1, given.shape[axis]))
        mean, std = spread.of(given)
        if mean.shape[0] != given.shape[axis]:
            return None
        shape = [-1 if place == axis else 1 for place in range(given.dim())]
        on.act()
        return ((given - mean.view(shape)) / std.view(shape), *args[1:])

    on.roots().before.append(before)


def _feature_axis(module: nn.Module, given: torch.Tensor) -> int:
    convolutions = any(isinstance(one, CONVOLUTIONS) for one in module.modules())
    return 1 if given.dim() == 4 or (given.dim() == 3 and convolutions) else given.dim() - 1


def finite_inputs(on: Patching) -> None:
    """Put 0 where what a network is given isn't finite."""

    def before(module: nn.Module, args: Any) -> Any:
        bad = [isinstance(one, torch.Tensor) and not bool(torch.isfinite(one).all()) for one in args]
        if not any(bad):
            return None
        on.act()
        return tuple(
            torch.nan_to_num(one, nan=0.0, posinf=0.0, neginf=0.0) if wrong else one
            for one, wrong in zip(args, bad, strict=True)
        )

    on.roots().before.append(before)


def targets(on: Patching) -> None:
    """Train as on standardized targets, with losses in the script's own units.

    What a network returns is multiplied by the targets' standard deviation, and their mean is added; the
    gradient is divided by the square of the standard deviation (by itself, of absolute errors), so that the
    steps are those of a training on standardized targets. Until enough targets were seen, it is 0.
    """
    spread = Spread()
    power = 2
    roots = on.roots()
    busy = False

    def meet(output: Any, target: Any) -> None:
        pair = isinstance(output, torch.Tensor) and isinstance(target, torch.Tensor)
        if busy or spread.rows >= ENOUGH_TARGETS or not pair or roots.running is not None:
            return
        if (
            output.shape == target.shape
            and output.requires_grad
            and target.dim()
            and not target.requires_grad
        ):
            spread.add(target.reshape(target.shape[0], -1) if target.dim() > 1 else target[:, None])

    def loss(original: Any, output: Any, target: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal power, busy
        meet(output, target)
        power = 2 if original.__name__ == "mse_loss" else 1
        was, busy = busy, True
        try:
            return original(output, target, *args, **kwargs)
        finally:
            busy = was

    def difference(original: Any, first: Any, second: Any, *args: Any, **kwargs: Any) -> Any:
        meet(first, second)
        meet(second, first)
        return original(first, second, *args, **kwargs)

    def after(module: nn.Module, output: Any) -> Any:
        if spread.rows < ENOUGH_TARGETS or not isinstance(output, torch.Tensor):
            return None
        if not output.is_floating_point():
            return None
        mean, std = spread.of(output)
        if mean.shape[0] != 1 and (output.dim() < 2 or mean.shape[0] != output[0].numel()):
            return None
        on.act()
        if mean.shape[0] != 1:
            mean, std = mean.view(output.shape[1:]), std.view(output.shape[1:])
        return mean + std * output

    def backward(original: Any, tensors: Any, grad_tensors: Any = None, *args: Any, **kwargs: Any) -> Any:
        single = isinstance(tensors, torch.Tensor) and tensors.numel() == 1 and spread.rows
        if single:
            _, std = spread.of(tensors)
            ready = spread.rows >= ENOUGH_TARGETS
            factor = 1 / float((std**power).mean()) if ready else 0.0
            given = grad_tensors[0] if isinstance(grad_tensors, list | tuple) else grad_tensors
            grad_tensors = factor * (torch.ones_like(tensors) if given is None else given)
        return original(tensors, grad_tensors, *args, **kwargs)

    for name in DISTANCES:
        on.around(nn.functional, name, loss)
    for owner, name in differences():
        on.around(owner, name, difference)
    roots.after.append(after)
    on.around(torch.autograd, "backward", backward)


def shuffle(on: Patching) -> None:
    """Make loaders with ``shuffle=True`` where nothing else sets the order."""

    known = inspect.signature(DataLoader.__init__)

    def init(original: Any, *args: Any, **kwargs: Any) -> None:
        given = known.bind(*args, **kwargs)
        in_order = not any(given.arguments.get(name) for name in ("shuffle", "sampler", "batch_sampler"))
        if in_order and not isinstance(given.arguments["dataset"], IterableDataset):
            given.arguments["shuffle"] = True
            on.act()
        original(*given.args, **given.kwargs)

    on.around(DataLoader, "__init__", init)


# The same few rows again and again, which any network should learn by heart.


def few_rows(on: Patching, *, rows: int) -> None:
    """Have the training see the first rows of its first batch alone, as often as a batch has room for them.

    Loaders give them. In a training without loaders the network and its loss get them, if each step calls one
    network and then one loss on as many rows.
    """
    first: list[Any] = []

    def following(original: Any, iterator: Any) -> Any:
        batch = original(iterator)
        if not first:
            first.append(batch)
        given = _again(first[0], batch, rows)
        if given is None:
            return batch
        on.act()
        return given

    if LOADER_ITERATOR is not None:
        on.around(LOADER_ITERATOR, "__next__", following)
    _few_by_hand(on, rows, loaded=first)


def _few_by_hand(on: Patching, rows: int, *, loaded: list[Any]) -> None:
    """Give the network and its loss the first rows alone, unless something is `loaded`."""
    kept: dict[str, Any] = {}
    turns = ["inputs", "targets"]
    """Which of them comes next; empty once they didn't come in turn."""

    def taken(kind: str, batch: Any) -> Any:
        if loaded or not torch.is_grad_enabled():
            return None
        if turns[:1] != [kind] or (kind == "targets" and _size(batch) != _size(kept["batch"])):
            turns.clear()
            return None
        turns.reverse()
        kept["batch"] = batch
        return _again(kept.setdefault(kind, batch), batch, rows)

    def loss(original: Any, output: Any, target: Any, *args: Any, **kwargs: Any) -> Any:
        given = taken("targets", target)
        if given is None:
            return original(output, target, *args, **kwargs)
        on.act()
        return original(output, given, *args, **kwargs)

    def before(module: nn.Module, args: Any) -> Any:
        by_time = any(not getattr(part, "batch_first", True) for part in module.modules())
        return taken("none" if by_time else "inputs", args)

    on.roots().before.append(before)
    for name in LOSS_FUNCTIONS:
        on.around(nn.functional, name, loss)


def _again(first: Any, batch: Any, rows: int) -> Any:
    """Return the first rows of the first batch, as many as this batch has; None where rows can't be told."""
    size, known = _size(batch), _size(first)
    return _taken(first, torch.arange(size) % min(rows, known)) if size and known else None


def _size(batch: Any) -> int:
    """Return how many rows a batch has, which is how long all of its tensors are; 0 if they differ."""
    sizes = {one.shape[0] if one.dim() else 0 for one in _tensors(batch)}
    return sizes.pop() if len(sizes) == 1 else 0


def _tensors(batch: Any) -> Iterator[torch.Tensor]:
    if isinstance(batch, torch.Tensor):
        yield batch
    elif isinstance(batch, dict | list | tuple):
        for one in batch.values() if isinstance(batch, dict) else batch:
            yield from _tensors(one)


def _taken(batch: Any, places: torch.Tensor) -> Any:
    """Return the rows of a batch at these places, in the form that it has."""
    if isinstance(batch, torch.Tensor):
        return batch[places]
    if isinstance(batch, dict):
        return type(batch)((name, _taken(one, places)) for name, one in batch.items())
    if isinstance(batch, list | tuple):
        parts = [_taken(one, places) for one in batch]
        return type(batch)(*parts) if hasattr(batch, "_fields") else type(batch)(parts)
    return batch
