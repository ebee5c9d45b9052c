"""What is said of several cells at once, drawn: families of effects, and cells whose seeds end together."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from benchmarks.coverage_sums import ends_of_rates
from trainlab.stats import holm, look_sizes
from trainlab.stats.contrast import guarded_mean
from trainlab.stats.normal import two_sided_quantile

Floats = npt.NDArray[np.float64]
CHANGES = 15
FAMILY_SEEDS = (32, 256)
FAMILY_SHARES = (0.01, 0.5, 0.95)
DRAWS = 20_000
FAMILIES = 10_000
BATCH = 200
ENDS = (0.05, 0.1)
"""Widths until which pairs of cells are trained."""
PAIRS = ((0.02, 0.02), (0.05, 0.1), (0.1, 0.1), (0.1, 0.5), (0.3, 0.35), (0.5, 0.5), (0.9, 0.99))
JOINTLY = ("alike", "independent", "opposed")


def families() -> list[dict[str, Any]]:
    """Return how often any of 15 changes that do nothing is said to help or hurt, by Holm and without.

    All are held against the same baseline, on the same seeds; `apart`: each alone at 5 %.
    """
    random = np.random.default_rng(17)
    found: list[dict[str, Any]] = []
    for n in FAMILY_SEEDS:
        for share in FAMILY_SHARES:
            wrong, apart = 0, 0
            for _ in range(FAMILIES // BATCH):
                solved = (random.random((BATCH, 1 + CHANGES, n), dtype=np.float32) < share).astype(np.int8)
                scores = solved[:, 1:] - solved[:, :1]
                total, squares = scores.sum(axis=2, dtype=np.int64), (scores != 0).sum(axis=2)
                centre, error = guarded_mean(total, squares, n=n, guard=1.0)  # pyright: ignore[reportArgumentType]
                p = 2 * special.ndtr(-np.abs(np.asarray(centre) / error))
                apart += int((p < 0.05).any(axis=1).sum())
                wrong += sum(bool((holm(row) < 0.05).any()) for row in p[(p < 0.05).any(axis=1)])
            found.append(
                {
                    "n": n,
                    "share": share,
                    "changes": CHANGES,
                    "any": wrong / FAMILIES,
                    "apart": apart / FAMILIES,
                }
            )
    return found


def stopped_together(draws: int = DRAWS) -> list[dict[str, Any]]:
    """Return the coverage of two rates and of their paired difference, with seeds until both are narrow.

    Mean and lowest over `PAIRS`, each as alike on a seed as can be, independent, and as opposed as can be.
    """
    random = np.random.default_rng(18)
    found: list[dict[str, Any]] = []
    for width in ENDS:
        held = {"rates": list[float](), "difference": list[float]()}
        for before, after in PAIRS:
            for how in JOINTLY:
                rates, difference = _stopped(before, after, how, width=width, draws=draws, random=random)
                held["rates"] += rates
                held["difference"].append(difference)
        for what, values in held.items():
            found.append(
                {
                    "width": width,
                    "what": what,
                    "truths": len(values),
                    "mean": float(np.mean(values)),
                    "lowest": float(np.min(values)),
                }
            )
    return found


def _stopped(
    before: float, after: float, how: str, *, width: float, draws: int, random: np.random.Generator
) -> tuple[list[float], float]:
    """Return the coverage of both rates, and of the difference, over so many drawn studies."""
    both = {"alike": min(before, after), "independent": before * after, "opposed": before + after - 1}[how]
    both = max(0.0, both)
    chance = np.array([both, before - both, after - both, 1 - before - after + both]).clip(min=0)
    counts = np.zeros((draws, 4), dtype=np.int64)
    going = np.ones(draws, dtype=np.bool_)
    ends = np.zeros(draws, dtype=np.int64)
    kept = np.zeros((draws, 2, 2))
    last = 0
    for n in look_sizes(width, most=10**7):
        counts[going] += random.multinomial(n - last, chance / chance.sum(), size=int(going.sum()))
        k = np.stack([counts[:, 0] + counts[:, 1], counts[:, 0] + counts[:, 2]], axis=1)
        found = ends_of_rates(n)
        intervals = np.stack([found.low[k], found.high[k]], axis=2)
        stops = going & (intervals[:, :, 1] - intervals[:, :, 0] <= width).all(axis=1)
        kept[stops], ends[stops] = intervals[stops], n
        going &= ~stops
        last = n
        if not going.any():
            break
    truths = np.array([before, after])
    rates = ((kept[:, :, 0] <= truths) & (truths <= kept[:, :, 1])).mean(axis=0)
    lost, gained = counts[:, 1], counts[:, 2]
    centre, error = guarded_mean(gained - lost, gained + lost, n=ends, guard=1.0)  # pyright: ignore[reportArgumentType]
    inside = np.abs(np.asarray(centre) - (after - before)) <= two_sided_quantile(0.95) * np.asarray(error)
    return [float(each) for each in rates], float(inside.mean())
