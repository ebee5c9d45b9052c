# pyright: basic
"""Whether a network answers all rows alike, or a row alike at all of its places."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from trainlab.diagnosis.observed.answers import SameAnswers
from trainlab.diagnosis.probe.kept_rows import Kept, Network
from trainlab.diagnosis.probe.network_copies import tensors_in

FEWEST = 4
"""Rows, or places, from which on it says something that they are alike."""
LEAST_SPREAD = 1e-4
"""Of answers that are the same for all rows, as of weights that are all 0, places say nothing."""


def same_answers(
    network: Network, kept: Kept | None, calls: Sequence[Callable[..., Any]]
) -> SameAnswers | None:
    """Return how alike answers are, with the first weights and the last; None where they can't be asked.

    Args:
        network: what is asked, with the first batch that it was given in training.
        kept: a batch with targets, if there is one.
        calls: call a copy with the weights of the start, of the end, and with others.
    """
    found = SameAnswers()
    if kept is not None:
        found = _over_places(kept, calls)
    if network.sample is not None:
        rows = next((len(one) for one in tensors_in(network.sample) if one.dim() > 1), 0)
        answers = [next((out for out in call(network.sample) if len(out) == rows), None) for call in calls]
        known = [_spread(one) for one in answers if one is not None]
        if rows >= FEWEST and _differs(network.sample) and len(known) == 3:
            found.rows, (found.first, found.last, found.drawn) = rows, known
            found.padded = max([_padded(one) for one in tensors_in(network.sample)], default=0.0)
    return found if found.rows or found.places else None


def _over_places(kept: Kept, calls: Sequence[Callable[..., Any]]) -> SameAnswers:
    """Compare the places of each row, where answers and targets are ``[rows, places, numbers]``."""
    found, target = SameAnswers(), kept.target
    if target.dim() != 3 or target.shape[1] < FEWEST or not kept.by_row or not target.is_floating_point():
        return found
    answers = [next((out for out in call(kept.given) if out.shape == target.shape), None) for call in calls]
    known = [_within(one) for one in answers if one is not None and _spread(one) > LEAST_SPREAD]
    if len(known) == len(calls):
        found.places, found.apart, found.target = target.shape[1], max(known), _within(target.float())
    return found


def _within(values: torch.Tensor) -> float:
    """Return which share of the variance lies between the places of a row; 0 where there is none at all."""
    total = (values - values.mean((0, 1))).square().mean()
    within = (values - values.mean(1, keepdim=True)).square().mean()
    return float(within / total.clamp(min=1e-20))


def _spread(values: torch.Tensor) -> float:
    """Return how much rows differ, as a share of their size."""
    flat = values.reshape(len(values), -1).double()
    size = flat.square().mean().sqrt().clamp(min=1e-20)
    return float((flat - flat.mean(0)).square().mean().sqrt() / size)


def _padded(tokens: torch.Tensor) -> float:
    """Return the share of rows of tokens that end with the commonest last one, twice; 0 of anything else."""
    if (
        tokens.dim() != 2
        or tokens.shape[1] < FEWEST
        or tokens.is_floating_point()
        or tokens.dtype == torch.bool
    ):
        return 0.0
    last = tokens[:, -1].mode().values
    return float((tokens[:, -2:] == last).all(1).float().mean())


def _differs(given: Any) -> bool:
    return any(len(one) > 1 and bool((one != one[:1]).any()) for one in tensors_in(given) if one.dim() > 1)
