# pyright: basic
"""Numbers of a parameter: how it starts, its gradient at a step, and whether it has moved by the end."""

from __future__ import annotations

import torch

from trainlab.diagnosis.observed.events import UnfrozenInName
from trainlab.diagnosis.observed.record import FirstValues, ParamRecord
from trainlab.diagnosis.probe import module_parts
from trainlab.diagnosis.probe.deferred_reads import DeferredReads
from trainlab.diagnosis.probe.probe_state import ProbeState
from trainlab.diagnosis.probe.readable_tensors import as_floats, readable
from trainlab.diagnosis.torch_private import functions, sparse_values, vector_norm

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
        "largest_quarter": _largest_part(values, 4),
        "largest_third": _largest_part(values, 3),
        "column_mean_z": means,
        "column_std_z": spreads,
        "column_correlation": correlation,
    }
    names = tuple(numbers)

    def keep(got: list[float]) -> None:
        record.start = FirstValues(**dict(zip(names, got, strict=True)))

    deferred.read(functions.stack([*numbers.values()]), keep)


def _largest_part(values: torch.Tensor, parts: int) -> torch.Tensor:
    """Return the largest |mean| of a bias's equal parts: those of an LSTM's gates are 4, a GRU's 3."""
    if values.dim() != 1 or values.numel() % parts or values.numel() < 2 * parts:
        return functions.zeros((), device=values.device)
    return values.view(parts, -1).mean(1).abs().max()


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
    weight = as_floats(parameter)
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
        frozen = [
            state.registry.known(one) for one in module_parts.parameters(module) if not one.requires_grad
        ]
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
