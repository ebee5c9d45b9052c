"""What the assignment states about outliers, what a logarithm punishes, and custom losses."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from measure import statements
from measure.asked import own_loss
from measure.blocks import under
from measure.stated_losses import ASKED, PAGE, PLACE
from measure.statements import Answer, Found, Outcome, Question, Statement
from trainlab.draw import format_number, join
from trainlab.explain.questions.loss.outliers import CLIMBS, DIRTY, SHRUGGED
from trainlab.explain.questions.loss.outliers import percent as climb
from trainlab.stats import SIGNIFICANCE

_statement = Question(page=PAGE, place=PLACE, command=ASKED).statement
Lower = tuple[float, float]
"""Of two losses on the same data and seeds: in how many more runs the first is lower, a share, and its p."""


def outliers(
    *, less: Mapping[str, Lower], doubled: Mapping[str, tuple[float, float]], number: str, told: str
) -> Answer:
    """Losses are shown to be lower than another in some respect, and outliers don't double their error.

    `less` has the first by what it says, `doubled` the interval of what outliers multiply the clean error by.
    """
    outcomes: dict[str, Outcome] = {
        name: "mixed" if p >= SIGNIFICANCE else "upheld" if more > 0 else "refuted"
        for name, (more, p) in less.items()
    }
    for name, (low, high) in doubled.items():
        outcomes[name] = "upheld" if high < SHRUGGED else "refuted" if low >= SHRUGGED else "mixed"
    return statements.parts(outcomes=outcomes, number=number, told=told)


def _outliers(label: str, *beside: str, shrugs: bool = False, smooth: bool = False) -> Any:
    """Return what reads the losses whose names begin so; those `beside` are only told.

    `shrugs`: whether outliers harm them; `smooth`: whether the loss comes down without climbing back.
    """

    def read(found: Found) -> Mapping[str, Any]:
        asked = found.explained.loss.outliers
        assert asked is not None
        losses = [each for each in asked.losses if each.label.startswith(label)]
        shown = [*losses, *(each for each in asked.losses if each.label in beside)]
        of = {
            (each.what, each.first, each.second): (each.difference.estimate, each.p_adjusted)
            for each in asked.comparisons
        }
        less: dict[str, Lower] = {}
        doubled: dict[str, tuple[float, float]] = {}
        numbers, told = list[str](), list[str]()
        if shrugs:
            for each in losses:
                less[f"{_listed(each.label)} is harmed less than mse"] = of[DIRTY, each.label, "mse"]
                ends = (each.ratio.low, each.ratio.high) if each.ratio.sure else (0.0, math.inf)
                doubled[f"{_listed(each.label)} has its error less than doubled"] = ends
            numbers.append("error × " + join([f"{each.ratio} ({each.label})" for each in shown]))
            told.append("A fifth of outliers multiplies the clean error.")
        if smooth:
            less |= {
                f"{_listed(each.label)} climbs less than l1": of[CLIMBS, each.label, "l1"] for each in losses
            }
            numbers.append("climbs by " + join([f"{climb(each.climbs)} ({each.label})" for each in shown]))
            told.append("At the end the loss still climbs back, as a share of itself.")
        return {"less": less, "doubled": doubled, "number": "; ".join(numbers), "told": " ".join(told)}

    return read


def _listed(label: str) -> str:
    """Return a loss's label without a comma, for where several are listed."""
    return label.replace(", ", " with ")


def logarithm(*, costs: tuple[float, float], pulls: tuple[float, float]) -> Answer:
    """The logarithm punishes a right answer with a small probability: it costs more, and pulls harder.

    `costs` of −ln p at 0.9 and at 0.01; `pulls` at 0.01 of −ln p and of (1 − p)².
    """
    outcomes: dict[str, Outcome] = {
        "ten times dearer": "upheld" if costs[1] > 10 * costs[0] else "refuted",
        "it pulls harder than (1 − p)²": "upheld" if abs(pulls[0]) > abs(pulls[1]) else "refuted",
    }
    number = f"−ln 0.01 = {format_number(costs[1])}, −ln 0.9 = {format_number(costs[0])}"
    told = (
        f"At p = 0.01 −ln p pulls with {format_number(-pulls[0])}, (1 − p)² with {format_number(-pulls[1])}."
    )
    return statements.parts(outcomes=outcomes, number=number, told=told)


def _logarithm(found: Found) -> Mapping[str, Any]:
    rows = {row[0]: row for row in found.explained.loss.numbers["log_table"]}
    likely, unlikely = rows[0.9], rows[0.01]
    return {"costs": (likely[1], unlikely[1]), "pulls": (unlikely[4], unlikely[5])}


def _own(found: Found) -> Mapping[str, Any]:
    asked = own_loss()
    return {
        "facts": {
            "one's own squared error trains as MSE does": asked.square < statements.EXACT,
            "its fourth power trains otherwise": asked.quartic > statements.EXACT,
        },
        "number": f"own squared error: weights differ from MSE's by {under(asked.square)}",
        "told": "By `trainlab.custom_loss`, in float64. Of the fourth power of the error they differ by "
        f"{format_number(asked.quartic)}.",
    }


STATEMENTS: tuple[Statement, ...] = (
    _statement(
        "84",
        "L1 shrugs off outliers.",
        "a sine with outliers",
        outliers,
        _outliers("l1", "mse", shrugs=True),
        "8 on each of 20 data sets",
    ),
    _statement(
        "85",
        "MSE is more stable.",
        "how the loss comes down",
        outliers,
        _outliers("mse", "l1", smooth=True),
        "8 on each of 20 data sets",
    ),
    _statement(
        "86",
        "Huber does both.",
        "a sine with outliers",
        outliers,
        _outliers("huber", shrugs=True, smooth=True),
        "8 on each of 20 data sets",
    ),
    _statement(
        "87",
        "NLL's logarithm punishes a right answer given with a small probability.",
        "formulas",
        logarithm,
        _logarithm,
    ),
    Statement(
        number="88",
        said="Losses may be one's own.",
        place=PLACE,
        asked="XOR trained by a squared error of our own, and by its fourth power",
        rule=statements.done,
        read=_own,
        page=PAGE,
        seeds="1",
    ),
)
