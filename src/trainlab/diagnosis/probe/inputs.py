# pyright: basic
"""What a network is given in one call: tensors of the same rows, and summaries of images and sequences."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from trainlab.diagnosis.probe.readable_tensors import readable
from trainlab.diagnosis.torch_private import distinct

MAX_CATEGORIES, MAX_CODES = 8, 32
"""Whole numbers are categories if they are a few columns of few codes each; else tokens, or users."""
MAX_AXIS, MAX_VALUES = 64, 2_000_000
"""A summary is computed from at most so many values along an axis, and of a batch."""
LAGS = (1, 2, 4)
"""How far apart the values are that a summary compares."""
FEW = 8
"""An axis of at most this length may be channels: each place has its mean."""
Floats = npt.NDArray[np.floating[Any]]


def inputs_by_place(args: Any) -> list[torch.Tensor | None]:
    """Return the tensors that a network is given, by place; None for one that can't be read."""
    found = [value for value in args if isinstance(value, torch.Tensor)]
    return [value if readable(value) is value else None for value in found] or [None]


def given_beside(batch: torch.Tensor, others: Sequence[torch.Tensor | None]) -> list[torch.Tensor]:
    """Return what else a network is given for the same rows: numbers beside categories or an image.

    Not what it is given for each token of a sequence, such as a mask.
    """
    return [
        one.reshape(len(one), -1)
        for one in others
        if one is not None
        and not one.requires_grad
        and 0 < one.dim() <= 2
        and one.shape[:1] == batch.shape[:1]
        and (batch.is_floating_point() or one.shape != batch.shape or batch.shape[-1] <= MAX_CATEGORIES)
    ]


def row_summaries(given: Sequence[torch.Tensor], count: int) -> list[tuple[float, ...]]:
    """Return a summary of each of the first rows, images or sequences; for several tables all their columns.

    None for a single table: its rows need no summary.
    """
    if given[0].dim() > 2:
        found = _summary(given[0], count)
    elif len(given) == 1:
        return []
    else:
        found = np.concatenate([_columns(one, count) for one in given], axis=1)
    return [] if nonfinite(found) else [tuple(row) for row in found.tolist()]


def are_categories(batch: torch.Tensor) -> bool:
    """Whether whole numbers are a few columns of few codes each, and not tokens, users or items."""
    if batch.dim() != 2 or batch.shape[1] > MAX_CATEGORIES:
        return False
    return all(len(distinct(column)[0]) <= MAX_CODES for column in batch.detach().T)


def _columns(batch: torch.Tensor, count: int) -> Any:
    """Return a column for each number, and one for each code of a category: codes are no distances."""
    values = batch.detach()[:count].reshape(count, -1)[:, :MAX_AXIS].cpu()
    if batch.is_floating_point():
        return values.double().numpy()
    codes = values.long().remainder(MAX_CODES)
    return np.eye(MAX_CODES)[codes.numpy()].reshape(count, -1)


def _summary(batch: torch.Tensor, count: int) -> Any:
    """Return summaries of the first rows by every second, third… value of a long axis."""
    most = MAX_AXIS
    while count * prod(min(most, length) for length in batch.shape[1:]) > MAX_VALUES and most > 2:
        most //= 2
    few = tuple(slice(None, None, -(-length // most)) for length in batch.shape[1:])
    values = batch.detach()[:count][(slice(None), *few)].cpu().float().numpy()
    with np.errstate(all="ignore"):
        return summaries(values)


def nonfinite(rows: Any) -> bool:
    """Whether an array of numbers has a NaN or an infinity in it."""
    return not bool(np.isfinite(rows).all())


def summaries(values: Floats) -> Floats:
    """Return ``[n, k]`` for ``[n, …]`` with two axes or more besides the first.

    The mean, spread, ends and outliers of all values; along each axis the mean change, and how alike values
    1, 2 and 4 places apart are (their covariance by the variance); and the means along short axes.
    """
    axes = tuple(range(1, values.ndim))
    values = values.astype(np.float64)
    mean, spread = (part(values, axis=axes, keepdims=True) for part in (np.mean, np.std))
    scaled = (values - mean) / np.maximum(spread, 1e-12)
    found: list[Floats] = [mean.ravel(), spread.ravel(), values.min(axes), values.max(axes)]
    found += [(scaled > at).mean(axes) for at in (-1.0, 1.0, 2.0)]
    for axis in axes:
        length = values.shape[axis]
        if length > 1:
            found.append(np.abs(np.diff(values, axis=axis)).mean(axes))
        found += [_alike(scaled, axis, lag) for lag in LAGS if lag < length]
        if length <= FEW:
            found += list(values.mean(tuple(other for other in axes if other != axis)).T)
    return np.stack(found, axis=1)


def _alike(scaled: Floats, axis: int, lag: int) -> Floats:
    moved = np.moveaxis(scaled, axis, -1)
    return (moved[..., lag:] * moved[..., :-lag]).mean(tuple(range(1, scaled.ndim)))
