"""Summaries of images and sequences: a shift changes them little, and what is in them stays."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from diagnosis.faults.made import fit
from diagnosis.watched import diagnosed, faults
from torch import nn

from trainlab.diagnosis.probe.inputs import summaries
from trainlab.diagnosis.signals.baselines import references


def waves(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Two kinds of short waves somewhere in noise: ``[count, 1, 400]`` and their kind ``[count]``."""
    generator = np.random.default_rng(0)
    kind = generator.integers(0, 2, count)
    rows = 0.2 * generator.normal(size=(count, 1, 400))
    for row, which in zip(rows, kind, strict=True):
        place, phase = generator.integers(0, 380), generator.uniform(0, 2 * np.pi)
        row[0, place : place + 20] += np.sin(np.arange(20) * (2.0 if which else 1.2) + phase)
    return rows, kind


def test_a_shift_changes_hardly_anything() -> None:
    image = np.random.default_rng(1).normal(size=(1, 2, 24, 24))
    image[:, :, -5:] = image[:, :, :5] = image[..., -5:] = image[..., :5] = 0.0
    shifted = np.roll(image, (3, -2), (2, 3))
    np.testing.assert_allclose(summaries(shifted), summaries(image), rtol=0.03)


def test_what_neighbours_by_rows_do_not_see_neighbours_by_summaries_do() -> None:
    rows, kind = waves(300)
    by_rows = references([tuple(row) for row in rows[:, 0]], list(kind), classes=True)
    by_summary = references([tuple(row) for row in summaries(rows)], list(kind), classes=True)
    assert by_rows is not None
    assert by_summary is not None
    assert by_summary.neighbours > 0.95
    assert by_rows.neighbours < by_summary.neighbours - 0.1


def test_the_covariance_at_a_lag_is_that_of_numpy() -> None:
    rows = np.random.default_rng(2).normal(size=(1, 1, 30))
    scaled = (rows[0, 0] - rows.mean()) / rows.std()
    wanted = [(scaled[lag:] * scaled[:-lag]).mean() for lag in (1, 2, 4)]
    found = summaries(rows)[0]
    assert all(np.isclose(found, one).any() for one in wanted)


@pytest.mark.trains
@pytest.mark.parametrize("mixed", [False, True])
def test_a_network_that_has_not_learnt_yet_is_no_proof_that_targets_are_mixed_up(mixed: bool) -> None:
    rows, kind = waves(320)
    x, y = torch.tensor(rows, dtype=torch.float32), torch.tensor(kind)
    if mixed:
        y = y[torch.randperm(len(y), generator=torch.Generator().manual_seed(3))]

    def training() -> None:
        net = nn.Sequential(
            nn.Conv1d(1, 4, 3), nn.Tanh(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(4, 2)
        )
        optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
        fit(net, optimizer, nn.functional.cross_entropy, x[:256], y[:256], epochs=8)
        with torch.no_grad():
            assert (net(x[256:]).argmax(1) == y[256:]).float().mean().item() < 0.8

    assert ("shuffled_targets" in faults(diagnosed(training))) == mixed
