# pyright: basic
"""Values of parameters: first, last and in between; states that are taken and loaded."""

from __future__ import annotations

import weakref
from typing import Any

import torch
from torch import nn

from trainlab.diagnosis.observed.events import LoadedItself, UnfrozenInName
from trainlab.diagnosis.observed.record import FirstValues, ParamRecord
from trainlab.diagnosis.place import Site
from trainlab.diagnosis.probe import reading
from trainlab.diagnosis.probe.frames import user_site
from trainlab.diagnosis.probe.probe_state import DeferredReads, ProbeState, guarded
from trainlab.diagnosis.probe.reading import as_floats, readable
from trainlab.diagnosis.torch_private import functions, sparse_values, vector_norm

# Numbers of a parameter: how it starts, its gradient at a step, and whether it has moved by the end.


MAX_SAMPLE = 4_096
MAX_ELEMENTS = 4_000_000
MAX_ROWS, MAX_COLUMNS = 2_048, 64
"""How much of a table the correlation of its columns is computed from."""
ALIKE = 1e-3
"""By the end, equal units are alike to 0.1 %: rounding sets them apart, and Adam makes that larger."""


def sample_of(values: torch.Tensor, *, copy: bool = True) -> torch.Tensor:
    """Return up to 4,096 elements of a readable tensor, evenly spread."""
    flat = values.detach().reshape(-1)
    part = flat[:: max(1, flat.numel() // MAX_SAMPLE)]
    return part.clone() if copy else part


def first_look(deferred: DeferredReads, record: ParamRecord, parameter: torch.Tensor) -> None:
    """Write down how a parameter starts: mean, spread, largest, share of zeros and of equal rows."""
    values = readable(parameter)
    if values is None:
        return
    record.looked_at = True
    record.shape = tuple(parameter.shape)
    if not 0 < values.numel() <= MAX_ELEMENTS or not values.is_floating_point():
        return
    values = values.detach().float()
    rows, columns = equal_shares(values)
    means, spreads, correlation = _columns_apart(values)
    numbers = {
        "mean": values.mean(),
        "std": values.std(unbiased=False),
        "largest": values.abs().max(),
        "zeros": (values == 0).float().mean(),
        "equal_rows": rows,
        "equal_columns": columns,
        "mean_abs": values.abs().mean(),
        "column_mean_z": means,
        "column_std_z": spreads,
        "column_correlation": correlation,
    }
    names = tuple(numbers)

    def keep(got: list[float]) -> None:
        record.start = FirstValues(**dict(zip(names, got, strict=True)))

    deferred.read(functions.stack([*numbers.values()]), keep)


def _columns_apart(values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return how a table's columns differ, in units of what those of independent normal numbers would.

    The largest |mean| of a column and the standard deviation of the columns' standard deviations, by their
    standard errors σ/√n and σ/√(2n); and the mean square of two columns' correlation, by 1/n.
    """
    if values.dim() != 2 or values.shape[0] < 3 or values.shape[1] < 3:
        nothing = functions.zeros((), device=values.device)
        return nothing, nothing, nothing
    rows, whole = values.shape[0], values.std(unbiased=False).clamp(min=1e-12)
    means, stds = values.mean(0), values.std(0, unbiased=False)
    some = values[:MAX_ROWS, :MAX_COLUMNS]
    some = (some - some.mean(0)) / some.std(0, unbiased=False).clamp(min=1e-12)
    squares = (some.T @ some / len(some)).square()
    pairs = squares.shape[0] * (squares.shape[0] - 1)
    correlated = (squares.sum() - squares.diagonal().sum()) / pairs * len(some)
    return (
        means.abs().max() / whole * rows**0.5,
        stds.std(unbiased=False) / whole * (2 * rows) ** 0.5,
        correlated,
    )


def equal_shares(values: torch.Tensor, *, within: float = 1e-6) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the share of rows that equal the first row, and of columns that equal the first column."""
    if values.dim() < 2 or values.shape[0] < 2:
        nothing = functions.zeros((), device=values.device)
        return nothing, nothing
    table = values.reshape(values.shape[0], -1)
    near = within * table.abs().max().clamp(min=1e-12)
    rows = ((table[1:] - table[:1]).abs() <= near).all(1).float().mean()
    columns = (
        rows * 0
        if table.shape[1] < 2
        else ((table[:, 1:] - table[:, :1]).abs() <= near).all(0).float().mean()
    )
    return rows, columns


def gradient_numbers(
    deferred: DeferredReads, record: ParamRecord, parameter: torch.Tensor, grad: torch.Tensor
) -> None:
    """Write down the rms of gradient and weight, and the share of the gradient that is exactly zero."""
    dense = sparse_values(grad.detach()) if grad.is_sparse else grad.detach()
    weight, record.dtype = as_floats(parameter), str(parameter.dtype)
    if dense.numel() == 0:
        dense = functions.zeros(1, device=grad.device)
    some = dense.reshape(-1)[:: max(1, dense.numel() // MAX_SAMPLE)]
    numbers = functions.stack(
        [
            vector_norm(as_floats(dense)) / dense.numel() ** 0.5,
            vector_norm(weight) / max(1, parameter.numel()) ** 0.5,
            (some == 0).float().mean(),
        ]
    )

    def keep(got: list[float]) -> None:
        record.grad_rms.append(got[0])
        record.weight_rms.append(got[1])
        record.grad_zeros.append(got[2])

    deferred.read(numbers, keep)


def finish_modules(state: ProbeState) -> None:
    """Note where ``module.requires_grad = True`` was written: it sets an attribute and unfreezes nothing."""
    for module, path in state.registry.modules():
        if vars(module).get("requires_grad") is not True:
            continue
        frozen = [state.registry.known(one) for one in reading.parameters(module) if not one.requires_grad]
        keys = {key for key in frozen if key is not None}
        if keys:
            state.seen(UnfrozenInName(module=path, params=keys))


def finish_params(state: ProbeState) -> None:
    """Compare each parameter that is still alive with its first look."""
    for key, record in state.record.params.items():
        tensor = state.registry.tensor(key)
        values = None if tensor is None else readable(tensor)
        if tensor is None or values is None or not 0 < values.numel() <= MAX_ELEMENTS:
            continue
        if not values.is_floating_point():
            continue
        values = values.detach().float()
        if not record.name:
            state.registry.name_leaf(tensor)
        record.requires_grad = tensor.requires_grad
        first = record.start
        if first is None:
            continue
        rows, columns = equal_shares(values, within=ALIKE)
        numbers = [values.mean(), values.std(unbiased=False), values.abs().mean(), rows, columns]
        now = functions.stack(numbers).tolist()
        if record.moved is not True:
            record.moved = now[:3] != [first.mean, first.std, first.mean_abs] or any(record.update)
        record.mean_abs_later, record.equal_rows_later, record.equal_columns_later = now[2:]


# Weights that are kept and loaded: when they were taken, and whether they are the network's own tensors.


MAX_TAKEN = 256


class StateDicts:
    """``state_dict()`` hands out views of the network's own tensors, which go on changing with it.

    Loading them puts each tensor in its own place: nothing is restored. A copy of them is another tensor.
    """

    def __init__(self, state: ProbeState) -> None:
        self.state = state
        self._own = False
        self._taken: dict[int, tuple[weakref.ref[torch.Tensor], int, Site | None]] = {}

    def around_taking(self, original: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Remember when a network's state was taken; its layers are asked for theirs with a destination."""
        out = original(*args, **kwargs)
        if len(args) <= 1 and kwargs.get("destination") is None:
            self._was_taken(out)
        return out

    @guarded
    def _was_taken(self, state: Any) -> None:
        first = next((one for one in state.values() if isinstance(one, torch.Tensor)), None)
        if first is None:
            return
        if len(self._taken) >= MAX_TAKEN:
            self._taken = {key: entry for key, entry in self._taken.items() if entry[0]() is not None}
        if len(self._taken) < MAX_TAKEN:
            self._taken[id(first)] = (weakref.ref(first), self.state.steps_taken, user_site())

    def around_loading(self, original: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Note which weights were loaded, and whether they were there already."""
        # PyTorch's distributed checkpoints give the network by name, too.
        module, given = _argument(args, 0, kwargs, "self"), _argument(args, 1, kwargs, "state_dict")
        self._look_before(module, given)
        out = original(*args, **kwargs)
        self._loaded(module, given)
        return out

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
        for parameter in reading.parameters(module):
            state.record.params[state.registry.key(parameter)].loaded = True

    def _loaded_itself(self, module: nn.Module, given: Any) -> None:
        state = self.state
        first = next(one for one in given.values() if isinstance(one, torch.Tensor))
        taken = self._taken.get(id(first))
        steps, site = 0, None
        if taken is not None and taken[0]() is first:
            steps, site = state.steps_taken - taken[1], taken[2]
        event = state.seen(LoadedItself(site=user_site(), module=state.registry.path(module)))
        event.params |= {state.registry.key(parameter) for parameter in reading.parameters(module)}
        if steps >= event.steps:
            event.steps, event.taken = steps, site


def _argument(args: tuple[Any, ...], place: int, kwargs: dict[str, Any], name: str) -> Any:
    return args[place] if len(args) > place else kwargs.get(name)


def _is_its_own(module: nn.Module, given: Any) -> bool:
    """Whether every parameter was given the memory that it has anyway."""
    parameters = reading.named_parameters(module)
    if not parameters or not isinstance(given, dict):
        return False
    return all(_is_same(parameter, given.get(name)) for name, parameter in parameters.items())


def _is_same(parameter: torch.Tensor, value: Any) -> bool:
    if not isinstance(value, torch.Tensor) or readable(parameter) is None or readable(value) is None:
        return False
    place = parameter.data_ptr()
    return place != 0 and value.data_ptr() == place and value.shape == parameter.shape
