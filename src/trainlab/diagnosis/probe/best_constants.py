# pyright: basic
"""The loss of the best answer that is the same for all rows, on the rows that a network is asked about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from trainlab.diagnosis.observed.answers import NAN
from trainlab.diagnosis.observed.torch_names import BINARY, CLASSES, OF_DISTRIBUTIONS, OF_LOGITS
from trainlab.diagnosis.probe.kept_rows import Kept
from trainlab.diagnosis.probe.scored_padding import weights_of
from trainlab.diagnosis.torch_private import functions

PARTS = 8
"""So many steps lead from the median, best under L1, to the mean, best under squares; a point between them is
best under Huber's loss."""
_UNKNOWN = (*OF_DISTRIBUTIONS, "multilabel_soft_margin_loss")
_TINY = 1e-7
_USUAL: dict[str, Any] = {"weight": None, "pos_weight": None, "reduction": "mean"}
"""Settings of a loss of classes under which its best constant is known; weights of classes are, too."""


def best_constants(kind: str, kept: Sequence[Kept], shape: torch.Size) -> float:
    """Return the loss of the best answer that is the same for all rows; NaN where no way to find it is known.

    For classes these are the logarithms of their shares, for yes or no the share of yes, or its logit;
    weights of classes multiply the shares. Else it is the best of the mean, the median and points between
    them, column by column.
    """
    if kind in _UNKNOWN or (kind in CLASSES + BINARY and not _is_plain(kind, kept)):
        return NAN
    if kind in CLASSES:
        return _loss_of(_constant_of_classes(kind, kept, shape), kept)
    if any(weights_of(one) is not None for one in kept):
        return NAN
    values = _stacked([one.target for one in kept])
    if kind in BINARY:
        share = (values > 0 if kind == "soft_margin_loss" else values).float().mean(0)
        weight = dict(kept[0].met.kwargs).get("pos_weight")
        if isinstance(weight, torch.Tensor):
            share = weight * share / (weight * share + 1 - share)
        share = share.clamp(_TINY, 1 - _TINY)
        return _loss_of(share.logit() if kind in OF_LOGITS else share, kept)
    mean, median = values.mean(0), values.median(0).values
    steps = [median + (mean - median) * part / PARTS for part in range(PARTS + 1)]
    return min(_loss_of(one, kept) for one in steps)


def _is_plain(kind: str, kept: Sequence[Kept]) -> bool:
    """Whether a loss weights all rows of a class alike, and its targets are classes, not probabilities."""
    loss = kept[0].met
    settings = dict(loss.kwargs)
    if settings.get("reduction") == "none" and loss is not kept[0].loss:
        settings["reduction"] = "mean"  # which places count then, is asked of what becomes of it
    weighted = "weight" if kind in CLASSES else "pos_weight"
    usual = all(name == weighted or settings.get(name) in (None, usual) for name, usual in _USUAL.items())
    shares = (one.target for one in kept if one.target.is_floating_point())
    hard = all(bool(((target == 0) | (target == 1)).all()) for target in shares)
    return usual and hard and len(loss.args) <= 2


def _stacked(targets: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return the targets ``[rows, …]``; where batches differ in shape, all values in one column."""
    rows = [one.float() if one.dim() else one.float()[None] for one in targets]
    if len({one.shape[1:] for one in rows}) > 1:
        return functions.cat([one.reshape(-1) for one in rows])
    return functions.cat(rows)


def _constant_of_classes(kind: str, kept: Sequence[Kept], shape: torch.Size) -> torch.Tensor:
    classes = shape[1] if len(shape) > 1 else shape[0]
    counts = functions.zeros(classes, dtype=torch.float64)
    for one in kept:
        target = one.target.cpu()
        if target.is_floating_point():
            axes = [axis for axis in range(target.dim()) if axis != 1] if target.dim() > 1 else []
            counts += target.double().sum(axes) if axes else target.double()
        else:
            flat, weights = target.reshape(-1), weights_of(one)
            good = (flat >= 0) & (flat < classes)
            weights = functions.ones_like(flat) if weights is None else weights.cpu().reshape(-1)
            counts += functions.bincount(flat[good], weights[good].double(), minlength=classes)
    settings = dict(kept[0].met.kwargs)
    smooth = float(settings.get("label_smoothing") or 0.0)
    counts = (1 - smooth) * counts + smooth * counts.sum() / classes
    weight = settings.get("weight")
    if isinstance(weight, torch.Tensor):
        counts = counts * weight.double().cpu()
    shares = counts / counts.sum()
    logs = shares.clamp(min=_TINY).log().float().to(kept[0].target.device)
    return logs.reshape(-1, *[1] * (len(shape) - 2)) if len(shape) > 2 else logs


def _loss_of(answer: torch.Tensor, kept: Sequence[Kept]) -> float:
    total = rows = 0.0
    for one in kept:
        out: Any = answer.expand(one.shape).contiguous()
        out = out.to(one.target.dtype) if one.target.is_floating_point() else out
        loss = one.loss.value({id(one.answer): out})
        total += float(loss.float().mean()) * one.rows
        rows += one.rows
    return total / rows if rows else NAN
