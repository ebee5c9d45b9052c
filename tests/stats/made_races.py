"""Races of made-up rates, and whether what they say is wrong.

``PYTHONPATH=src:tests python tests/stats/made_races.py 1000`` prints the table of decision 0007.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np
from scipy.special import ndtr

from trainlab.stats import Standing, hold_race

RATES = {
    "12 equal, 50 %": [0.5] * 12,
    "12 equal, 97 %": [0.97] * 12,
    "2 equal, 50 %": [0.5, 0.5],
    "8 close, 60 to 95 %": [0.95, 0.94, 0.93, 0.9, 0.9, 0.9, 0.6, 0.6],
    "20 from 20 to 98 %, two best": [0.98, 0.98, *np.linspace(0.2, 0.97, 18).tolist()],
}
SHARED = (0.0, 0.6)
"""How much of the normal behind an outcome the candidates share on a seed."""


def race_of(rates: Sequence[float], *, seed: int, shared: float, most: int, **options: int) -> Standing:
    """Hold a race of candidates whose outcomes on a seed are correlated: `shared` of the normal behind."""
    random = np.random.default_rng(seed)
    common, own = random.standard_normal(most), random.standard_normal((len(rates), most))
    solved = ndtr(np.sqrt(shared) * common + np.sqrt(1 - shared) * own) < np.asarray(rates)[:, None]
    return hold_race(
        lambda alive, seeds: solved[alive, seeds.start : seeds.stop],
        candidates=len(rates),
        first=32,
        most=most,
        **options,
    )


def is_wrong(rates: Sequence[float], standing: Standing) -> bool:
    """Whether anything that a race says is false: an interval, a rank, who is better, or who is out."""
    p = np.asarray(rates)
    out = np.flatnonzero(standing.dropped_in)
    not_covered = (p < standing.low) | (p > standing.high)
    really_best = 1 + (p[:, None] < p[None]).sum(axis=1)
    really_worst = len(p) - (p[:, None] > p[None]).sum(axis=1)
    return bool(
        not_covered.any()
        or (p[out] >= p[standing.beaten_by[out]]).any()
        or (standing.best > really_worst).any()
        or (standing.worst < really_best).any()
        or standing.dropped_in[p == p.max()].all()
    )


def saved(standing: Standing) -> float:
    """Return the share of the runs of the full grid that a race did without."""
    spent = sum(item.runs for item in standing.rounds)
    return 1.0 - spent / (len(standing.k) * standing.rounds[-1].seeds)


def main() -> None:
    """Print for each set of rates how often something said was false, and the runs saved."""
    races = int(sys.argv[1])
    print("| candidates | independent | correlated by 0.6 | runs of the full grid saved |\n|---|---|---|---|")
    for name, rates in RATES.items():
        held = {x: [race_of(rates, seed=seed, shared=x, most=1024) for seed in range(races)] for x in SHARED}
        wrong = [f"{100 * np.mean([is_wrong(rates, each) for each in held[x]]):.1f} %" for x in SHARED]
        print(
            f"| {name} | {' | '.join(wrong)} | {100 * np.mean([saved(each) for each in held[0.0]]):.0f} % |"
        )


if __name__ == "__main__":
    main()
