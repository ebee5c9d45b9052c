"""The section on the best that one layer, and so any stack of linear ones, can do on the data."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

import numpy as np

from trainlab.draw import Cell, format_number, join
from trainlab.engine.network_pass import Array
from trainlab.explain.questions.neuron.affine import MOST_NUMBERS, AffineFit, Criterion
from trainlab.explain.questions.neuron.decompose import point_words
from trainlab.explain.questions.neuron.stack_depths import without_activations
from trainlab.maths import LOSSES
from trainlab.page.section import Section, Table, paragraphs
from trainlab.spec import Experiment, name_of, solved_words
from trainlab.spec.solved import Accuracy, LossBelow, Within

POINTS_SHOWN: Final = 8
WORDS: Final[dict[Criterion, str]] = {
    "squared": "mean squared error (MSE)",
    "absolute": "mean absolute error (L1)",
    "largest": "largest absolute error",
}


def hardest(fits: Sequence[Sequence[AffineFit]]) -> int:
    """Return which target has the greatest error left, by the largest error, or by the mean square."""
    return max(range(len(fits)), key=lambda at: fits[at][-1].least)


def affine_section(
    every: Sequence[Sequence[AffineFit]],
    at: int,
    points: Array,
    every_target: Array,
    *,
    can: bool | None,
    experiment: Experiment,
) -> Section:
    """Return the best that one affine map does on target `at`, with the proof that none is better."""
    fits, targets = every[at], every_target[:, at]
    shown = min(len(points), POINTS_SHOWN) if len(points) <= POINTS_SHOWN else 0
    rows: list[list[Cell]] = []
    for fit in fits:
        least = format_number(fit.least) if fit.exact is None else f"{fit.exact}, proved"
        rows.append([WORDS[fit.criterion], least, *(float(value) for value in fit.predictions[:shown])])
    proof = next((fit for fit in fits if fit.criterion == "largest"), fits[0]).proof
    if shown:
        rows.append(["target", None, *(float(value) for value in targets)])
        if proof is not None:
            rows.append(["weight in the proof", None, *(float(value) for value in _scaled(proof)[:shown])])
    return Section(
        name="affine",
        heading="The best that one layer can do",
        text=paragraphs(
            "Whatever its depth, a stack without activations is an affine map p = w·x + b of its inputs. "
            "The best of all of them, found exactly rather than by training"
            + (":" if len(every) == 1 else f", for target {at + 1} of {len(every)}, the hardest:"),
            _proof_words(fits, points, targets) if shown else "",
            _l1_words(fits, points),
            _can_words(can, experiment),
            ""
            if len(fits) > 1
            else f"With more than {MOST_NUMBERS:,} numbers only the squared error was minimised.",
        ),
        tables=(
            Table(
                title="The best affine maps, by what is made small",
                headers=[
                    "made small",
                    "least possible",
                    *(f"p{point_words(point)}" for point in points[:shown]),
                ],
                rows=rows,
            ),
        ),
    )


def can_be_solved(experiment: Experiment, fits: Sequence[Sequence[AffineFit]]) -> bool | None:
    """Return whether some affine map solves the task as the experiment says; None where that isn't known.

    An affine map is trained with the loss that takes its outputs, as the linear stacks are: of a loss of
    probabilities they are log-odds.
    Within ε: the least largest error must be below ε, of outputs that are predictions. Of log-odds, as for an
    accuracy of 1, classes must be linearly separable, which they are just if that error is below ½.
    """
    worst = [fit for each in fits for fit in each if fit.criterion == "largest"]
    if len(worst) < len(fits):
        return None
    solved, tag = experiment.solved, name_of(without_activations(experiment).loss)
    link, binary = LOSSES[tag].link, experiment.data().kind == "binary"
    largest = max(worst, key=lambda fit: fit.least)
    if isinstance(solved, Within) and link == "identity":
        return _below(largest, solved.within)
    if isinstance(solved, Within) and link == "sigmoid" and binary and solved.within < 0.5:
        return _below(largest, 0.5)
    if isinstance(solved, Accuracy) and solved.accuracy == 1 and binary and link in ("identity", "sigmoid"):
        return _below(largest, 0.5)
    if isinstance(solved, LossBelow) and len(fits) == 1 and tag in ("mse", "l1"):
        wanted = "squared" if tag == "mse" else "absolute"
        return next((_below(fit, solved.loss) for fit in fits[0] if fit.criterion == wanted), None)
    return None


def _below(fit: AffineFit, limit: float) -> bool | None:
    """Return whether the least error is below a limit; None if they are too near to tell without a proof."""
    if fit.exact is not None and fit.exact >= Fraction(limit):
        return False
    return None if abs(fit.least - limit) < 1e-7 else fit.least < limit


def _can_words(can: bool | None, experiment: Experiment) -> str:
    when = solved_words(experiment.solved)
    own, linear = name_of(experiment.loss), name_of(without_activations(experiment).loss)
    read = "" if own == linear else f" (trained with {linear} in place of {own}: its outputs are logits)"
    if can is None:
        return (
            f"Here a run is solved {when}; whether an affine map can do that{read} isn't settled by these "
            "errors."
        )
    if can:
        return (
            f"Here a run is solved {when}: an affine map can do that{read}, so this task needs no activation "
            "between layers."
        )
    return f"Here a run is solved {when}: no affine map does that{read}, however long it is trained."


def _proof_words(fits: Sequence[AffineFit], points: Array, targets: Array) -> str:
    """Return why no affine map is better, in the weights of the last row."""
    fit = next((each for each in fits if each.criterion == "largest"), None)
    if fit is None or fit.proof is None or fit.exact is None or not fit.exact:
        return ""
    proof = _scaled(fit.proof)
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


def _l1_words(fits: Sequence[AffineFit], points: Array) -> str:
    """Return what maps with the least absolute error have in common, and what not."""
    fit = next((each for each in fits if each.criterion == "absolute"), None)
    if fit is None or fit.ranges is None:
        return ""
    loose = fit.ranges[:, 1] - fit.ranges[:, 0] > 1e-6
    if not loose.any():
        return "By absolute error there is only one best map."
    spans = [
        f"{format_number(_tidy(low))} to {format_number(_tidy(high))} at {point_words(point)}"
        for (low, high), point, wide in zip(fit.ranges, points, loose, strict=True)
        if wide
    ]
    return (
        "By absolute error there are many best maps, and training may end at any of them: they predict "
        "anything from "
        f"{join(spans)}."
    )


def _scaled(proof: Sequence[Fraction]) -> list[Fraction]:
    """Return the weights as whole numbers as small as can be."""
    size = np.lcm.reduce([value.denominator for value in proof])
    whole = [value * int(size) for value in proof]
    common = np.gcd.reduce([int(value) for value in whole])
    return [value / int(common) for value in whole]


def _tidy(value: float) -> float:
    near = round(value, 6)
    return near if abs(value - near) < 1e-6 else value
