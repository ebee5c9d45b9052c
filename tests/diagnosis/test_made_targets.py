"""Targets that are made in the step itself, as contrastive losses have them: all the same, and rightly so."""

from __future__ import annotations

import copy

import pytest
import torch
from diagnosis.faults.made import blobs, mlp
from diagnosis.watched import diagnosed, faults
from torch.nn import functional as F

from trainlab.diagnosis.signals.baselines import references


def momentum_contrast(way: str) -> None:
    """MoCo: the first logit is that of the pair, and the keys come from a network without gradients."""
    x, _ = blobs()
    query = mlp(8, 24, 16)
    key = copy.deepcopy(query).requires_grad_(False)
    opt = torch.optim.SGD(query.parameters(), lr=0.05, momentum=0.9)
    queue = F.normalize(torch.randn(256, 16), dim=1)
    for step in range(120):
        rows = x[torch.randint(0, 600, (32,))]
        asked = F.normalize(query(rows + 0.1 * torch.randn_like(rows)), dim=1)
        with torch.no_grad():
            for one, other in zip(query.parameters(), key.parameters(), strict=True):
                other.lerp_(one, 0.01)
            found = F.normalize(key(rows + 0.1 * torch.randn_like(rows)), dim=1)
        logits = torch.cat([(asked * found).sum(1, keepdim=True), asked @ queue.T], 1) / 0.2
        if way == "cast":
            targets = torch.zeros(len(rows)).long()
        elif way == "like":
            targets = logits.new_zeros(len(rows), dtype=torch.long)
        else:
            targets = torch.zeros(len(rows), dtype=torch.long)
        loss = F.cross_entropy(logits, targets)
        opt.zero_grad()
        loss.backward()
        opt.step()
        queue[32 * (step % 8) : 32 * (step % 8) + 32] = found


@pytest.mark.trains
@pytest.mark.parametrize("way", ["made", "cast", "like"])
def test_the_first_logit_is_the_right_one(way: str):
    report = diagnosed(lambda: momentum_contrast(way))
    assert faults(report) == []
    assert report.outcome["neighbours_reach"] is None


@pytest.mark.parametrize("classes", [True, False])
def test_neighbours_tell_nothing_of_targets_that_are_all_the_same(classes: bool):
    rows = [(float(at), float(at % 7)) for at in range(100)]
    assert references(rows, [1.0] * 100, classes=classes) is None
    assert references(rows, [float(at % 2) for at in range(100)], classes=classes) is not None
