# pyright: basic
"""Targets that stand among the features that a network is given: its answers are read off, not predicted."""

from __future__ import annotations

from collections.abc import Callable

import torch

from trainlab.diagnosis.observed.answers import GivenTarget
from trainlab.diagnosis.probe.kept_rows import Kept, Network
from trainlab.diagnosis.probe.network_copies import tensors_in, with_another
from trainlab.diagnosis.probe.token_dependence import MOVED
from trainlab.diagnosis.torch_private import distinct, functions

FEWEST, MOST_FEATURES, FEW_FEATURES = 100, 1_024, 3
"""In fewer rows a feature equals the target by chance; one feature or two are a curve or a plane."""
MOST_CLASSES = 50
SAME = 1e-3
"""In units of the target's spread: float32 rounds what was scaled and scaled back."""
RIDGE = 1e-2


def find_given(network: Network) -> tuple[GivenTarget, Kept, int] | None:
    """Return the feature that is the target, with a batch, and the place of its tensor among those given."""
    for kept in network.kept.values():
        batches = [one for one in kept if one.by_row and _column(one) is not None]
        if not batches or len({row for one in batches for row in one.hashes}) < FEWEST:
            continue
        for place, tensor in enumerate(tensors_in(batches[0].given)):
            if tensor.dim() not in (2, 3) or not tensor.is_floating_point():
                continue
            found = _feature_of(batches, place)
            if found is not None:
                return found, batches[0], place
    return None


def _column(kept: Kept) -> torch.Tensor | None:
    """Return the targets, one for each row; None where they are several."""
    return kept.target.reshape(-1).double() if kept.target.numel() == kept.rows else None


def _feature_of(batches: list[Kept], place: int) -> GivenTarget | None:
    tensors = [tensors_in(one.given)[place] for one in batches]
    shape = tensors[0].shape[1:]
    fit = all(one.shape == (of.rows, *shape) for one, of in zip(tensors, batches, strict=True))
    if not fit or not FEW_FEATURES <= shape.numel() <= MOST_FEATURES:
        return None
    x = functions.cat([one.double().reshape(len(one), -1) for one in tensors])
    y = functions.cat([one for one in map(_column, batches) if one is not None])
    hashes = [row for one in batches for row in one.hashes]
    once = sorted({row: at for at, row in enumerate(hashes)}.values())
    x, y = x[once], y[once]
    if not bool(functions.isfinite(x).all()) or not bool(functions.isfinite(y).all()):
        return None
    values = distinct(y)[0]
    same = _of_classes(x, y, values) if len(values) <= MOST_CLASSES else _affine(x, y)
    if len(shape) == 2:
        same[: -shape[1]] = False  # recalling what a sequence began with may be the task
    if len(values) < 2 or not bool(same.any()) or bool(same.all()):
        return None
    wanted = (y[:, None] == values).double() if len(values) <= MOST_CLASSES else y[:, None]
    return GivenTarget(
        feature=_name(int(same.nonzero()[0]), shape),
        column=int(same.nonzero()[0]),
        rows=len(y),
        others=_explained(x[:, ~same], wanted),
    )


def _affine(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Return which columns are the targets, or these in another unit."""
    x, y = (functions.nan_to_num((one - one.mean(0)) / one.std(0)) for one in (x, y[:, None]))
    return functions.minimum((x - y).abs().amax(0), (x + y).abs().amax(0)) < SAME


def _of_classes(x: torch.Tensor, y: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """Return which columns have one value for each class, and each another one."""
    first = functions.stack([x[y == value][0] for value in values])
    same = (x == first[functions.searchsorted(values, y)]).all(0)
    for column in same.nonzero().flatten().tolist():
        same[column] = len(distinct(first[:, column])[0]) == len(values)
    return same


def _explained(x: torch.Tensor, y: torch.Tensor) -> float:
    """Return the share of the targets' variance that a linear fit of every other row explains in the rest."""
    scaled = functions.nan_to_num((x - x.mean(0)) / x.std(0))
    x = functions.cat([scaled, functions.ones_like(scaled[:, :1])], 1)
    (fit, held), (known, wanted) = (x[::2], x[1::2]), (y[::2], y[1::2])
    penalty = RIDGE * len(fit) * functions.eye(x.shape[1], dtype=x.dtype)
    weights = torch.linalg.solve(fit.T @ fit + penalty.to(x.device), fit.T @ known)
    left = (held @ weights - wanted).square().sum()
    return 1 - float(left / (wanted - known.mean(0)).square().sum())


def _name(column: int, shape: torch.Size) -> str:
    if len(shape) == 1:
        return f"feature {column}"
    return f"feature {column % shape[1]} at step {column // shape[1]}"


def ask_given(given: tuple[GivenTarget, Kept, int], call: Callable[..., list[torch.Tensor]]) -> GivenTarget:
    """Return it with the share of the rows that answer otherwise once the feature is another row's."""
    found, kept, place = given
    tensor = tensors_in(kept.given)[place]
    flat = tensor.reshape(kept.rows, -1).clone()
    flat[:, found.column] = flat[:, found.column].roll(kept.rows // 2 or 1)
    before, after = call(kept.given), call(with_another(kept.given, tensor, flat.reshape(tensor.shape)))
    moved = functions.zeros(kept.rows, dtype=torch.bool)
    for one, two in zip(before, after, strict=True):
        if one.shape[:1] == (kept.rows,) and one.shape == two.shape:
            off = (one - two).abs().reshape(kept.rows, -1).amax(1)
            moved |= (off > MOVED * float(one.std()) + 1e-9).cpu()
    found.moved = max(found.moved, float(moved.float().mean()))
    return found
