"""What `trainlab.explain.learning_rate` returns, and its numbers as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from trainlab.explain.explanation import Explanation
from trainlab.explain.questions.learning_rate.comparison_section import Compared, point_dict
from trainlab.explain.questions.learning_rate.grid import (
    RatePoint,
)
from trainlab.explain.questions.learning_rate.named_schedules import NamedSchedule
from trainlab.explain.questions.learning_rate.network_sharpness import (
    PlaceSharpness,
)
from trainlab.explain.questions.learning_rate.quadratic import StabilityEdge
from trainlab.explain.questions.learning_rate.range_test import RangeTest
from trainlab.explain.questions.learning_rate.regimes import Regimes
from trainlab.explain.questions.learning_rate.schedules_section import schedule_curve
from trainlab.explain.questions.learning_rate.step_section import OneStep
from trainlab.spec import Experiment


def effects_numbers(points: Sequence[RatePoint], regimes: Regimes) -> dict[str, Any]:
    """Return the grid of rates, and where it works, as plain data."""
    return {
        "rates": [{**point_dict(point), "regime": regimes.of(place)} for place, point in enumerate(points)],
        "regimes": {
            "best": list(regimes.best),
            "works": None
            if regimes.low < 0
            else {"low": points[regimes.low].rate, "high": points[regimes.high].rate},
            "exceptions": list(regimes.exceptions),
            "diverging": regimes.diverging,
        },
    }


def range_test_numbers(test: RangeTest) -> dict[str, Any]:
    """Return the range test as plain data."""
    return {
        name: value.tolist() if isinstance(value, np.ndarray) else value
        for name, value in asdict(test).items()
    }


def schedule_dict(
    named: NamedSchedule, experiment: Experiment, plateau: npt.NDArray[np.float64] | None
) -> dict[str, Any]:
    """Return a schedule with its rates over epochs as plain data."""
    curve = schedule_curve(named, experiment, plateau)
    return {
        "label": named.label,
        "toml": named.toml,
        "epochs": np.asarray(curve.x).tolist(),
        "rates": np.asarray(curve.median).tolist(),
    }


def with_lists(value: dict[str, Any]) -> dict[str, Any]:
    """Return a record whose tuples are lists."""
    return {
        key: list(cast("tuple[Any, ...]", each)) if isinstance(each, tuple) else each
        for key, each in value.items()
    }


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class LearningRateExplanation(Explanation):
    """The answer of `learning_rate`, with everything in it to compute on.

    `numbers` has: experiment, network (label, widths, parameters), module (null), cell, seeds; step;
    stability (a list of edges); sharpness (a list of places);
    rates (a list, one a rate), regimes; range_test (with the curve), suggestion (populations compared);
    schedules (label, toml, rates by epoch), comparison (populations compared); checks (against PyTorch).
    Where only some parts were asked for, `numbers` lacks what the others say, and their fields are None or
    empty.
    """

    experiment: Experiment
    step: OneStep | None
    stability: tuple[StabilityEdge, ...]
    sharpness: tuple[PlaceSharpness, ...]
    rates: tuple[RatePoint, ...]
    regimes: Regimes | None
    range_test: RangeTest | None
    suggestion: tuple[Compared, ...]
    schedules: tuple[NamedSchedule, ...]
    comparison: tuple[Compared, ...]
