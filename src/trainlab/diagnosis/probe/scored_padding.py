# pyright: basic
"""Which places of the rows kept a loss counts, how many of them hold padding, and what is reached without."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from trainlab.diagnosis.observed.answers import ScoredPadding
from trainlab.diagnosis.probe.counted_places import told
from trainlab.diagnosis.probe.kept_rows import Kept
from trainlab.diagnosis.probe.network_copies import tensors_in
from trainlab.diagnosis.torch_private import distinct, functions


def weights_of(kept: Kept) -> torch.Tensor | None:
    """Return how much each place of the targets counts in the loss; None where all count alike.

    Of a loss with a value for each place that is the derivative of the one number that becomes of it.
    """
    met, target = kept.met, kept.target
    name = getattr(met.func, "__name__", "")
    counted = told(name, met.args, dict(met.kwargs), target)
    weights = None if counted is None else counted.float()
    if met is not kept.loss and dict(met.kwargs).get("reduction") == "none":
        with torch.enable_grad():
            value = functions.zeros(target.shape, device=target.device).requires_grad_()
            (by_place,) = torch.autograd.grad(kept.loss.value({id(met): value}), value)
        weights = by_place if weights is None else by_place * weights
    if weights is None or bool((weights == weights.reshape(-1)[0]).all()):
        return None
    return weights


LENGTHS, ONE_TARGET = 3, 0.99
"""Sequences that are padded have several lengths, and padding has one target."""


def scored_padding(
    kind: str, answers: torch.Tensor, labels: torch.Tensor, kept: Sequence[Kept]
) -> ScoredPadding | None:
    """Return it for answers ``[places, classes]`` and labels, -1 where the loss doesn't count them."""
    tokens = [_tokens(one) for one in kept]
    given = [one for one in tokens if one is not None]
    if not given or len(given) < len(tokens) or any(one.target.is_floating_point() for one in kept):
        return None
    for last in (True, False):
        ends = functions.cat([one[:, -1 if last else 0] for one in given])
        pad = int(ends.mode().values)
        runs = [_run(one, pad, last=last) for one in given]
        if any(run is None for run in runs):
            continue
        lengths = functions.cat([run.sum(1) for run in runs if run is not None])
        if len(distinct(lengths)[0]) < LENGTHS:
            continue
        is_pad = functions.cat([run.reshape(-1) for run in runs if run is not None])
        return _scored(kind, answers, labels, is_pad, pad)
    return None


def _tokens(kept: Kept) -> torch.Tensor | None:
    """Return the tokens that the network was given, one for each target; None where there are none."""
    for one in tensors_in(kept.given):
        if one.dim() != 2 or one.is_floating_point() or one.dtype == torch.bool:
            continue
        if kept.target.numel() == one.numel() and (kept.target.dim() == 1 or kept.target.shape == one.shape):
            return one
        if kept.target.numel() == one[:, 1:].numel() and len(one) > 1:
            return one[:, :-1]  # each is compared with the next one
    return None


def _run(tokens: torch.Tensor, pad: int, *, last: bool) -> torch.Tensor | None:
    """Return where padding is, at the ends of sequences or their beginnings; None if it is elsewhere, too."""
    there = tokens == pad
    run = there.flip(1).long().cumprod(1).flip(1) if last else there.long().cumprod(1)
    return run.bool() if bool((run.bool() == there).all()) else None


def _scored(
    kind: str, answers: torch.Tensor, labels: torch.Tensor, is_pad: torch.Tensor, pad: int
) -> ScoredPadding | None:
    counted = labels >= 0
    padding, real = counted & is_pad, counted & ~is_pad
    if len(is_pad) != len(labels) or not bool(padding.any()) or not bool(real.any()):
        return None
    if float((labels[padding] == labels[padding].mode().values).float().mean()) < ONE_TARGET:
        return None  # these places are answered, and aren't padding
    logs = answers if kind == "nll_loss" else answers.log_softmax(1)
    losses = -logs.gather(1, labels.clamp(min=0)[:, None])[:, 0]
    right = (answers.argmax(1) == labels).float()
    return ScoredPadding(
        token=pad,
        share=float(padding.sum() / counted.sum()),
        reached=float(right[counted].mean()),
        without=float(right[real].mean()),
        loss=float(losses[counted].mean()),
        loss_without=float(losses[real].mean()),
    )
