"""How often the doctor is right: recall, first, placed and false alarms, and what its confidence is worth."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any

from trainlab.diagnosis.remedies.trial_verdict import MOST
from trainlab.stats import Rate, rate

Row = Mapping[str, Any]
"""What `doctor_runs.row` keeps of a case."""

BINS = (0.0, 0.6, 0.75, 0.85, 0.93, 1.0)
"""The borders of confidences; reports say likely from 0.75 and almost certain from 0.93."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """Of a set's faulty scripts: found, named first, placed; of its others: accused. None if it has none."""

    name: str
    found: Rate | None
    first: Rate | None
    placed: Rate | None
    healthy: Rate | None
    mended: Rate | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Bin:
    """Findings said with a confidence from `low` to below `high`: its mean, and how many were right."""

    low: float
    high: float
    said: float
    right: Rate


def is_found(row: Row) -> bool:
    """Whether the script's fault is among the findings."""
    return any(each["fault"] == row["fault"] for each in row["said"])


def is_first(row: Row) -> bool:
    """Whether the first finding is the fault, or what is right as well."""
    return bool(row["said"]) and row["said"][0]["right"]


def is_placed(row: Row) -> bool:
    """Whether a right finding names the place."""
    return any(each["placed"] for each in row["said"])


def is_accused(row: Row) -> bool:
    """Whether anything was found: on a script without a fault, a false alarm."""
    return bool(row["said"])


def scored(name: str, rows: Sequence[Row]) -> Score:
    """Return how the doctor fares on these cases."""
    faulty, healthy, mended = ([row for row in rows if row["kind"] == kind] for kind in _KINDS)
    return Score(
        name=name,
        found=share(is_found, faulty),
        first=share(is_first, faulty),
        placed=share(is_placed, faulty),
        healthy=share(is_accused, healthy),
        mended=share(is_accused, mended),
    )


def by_set(rows: Sequence[Row]) -> list[Score]:
    """Return the score of each set, in the order of the rows, and of all together."""
    names = list(dict.fromkeys(row["set"] for row in rows))
    each = [scored(name, [row for row in rows if row["set"] == name]) for name in names]
    return [*each, scored("all", rows)] if len(each) > 1 else each


def by_fault(rows: Sequence[Row]) -> list[Score]:
    """Return the score of each fault, scripts and their mended copies."""
    names = sorted({row["fault"] for row in rows if row["fault"]})
    return [scored(name, [row for row in rows if row["fault"] == name]) for name in names]


def alarms(rows: Sequence[Row]) -> dict[str, int]:
    """Return how often each fault was named on a script without one, the most frequent first."""
    named = [each["fault"] for row in rows if row["kind"] != "faulty" for each in row["said"]]
    return dict(
        sorted({name: named.count(name) for name in named}.items(), key=lambda item: (-item[1], item[0]))
    )


def calibration(rows: Iterable[Row], *, first: bool = False) -> list[Bin]:
    """Return a bin for each range of confidences that was used; with `first` of first findings only."""
    said = [each for row in rows for each in (row["said"][:1] if first else row["said"])]
    bins: list[Bin] = []
    for low, high in pairwise(BINS):
        inside = [e for e in said if low <= e["confidence"] < high or e["confidence"] == high == 1.0]
        if inside:
            mean = sum(each["confidence"] for each in inside) / len(inside)
            right = rate(sum(each["right"] for each in inside), len(inside))
            bins.append(Bin(low=low, high=high, said=mean, right=right))
    return bins


def overhead(rows: Iterable[Row]) -> dict[str, float] | None:
    """Return what the doctor adds, of rows of `doctor_runs.cost`; None of none."""
    rows = list(rows)
    if not rows:
        return None
    return {
        "scripts": len(rows),
        "plain_cpu": median(row["plain_cpu"] for row in rows),
        "more_cpu": median(row["cpu"] - row["plain_cpu"] for row in rows),
        "most_cpu": max(row["cpu"] - row["plain_cpu"] for row in rows),
        "times": sum(row["cpu"] for row in rows) / sum(row["plain_cpu"] for row in rows),
        "more_mb": median(row["mb"] - row["plain_mb"] for row in rows),
        "most_mb": max(row["mb"] - row["plain_mb"] for row in rows),
        "same": sum(row["same_output"] for row in rows),
    }


SEEDS, FEWER = 400, 200
"""Seeds on which a printed remedy is asked, of a light training and of others."""
ADVICE, TRIED = "advice", "tried"
"""How a remedy is printed: as advice of a finding, or only as one that was tried."""
RESULTS = ("helps", "nothing", "hurts")


@dataclass(frozen=True, kw_only=True, slots=True)
class Remedies:
    """Of some printed remedies (`doctor_remedies`): how many help, do nothing and hurt, and of how many that
    can't be told."""

    name: str
    helps: Rate
    nothing: Rate
    hurts: Rate
    better: int
    unknown: int


def remedies_scored(name: str, remedies: Sequence[Row]) -> Remedies | None:
    """Return what came of these remedies; None if it can be told of none.

    `better` are those of `nothing` with which most seeds come out better all the same, and learn no more.
    """
    told = [one for one in remedies if one["result"] in RESULTS]
    if not told:
        return None
    helps, nothing, hurts = (
        rate(sum(one["result"] == result for one in told), len(told)) for result in RESULTS
    )
    better = sum(one["result"] == "nothing" and one["better"] >= MOST * one["seeds"] for one in told)
    return Remedies(
        name=name,
        helps=helps,
        nothing=nothing,
        hurts=hurts,
        better=better,
        unknown=len(remedies) - len(told),
    )


def share(holds: Callable[[Row], bool], rows: Sequence[Row]) -> Rate | None:
    """Return of how many rows it holds; None of none."""
    return rate(sum(map(holds, rows)), len(rows)) if rows else None


_KINDS = ("faulty", "healthy", "mended")
