# pyright: basic
"""Whether targets are the tokens that a network is given, or the ones after them."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import torch

from trainlab.diagnosis.observed.dependence import TokenShares
from trainlab.diagnosis.probe.deferred_reads import DeferredReads
from trainlab.diagnosis.torch_private import functions

FEWEST, MAX_TOKENS = 3, 1_000_000
MAX_COMPARED = 8
"""So many batches are compared: what targets are doesn't change."""


class TokenTargets:
    """Compares the targets of one network's batches with the tokens among its inputs."""

    def __init__(self) -> None:
        self.compared = 0
        self._sums: dict[tuple[int, int], list[float]] = {}
        """By the place of the tensor among those given, and the axis of time."""

    def compare(self, given: Sequence[torch.Tensor], target: torch.Tensor, deferred: DeferredReads) -> None:
        """Count the targets that are the same tokens as those given, and those that are the next ones."""
        if self.compared >= MAX_COMPARED or target.is_floating_point() or target.numel() > MAX_TOKENS:
            return
        for place, tokens in enumerate(given):
            if tokens.is_floating_point() or tokens.dim() != 2 or tokens.dtype == torch.bool:
                continue
            for axis in (1, 0):
                counts = _counts(tokens, target, axis)
                if counts is not None:
                    known = self._sums.setdefault((place, axis), [0.0] * 5)
                    deferred.read(counts, functools.partial(_add, known))
        self.compared += bool(self._sums)

    def shares(self) -> TokenShares | None:
        """Return the shares of the tokens, and along the axis, that the targets follow best."""
        found = [
            TokenShares(
                place=place,
                axis=axis,
                counted=int(counted),
                ignored=int(ignored),
                same=same / max(1.0, counted),
                following=after / max(1.0, pairs),
            )
            for (place, axis), (counted, ignored, same, after, pairs) in self._sums.items()
        ]
        return max(found, key=lambda one: max(one.following, one.same), default=None)


def _add(known: list[float], got: list[float]) -> None:
    for spot, value in enumerate(got):
        known[spot] += value


def _counts(tokens: torch.Tensor, target: torch.Tensor, axis: int) -> torch.Tensor | None:
    """Return five counts: compared, ignored, the same, the next, and those that have a next one."""
    length = tokens.shape[axis]
    if length < FEWEST:
        return None
    tokens = tokens.detach()
    if target.numel() == tokens.numel():
        wanted, own = target.detach().reshape(tokens.shape), tokens
        follows = wanted.narrow(axis, 0, length - 1) == tokens.narrow(axis, 1, length - 1)
        counted = wanted >= 0
        paired = counted.narrow(axis, 0, length - 1)
    elif axis == 1 and target.numel() == tokens.numel() // length * (length - 1):
        own = tokens.narrow(1, 0, length - 1)
        wanted = target.detach().reshape(own.shape)
        follows = wanted == tokens.narrow(1, 1, length - 1)
        counted = paired = wanted >= 0
    else:
        return None
    same = (wanted == own) & counted
    numbers = (counted, ~counted, same, follows & paired, paired)
    return functions.stack([one.sum() for one in numbers]).float()
