"""The best that one affine map p = w·x + b can do on some data, and a proof that none does better.

A proof is a weight c for each data point with Σ c = 0 and Σ c x = 0: then Σ c p = 0 for every affine p, so
its errors e = p − t have Σ c e = −Σ c t, and by Hölder's inequality max|e| ≥ |Σ c t| / Σ|c|,
Σ|e| ≥ |Σ c t| / max|c| and Σ e² ≥ (Σ c t)² / Σ c². The best c are the dual
solution of the linear program that finds p (Boyd & Vandenberghe, Convex Optimization, 2004, sections 5.2 and
6.1), or the residuals of least squares. A proof is checked in exact fractions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from importlib import import_module
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from trainlab.explain.questions.neuron.linear_stack import few_numbers

Array = npt.NDArray[np.float64]
Criterion = Literal["squared", "absolute", "largest"]

MOST_NUMBERS: Final = 20_000
"""Of more points × inputs the linear programs would take seconds; only least squares is done."""

MOST_EXACT: Final = 2_000
"""Of more numbers than this a proof isn't checked in fractions."""

MOST_RANGES: Final = 8
"""Of no more points than this it is worked out what the equally good maps say at each."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class AffineFit:
    """The affine map with the least mean squared, mean absolute or largest error over data.

    ``weight [in]`` and `bias` are one such map, ``predictions [points]`` what it says. `least` is its error;
    `exact` a lower bound for every affine map, as a fraction, or None where none was found; it is proved by
    ``proof [points]``. ``ranges [points, 2]`` are the least and the most that equally good maps predict at
    each point, where there may be several.
    """

    criterion: Criterion
    least: float
    weight: Array
    bias: float
    predictions: Array
    exact: Fraction | None
    proof: tuple[Fraction, ...] | None
    ranges: Array | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the fit ready for JSON; fractions as text."""
        return {
            "criterion": self.criterion,
            "least": self.least,
            "least_exact": None if self.exact is None else str(self.exact),
            "proof": None if self.proof is None else [str(value) for value in self.proof],
            "weight": few_numbers(self.weight),
            "bias": self.bias,
            "predictions": few_numbers(self.predictions),
            "ranges": None if self.ranges is None else self.ranges.tolist(),
        }


def best_affine(inputs: Array, targets: Array) -> tuple[AffineFit, ...]:
    """Return the best maps from ``inputs [points, in]`` to ``targets [points]``, by each criterion.

    With many numbers only least squares.
    """
    fits: list[AffineFit | None] = [_least_squares(inputs, targets)]
    if inputs.shape[0] * (inputs.shape[1] + 1) <= MOST_NUMBERS:
        fits += [_absolute(inputs, targets), _largest(inputs, targets)]
    return tuple(fit for fit in fits if fit is not None)


def _least_squares(inputs: Array, targets: Array) -> AffineFit:
    design = _design(inputs)
    solution = np.linalg.lstsq(design, targets, rcond=None)[0].astype(np.float64)
    errors = design @ solution - targets
    least = float(np.mean(errors**2))
    proof, exact = _proved(
        inputs, targets, errors, least, lambda c, dot: dot * dot / sum(x * x for x in c) / len(c)
    )
    return _fit("squared", inputs, solution, least, exact, proof)


def _absolute(inputs: Array, targets: Array) -> AffineFit | None:
    """Minimise Σ |pᵢ − tᵢ| by the dual program: maximise Σ cᵢtᵢ with Σ cᵢ = 0, Σ cᵢxᵢ = 0 and |cᵢ| ≤ 1. None
    if the solver gives up. It needs no error eᵢ for each point, so no matrix of points × points.
    """
    design, points = _design(inputs), len(targets)
    linprog: Any = import_module("scipy.optimize").linprog
    zeros = np.zeros(design.shape[1])
    found = linprog(-targets, A_eq=design.T, b_eq=zeros, bounds=(-1.0, 1.0), method="highs")
    if found.status != 0:
        return None
    solution = -np.asarray(found.eqlin.marginals, dtype=np.float64)
    least = -float(found.fun) / points
    proof, exact = _proved(
        inputs,
        targets,
        np.asarray(found.x, dtype=np.float64),
        least,
        lambda c, dot: abs(dot) / max(abs(x) for x in c) / len(c),
    )
    ranges = _ranges(design, targets, points * least) if points <= MOST_RANGES else None
    return _fit("absolute", inputs, solution, least, exact, proof, ranges)


def _largest(inputs: Array, targets: Array) -> AffineFit | None:
    """Minimise e under −e ≤ pᵢ − tᵢ ≤ e; None if the solver gives up."""
    design, points = _design(inputs), len(targets)
    one = np.ones((points, 1))
    rows = np.vstack([np.hstack([design, -one]), np.hstack([-design, -one])])
    costs = np.concatenate([np.zeros(design.shape[1]), [1.0]])
    found = _linear_program(costs, rows, np.concatenate([targets, -targets]))
    if found.status != 0:
        return None
    solution, least = found.x[: design.shape[1]], float(found.fun)
    proof, exact = _proved(
        inputs, targets, _dual(found), least, lambda c, dot: abs(dot) / sum(abs(x) for x in c)
    )
    return _fit("largest", inputs, solution, least, exact, proof)


def _fit(
    criterion: Criterion,
    inputs: Array,
    solution: Array,
    least: float,
    exact: Fraction | None,
    proof: tuple[Fraction, ...] | None,
    ranges: Array | None = None,
) -> AffineFit:
    return AffineFit(
        criterion=criterion,
        least=least,
        weight=solution[:-1],
        bias=float(solution[-1]),
        predictions=_design(inputs) @ solution,
        exact=exact,
        proof=proof,
        ranges=ranges,
    )


def _design(inputs: Array) -> Array:
    return np.hstack([inputs, np.ones((len(inputs), 1))])


def _linear_program(costs: Array, rows: Array, limits: Array) -> Any:
    linprog: Any = import_module("scipy.optimize").linprog
    return linprog(costs, A_ub=rows, b_ub=limits, bounds=(None, None), method="highs")


def _dual(found: Any) -> Array:
    """Return for each point the dual variable of its lower constraint less that of its upper one."""
    duals = -np.asarray(found.ineqlin.marginals, dtype=np.float64)
    points = len(duals) // 2
    return duals[points:] - duals[:points]


def _ranges(design: Array, targets: Array, least: float) -> Array:
    """Return the least and most that maps with Σ eᵢ no more than the `least` predict at each point, where
    −eᵢ ≤ pᵢ − tᵢ ≤ eᵢ.
    """
    points = len(targets)
    costs = np.concatenate([np.zeros(design.shape[1]), np.ones(points)])
    above, below = (np.hstack([sign * design, -np.eye(points)]) for sign in (1.0, -1.0))
    rows = np.vstack([above, below, costs])
    limits = np.concatenate([targets, -targets, [least + 1e-9]])
    found = np.empty((len(design), 2))
    for place, row in enumerate(design):
        aim = np.concatenate([row, np.zeros(len(costs) - len(row))])
        for side, sign in enumerate((1.0, -1.0)):
            end = _linear_program(sign * aim, rows, limits)
            found[place, side] = sign * float(end.fun) if end.status == 0 else -sign * np.inf
    return found


def _proved(
    inputs: Array,
    targets: Array,
    weights: Array,
    least: float,
    bound: Callable[[list[Fraction], Fraction], Fraction],
) -> tuple[tuple[Fraction, ...] | None, Fraction | None]:
    """Return the weights as fractions with the bound they prove, if they prove `least` up to rounding."""
    size = float(np.abs(weights).max(initial=0.0))
    if inputs.size > MOST_EXACT or size < 1e-9:
        return None, None
    simple = [Fraction(float(value) / size).limit_denominator(1000) for value in weights]
    columns = [*inputs.T.tolist(), [1.0] * len(simple)]
    for column in columns:
        if sum((c * Fraction(x) for c, x in zip(simple, column, strict=True)), Fraction(0)):
            return None, None
    dot = sum((c * Fraction(t) for c, t in zip(simple, targets.tolist(), strict=True)), Fraction(0))
    proved = bound(simple, dot)
    if abs(float(proved) - least) > 1e-7 * max(1.0, abs(least)):
        return None, None
    return tuple(simple), proved
