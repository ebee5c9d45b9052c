"""What outliers do under each loss, and whether "L1 shrugs off outliers, MSE is smooth, Huber does both"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from trainlab.draw import format_number
from trainlab.explain.questions.loss.medians import Median, median_of
from trainlab.explain.questions.loss.outlier_runs import OutlierRuns, slope_jump
from trainlab.stats import Estimate, contrast, holm

Array = npt.NDArray[np.float64]

DIRTY, CLEAN = "error with outliers", "error without outliers"
CLIMBS = "climb of the loss"
SHRUGGED = 2.0
"""Outliers are shrugged off if they multiply the clean error by less than this, the whole interval."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OutlierLoss:
    """A loss over draws of the data: clean error without and with outliers, their ratio, and how far the loss
    climbs back at the end, as a share of itself.

    Each is the median over draws of the median over the seeds of a draw; `slope_jump` is that of the slope
    where the error changes its sign.
    """

    label: str
    clean: Median
    dirty: Median
    ratio: Median
    climbs: Median
    slope_jump: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        named = {name: getattr(self, name).to_dict() for name in ("clean", "dirty", "ratio", "climbs")}
        return {"loss": self.label, **named, "slope_jump": self.slope_jump}


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Is `what` lower under `first` than under `second`? Runs are paired: same data, same seed.

    `lower` of `runs`; `difference` is the share of runs in which the first is lower minus that in which the
    second is, its interval over draws of the data; `draws_lower` counts the draws whose median is lower.
    """

    what: str
    first: str
    second: str
    lower: int
    runs: int
    draws_lower: int
    draws: int
    difference: Estimate
    p_adjusted: float

    @property
    def shown(self) -> bool:
        """Whether the first is shown to be lower."""
        return self.p_adjusted < 0.05 and self.difference.estimate > 0

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        gap = self.difference
        return {
            "what": self.what,
            "first": self.first,
            "second": self.second,
            "lower": self.lower,
            "runs": self.runs,
            "draws_lower": self.draws_lower,
            "draws": self.draws,
            "difference": {"estimate": gap.estimate, "low": gap.low, "high": gap.high, "p": gap.p},
            "p_adjusted": self.p_adjusted,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """A statement, whether it is "upheld", "in part" or "not seen" here, and the numbers that say so."""

    statement: str
    reading: str
    evidence: str

    def to_dict(self) -> dict[str, str]:
        """Return the three texts."""
        return {"statement": self.statement, "reading": self.reading, "evidence": self.evidence}

    def __str__(self) -> str:
        return f"“{self.statement}”: {self.reading}; {self.evidence}."


@dataclass(frozen=True, kw_only=True, slots=True)
class Outliers:
    """The losses one by one, the comparisons, read together (Holm), and the statements."""

    losses: tuple[OutlierLoss, ...]
    comparisons: tuple[Comparison, ...]
    statements: tuple[Statement, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            name: [each.to_dict() for each in getattr(self, name)]
            for name in ("losses", "comparisons", "statements")
        }


def read_outliers(runs: OutlierRuns) -> Outliers:
    """Return what the runs say."""
    losses = tuple(
        OutlierLoss(
            label=label,
            clean=_over_draws(runs.clean[label]),
            dirty=_over_draws(runs.dirty[label]),
            ratio=_over_draws(runs.dirty[label] / runs.clean[label]),
            climbs=_over_draws(runs.climbs[label]),
            slope_jump=slope_jump(loss),
        )
        for label, loss in runs.losses
    )
    small = runs.losses[3][0]
    asked = [
        (DIRTY, runs.dirty, first, second)
        for first, second in (
            ("l1", "mse"),
            ("huber, delta 1", "mse"),
            (small, "mse"),
            ("log_cosh", "mse"),
            (small, "l1"),
            (small, "huber, delta 1"),
        )
    ]
    asked += [(CLEAN, runs.clean, "mse", "l1")]
    asked += [(CLIMBS, runs.climbs, first, "l1") for first in ("mse", "huber, delta 1", small)]
    gaps = [_difference(numbers[first], numbers[second]) for _, numbers, first, second in asked]
    adjusted = holm([gap.p for gap in gaps])
    comparisons = tuple(
        Comparison(
            what=what,
            first=first,
            second=second,
            lower=int((numbers[first] < numbers[second]).sum()),
            runs=numbers[first].size,
            draws_lower=int((np.median(numbers[first], axis=1) < np.median(numbers[second], axis=1)).sum()),
            draws=runs.draws,
            difference=gap,
            p_adjusted=float(p),
        )
        for (what, numbers, first, second), gap, p in zip(asked, gaps, adjusted, strict=True)
    )
    return Outliers(losses=losses, comparisons=comparisons, statements=_statements(losses, comparisons))


def _over_draws(values: Array) -> Median:
    return median_of(np.median(values, axis=1))


def _difference(first: Array, second: Array) -> Estimate:
    """Return the share of runs in which the first is lower minus that in which it is higher, over draws."""
    scores = ((first < second).astype(np.float64) - (first > second)).mean(axis=1)
    return contrast(scores, bound=1.0)


def _statements(losses: Sequence[OutlierLoss], comparisons: Sequence[Comparison]) -> tuple[Statement, ...]:
    by_label = {each.label: each for each in losses}
    found = {(each.what, each.first, each.second): each for each in comparisons}
    l1, mse, small = by_label["l1"], by_label["mse"], losses[3]
    statements = [
        Statement(
            statement="L1 shrugs off outliers",
            reading=_shrugs(l1, found[DIRTY, "l1", "mse"]),
            evidence=f"they multiply its clean error by {l1.ratio}, that of mse by {mse.ratio}; "
            f"{_lower(found[DIRTY, 'l1', 'mse'])}",
        ),
        Statement(
            statement="MSE is smooth",
            reading="upheld" if found[CLIMBS, "mse", "l1"].shown and not mse.slope_jump else "not seen",
            evidence=f"its slope has no jump at 0, that of l1 one of {l1.slope_jump:g}; at the end its loss "
            f"climbs by {percent(mse.climbs)} of itself, that of l1 by {percent(l1.climbs)}",
        ),
    ]
    for huber in (by_label["huber, delta 1"], small):
        smooth = found[CLIMBS, huber.label, "l1"].shown
        robust = _shrugs(huber, found[DIRTY, huber.label, "mse"])
        both = (
            "upheld" if smooth and robust == "upheld" else "in part" if smooth or robust != "not seen" else ""
        )
        statements.append(
            Statement(
                statement=f"Huber does both ({huber.label.partition(', ')[2]})",
                reading=both or "not seen",
                evidence=f"outliers multiply its clean error by {huber.ratio}; at the end its loss climbs by "
                f"{percent(huber.climbs)} of itself",
            )
        )
    return tuple(statements)


def _shrugs(loss: OutlierLoss, against_mse: Comparison) -> str:
    """Upheld: shown to be less harmed than mse, and the error less than doubled, the whole 95 % interval."""
    if not against_mse.shown:
        return "not seen"
    return "upheld" if loss.ratio.sure and loss.ratio.high < SHRUGGED else "in part"


def _lower(each: Comparison) -> str:
    return f"lower than {each.second} in {each.lower:,} of {each.runs:,} runs"


def percent(value: Median) -> str:
    """Return a share with its interval, in per cent."""
    low, high = (format_number(100 * end) for end in (value.low, value.high))
    return f"{format_number(100 * value.median)} % ({low} to {high} %)"
