"""The least largest error of one affine map p = w·x + b on some data, and a proof that none does better.

A proof is a weight c for each data point with Σ c = 0 and Σ c x = 0: then Σ c p = 0 for every affine p, so
its errors e = p − t have Σ c e = −Σ c t, and by Hölder's inequality max|e| ≥ |Σ c t| / Σ|c|. The best c are
the dual solution of the linear program that finds p (Boyd & Vandenberghe, Convex Optimization, 2004, sections
5.2 and 6.1). A proof is checked in exact fractions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from importlib import import_module
from typing import Any, Final

import numpy as np

from trainlab.draw import Cell, format_number, without_noise, without_noise_by_column
from trainlab.engine.network_pass import Array
from trainlab.explain.questions.neuron.linear_stack import few_numbers
from trainlab.explain.questions.neuron.one_neuron import point_words
from trainlab.explain.questions.neuron.stacks import without_activations
from trainlab.maths import LOSSES
from trainlab.page.section import Section, Table, paragraphs
from trainlab.spec import Experiment, name_of, solved_words
from trainlab.spec.record import Accuracy, Within

MOST_NUMBERS: Final = 20_000
"""Of more points × inputs the linear program would take seconds."""

MOST_EXACT: Final = 2_000
"""Of more numbers than this a proof isn't checked in fractions."""

POINTS_SHOWN: Final = 8


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class AffineFit:
    """The affine map with the least largest error over data: ``weight [in]``, `bias`, and what it says there,
    ``predictions [points]``. `least` is its error; `exact` a lower bound for every affine map, as a fraction,
    or None where none was found; it is proved by ``proof [points]``.
    """

    least: float
    weight: Array
    bias: float
    predictions: Array
    exact: Fraction | None
    proof: tuple[Fraction, ...] | None

    def to_dict(self) -> dict[str, Any]:
        """Return the fit ready for JSON; fractions as text."""
        return {
            "least": self.least,
            "least_exact": None if self.exact is None else str(self.exact),
            "proof": None if self.proof is None else [str(value) for value in self.proof],
            "weight": few_numbers(self.weight),
            "bias": self.bias,
            "predictions": few_numbers(self.predictions),
        }


def best_affine(inputs: Array, targets: Array) -> AffineFit | None:
    """Return the best map from ``inputs [points, in]`` to ``targets [points]``: e is least with −e ≤ p − t ≤
    e.

    None of too many numbers, or if the solver gives up.
    """
    points, features = inputs.shape
    if points * (features + 1) > MOST_NUMBERS:
        return None
    design = np.hstack([inputs, np.ones((points, 1))])
    one = np.ones((points, 1))
    rows = np.vstack([np.hstack([design, -one]), np.hstack([-design, -one])])
    costs, limits = np.concatenate([np.zeros(features + 1), [1.0]]), np.concatenate([targets, -targets])
    linprog: Any = import_module("scipy.optimize").linprog
    found = linprog(costs, A_ub=rows, b_ub=limits, bounds=(None, None), method="highs")
    if found.status != 0:
        return None
    solution = np.asarray(found.x[: features + 1], dtype=np.float64)
    duals = -np.asarray(found.ineqlin.marginals, dtype=np.float64)
    proof, exact = _proved(inputs, targets, duals[points:] - duals[:points], float(found.fun))
    return AffineFit(
        least=float(found.fun),
        weight=solution[:-1],
        bias=float(solution[-1]),
        predictions=design @ solution,
        exact=exact,
        proof=proof,
    )


def _proved(
    inputs: Array, targets: Array, weights: Array, least: float
) -> tuple[tuple[Fraction, ...] | None, Fraction | None]:
    """Return the weights as fractions with the bound they prove, if they prove `least` up to rounding."""
    size = float(np.abs(weights).max(initial=0.0))
    if inputs.size > MOST_EXACT or size < 1e-9:
        return None, None
    simple = [Fraction(float(value) / size).limit_denominator(1000) for value in weights]
    for column in [*inputs.T.tolist(), [1.0] * len(simple)]:
        if sum((c * Fraction(x) for c, x in zip(simple, column, strict=True)), Fraction(0)):
            return None, None
    dot = sum((c * Fraction(t) for c, t in zip(simple, targets.tolist(), strict=True)), Fraction(0))
    proved = abs(dot) / sum((abs(c) for c in simple), Fraction(0))
    if abs(float(proved) - least) > 1e-7 * max(1.0, abs(least)):
        return None, None
    return tuple(simple), proved


def can_be_solved(experiment: Experiment, fits: Sequence[AffineFit]) -> bool | None:
    """Return whether some affine map solves the task as the experiment says; None where that isn't known.

    An affine map is trained with the loss that takes its outputs, as the linear stacks are: of a loss of
    probabilities they are log-odds.
    Within ε: the least largest error must be below ε, of outputs that are predictions. Of log-odds, as for an
    accuracy of 1, classes must be linearly separable, which they are just if that error is below ½.
    """
    if not fits:
        return None
    solved, link = experiment.solved, LOSSES[name_of(without_activations(experiment).loss)].link
    binary = experiment.data().kind == "binary"
    largest = max(fits, key=lambda fit: fit.least)
    if isinstance(solved, Within) and link == "identity":
        return _below(largest, solved.within)
    if isinstance(solved, Within) and link == "sigmoid" and binary and solved.within < 0.5:
        return _below(largest, 0.5)
    if isinstance(solved, Accuracy) and solved.accuracy == 1 and binary and link in ("identity", "sigmoid"):
        return _below(largest, 0.5)
    return None


def _below(fit: AffineFit, limit: float) -> bool | None:
    """Return whether the least error is below a limit; None if they are too near to tell without a proof."""
    if fit.exact is not None and fit.exact >= Fraction(limit):
        return False
    return None if abs(fit.least - limit) < 1e-7 else fit.least < limit


# The section: the best that one layer, and so any stack of linear ones, can do on the data.


def affine_section(experiment: Experiment, fits: Sequence[AffineFit]) -> Section | str:
    """Return the best that one affine map does on the target that is hardest, with the proof; or why not."""
    if not fits:
        return f"with more than {MOST_NUMBERS:,} numbers the best affine map isn't looked for."
    at = max(range(len(fits)), key=lambda each: fits[each].least)
    task = experiment.data()
    fit, points, target = fits[at], without_noise_by_column(task.inputs), task.targets[:, at]
    few = len(points) <= POINTS_SHOWN
    shown, size = points if few else points[:0], float(np.abs(target).max(initial=0.0))
    least = format_number(fit.least) if fit.exact is None else f"{fit.exact}, proved"
    predicted = without_noise(fit.predictions[: len(shown)], size=size)
    rows: list[list[Cell]] = [["largest absolute error", least, *predicted.tolist()]]
    if few:
        rows.append(["target", None, *without_noise(target).tolist()])
    if few and fit.proof is not None:
        rows.append(["weight in the proof", None, *(float(value) for value in _whole_numbers(fit.proof))])
    return Section(
        name="affine",
        heading="The best that one layer can do",
        text=paragraphs(
            "Whatever its depth, a stack without activations is an affine map p = w·x + b of its inputs. "
            "Here is the best of them all, found exactly rather than by training"
            + (":" if len(fits) == 1 else f", for target {at + 1} of {len(fits)}, the hardest:"),
            _proof_words(fit, points, target) if few else "",
            _can_words(can_be_solved(experiment, fits), experiment),
        ),
        tables=(
            Table(
                title="The affine map with the least largest error",
                headers=["made small", "least possible", *(f"p{point_words(point)}" for point in shown)],
                rows=rows,
            ),
        ),
    )


def _can_words(can: bool | None, experiment: Experiment) -> str:
    when = solved_words(experiment.solved)
    own, linear = name_of(experiment.loss), name_of(without_activations(experiment).loss)
    read = "" if own == linear else f" (trained with {linear} in place of {own}: its outputs are logits)"
    if can is None:
        return f"Here a run is solved {when}; whether an affine map can{read} isn't settled by this error."
    if can:
        return (
            f"Here a run is solved {when}: an affine map can do that{read}, so this task needs no activation "
            "between layers."
        )
    return f"Here a run is solved {when}: no affine map does that{read}, however long it is trained."


def _proof_words(fit: AffineFit, points: Array, targets: Array) -> str:
    """Return why no affine map is better, in the weights of the last row."""
    if fit.proof is None or not fit.exact:
        return ""
    proof = _whole_numbers(fit.proof)
    values = [c * Fraction(float(t)) for c, t in zip(proof, targets, strict=True)]
    sizes = sum((abs(c) for c in proof), Fraction(0))
    sides = [
        " + ".join(
            f"{'' if abs(proof[at]) == 1 else f'{abs(proof[at])} '}p{point_words(points[at])}"
            for at in range(len(points))
            if proof[at] * sign > 0
        )
        for sign in (1, -1)
    ]
    left, right = (
        abs(sum((value for value, c in zip(values, proof, strict=True) if c * sign > 0), Fraction(0)))
        for sign in (1, -1)
    )
    return (
        f"Every affine map has {sides[0]} = {sides[1]}. Of the targets the left side is "
        f"{format_number(float(left))}, the right {format_number(float(right))}: they are "
        f"{abs(sum(values))} apart, the "
        "errors at these points have to make up for that, and so the largest is at least "
        f"{abs(sum(values))}/{sizes} = "
        f"{fit.exact} (checked in exact fractions)."
    )


def _whole_numbers(proof: Sequence[Fraction]) -> list[Fraction]:
    """Return the weights as whole numbers as small as can be."""
    size = np.lcm.reduce([value.denominator for value in proof])
    whole = [value * int(size) for value in proof]
    common = np.gcd.reduce([int(value) for value in whole])
    return [value / int(common) for value in whole]
