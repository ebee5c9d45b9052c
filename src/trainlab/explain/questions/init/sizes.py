"""Is 0.5 too small and 1.5 too large? Paired differences in the share solved, and a grid of deviations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from trainlab.engine import Runs
from trainlab.explain.common.paired import differences, diverged_share, solved_share
from trainlab.explain.common.populations import Populations
from trainlab.explain.questions.init.layer_signals import network_signals
from trainlab.explain.questions.init.variants import with_weights
from trainlab.spec import Experiment, Normal, Uniform
from trainlab.stats import Rate, ReadEstimate, Reading

GRID = (0.1, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0)
"""Deviations of normal draws; 0.5, 1 and 1.5 are among them."""

USUAL, CLAIMED = 1.0, (0.5, 1.5)
FEW = 0.05
"""Where both rates are surely below this, there is nothing to lose, and nothing is said."""

Outcome = Literal["upheld", "refuted", "bounded", "too few learn"]
DRAWS = ("normal", "uniform")


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One network under one training, by name."""

    name: str
    experiment: Experiment


@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    """One case from weights of one size (`value`: deviation, or half the width of a uniform)."""

    case: str
    draw: str
    value: float
    solved: Rate
    diverged: Rate

    def to_dict(self) -> dict[str, Any]:
        """Return the counts as plain data."""
        return {
            "case": self.case,
            "draw": self.draw,
            "value": self.value,
            "solved": self.solved.to_dict(),
            "diverged": self.diverged.to_dict(),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """The statement that `value` is worse than 1: the paired difference in the share solved, and its reading.

    All claims are read together. `outcome`: "upheld" if fewer seeds are solved; "refuted" if more
    are, or if the whole interval lies inside ±2 points; "too few learn" if hardly any is solved at either;
    else "bounded": the interval is all that can be said.
    """

    case: str
    draw: str
    value: float
    usual: Rate
    solved: Rate
    difference: ReadEstimate
    outcome: Outcome

    def to_dict(self) -> dict[str, Any]:
        """Return the claim as plain data; the difference is a share."""
        return {
            "case": self.case,
            "draw": self.draw,
            "value": self.value,
            "against": USUAL,
            "solved": self.solved.to_dict(),
            "solved_at_1": self.usual.to_dict(),
            "difference": self.difference.to_dict(),
            "outcome": self.outcome,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class StartSize:
    """At the start, before training: the first layer's gradient over the last's, root mean squares."""

    case: str
    value: float
    gradient_ratio: float
    theory_ratio: float


def train_sizes(cases: Sequence[Case], populations: Populations) -> tuple[list[Size], list[Claim]]:
    """Train every case from every size, all on the same seeds, and read the claims together."""
    sizes_of = {"normal": GRID, "uniform": (*CLAIMED, USUAL)}
    places = [(case, draw, value) for case in cases for draw in DRAWS for value in sizes_of[draw]]
    experiments = [with_weights(case.experiment, _init(draw, value)) for case, draw, value in places]
    runs = populations.train(experiments)
    sizes = [
        Size(
            case=case.name,
            draw=draw,
            value=value,
            solved=solved_share(each),
            diverged=diverged_share(each),
        )
        for (case, draw, value), each in zip(places, runs, strict=True)
    ]
    by_place = {
        (case.name, draw, value): each for (case, draw, value), each in zip(places, runs, strict=True)
    }
    return sizes, _claims([case.name for case in cases], by_place)


def start_sizes(cases: Sequence[Case], *, networks: int) -> list[StartSize]:
    """Return how gradients lie at the start, for each size of the claims."""
    found: list[StartSize] = []
    for case in cases:
        for value in (0.5, 1.0, 1.5):
            signals = network_signals(case.name, with_weights(case.experiment, Normal(std=value)), networks)
            found.append(
                StartSize(
                    case=case.name,
                    value=value,
                    gradient_ratio=signals.gradient_ratio,
                    theory_ratio=signals.theory_ratio,
                )
            )
    return found


def _init(draw: str, value: float) -> Normal | Uniform:
    return Normal(std=value) if draw == "normal" else Uniform(a=-value, b=value)


def _claims(cases: Sequence[str], runs: dict[tuple[str, str, float], Runs]) -> list[Claim]:
    asked = [(case, draw, value) for case in cases for draw in DRAWS for value in CLAIMED]
    read = differences(
        {
            (case, draw, value): (runs[case, draw, USUAL], runs[case, draw, value])
            for case, draw, value in asked
        }
    )
    found: list[Claim] = []
    for (case, draw, value), difference in read.items():
        rates = solved_share(runs[case, draw, USUAL]), solved_share(runs[case, draw, value])
        found.append(
            Claim(
                case=case,
                draw=draw,
                value=value,
                usual=rates[0],
                solved=rates[1],
                difference=difference,
                outcome=_outcome(difference.reading, *rates),
            )
        )
    return found


def _outcome(read: Reading, usual: Rate, solved: Rate) -> Outcome:
    if usual.high < FEW and solved.high < FEW:
        return "too few learn"
    if read == "hurts":
        return "upheld"
    return "bounded" if read == "no difference seen" else "refuted"
