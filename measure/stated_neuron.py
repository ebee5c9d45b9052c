"""What the assignment states on neurons."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from measure import statements
from measure.blocks import PICTURES, ROOT, percent
from measure.statements import Answer, Found, Outcome, Statement
from trainlab.draw import format_number, join
from trainlab.maths import ACTIVATIONS
from trainlab.stats import Rate

PAGE, PLACE, ASKED = "neuron", "question 1", "`trainlab explain neuron`"
BELOW = -1.0
"""A weighted sum at which a neuron is said not to be active."""


def neuron_gaps(found: Found) -> dict[str, float]:
    """Return how far a neuron's sum and output, made again by hand, are from those that were told."""
    one = found.explained.neuron.numbers["neuron"]
    total = sum(each["product"] for each in one["contributions"]) + one["bias"]
    output = float(ACTIVATIONS[one["activation"]].value(np.array([one["sum"]]))[0])
    gap = found.explained.neuron.autograd_difference
    assert gap is not None
    return {
        "its sum, by hand": abs(total - one["sum"]),
        "f of the sum": abs(output - one["output"]),
        "all of it by PyTorch": gap,
    }


def _sum(found: Found) -> Mapping[str, Any]:
    gaps = neuron_gaps(found)
    return {"gaps": {name: gaps[name] for name in ("its sum, by hand", "all of it by PyTorch")}}


def _activation(found: Found) -> Mapping[str, Any]:
    gaps = neuron_gaps(found)
    return {"gaps": {name: gaps[name] for name in ("f of the sum", "all of it by PyTorch")}}


def decides(*, passed: Mapping[str, tuple[float, float]]) -> Answer:
    """An activation says whether a neuron is active: where it isn't, neither output nor slope is left.

    `passed` has output and slope of each activation at a sum of −1.
    """
    outcomes: dict[str, Outcome] = {
        name: "upheld" if output == slope == 0 else "refuted" for name, (output, slope) in passed.items()
    }
    told = join(
        [
            f"{name} {format_number(output, digits=2)} (slope {format_number(slope, digits=2)})"
            for name, (output, slope) in passed.items()
        ]
    )
    return statements.parts(outcomes=outcomes, number=told, told="Output at a sum of −1.")


def _decides(found: Found) -> Mapping[str, Any]:
    at = np.array([BELOW])
    passed: dict[str, tuple[float, float]] = {}
    for name in ("relu", "tanh", "sigmoid"):
        activation = ACTIVATIONS[name]
        assert activation.derivative is not None
        passed[name] = float(activation.value(at)[0]), float(activation.derivative(at)[0])
    return {"passed": passed}


def collapses(*, gap: float, solved: Mapping[int, Rate]) -> Answer:
    """Stacks of linear layers are one linear layer: the same outputs, and none solves XOR.

    `solved` is by how many layers; `gap` how far a stack's outputs are from those of its single layer.
    """
    facts = {f"none of {layers} layers solves it": each.k == 0 for layers, each in solved.items()}
    answer = statements.exact(gaps={"the stack and its single layer": gap}, facts=facts)
    upper = math.ceil(1000 * max(each.high for each in solved.values())) / 10
    seeds = sum(each.k for each in solved.values())
    stacks = f"{len(solved)} linear stacks of {min(solved)} to {max(solved)} layers"
    told = f"{answer.told} {stacks} solve XOR on {seeds} "
    return Answer(
        outcome=answer.outcome,
        number=f"solved at most {100 * max(each.estimate for each in solved.values()):.1f} %",
        told=f"{told}seeds: the interval ends below {upper:g} % each.",
    )


def _collapses(found: Found) -> Mapping[str, Any]:
    neuron = found.explained.neuron
    numbers = neuron.numbers["stack"]
    return {
        "gap": max(numbers["data_difference"], numbers["random_difference"]),
        "solved": {each.layers: each.linear for each in neuron.stacks},
    }


def differ(*, stacks: Mapping[int, tuple[Rate, float, float]]) -> Answer:
    """With activations they don't: each deeper stack solves more than without, after Holm's correction.

    `stacks` has, by how many layers, the share solved with activations, its difference to that without, and
    the p-value of that.
    """
    outcomes: dict[str, Outcome] = {
        f"{layers} layers": "mixed" if p >= 0.05 else "upheld" if difference > 0 else "refuted"
        for layers, (_, difference, p) in stacks.items()
    }
    number = ", ".join(percent(solved) for solved, _, _ in stacks.values())
    return statements.parts(outcomes=outcomes, number=number, told="Solved with tanh.")


def _differ(found: Found) -> Mapping[str, Any]:
    deep = [each for each in found.explained.neuron.stacks if each.layers > 1]
    return {"stacks": {each.layers: (each.active, each.difference.estimate, each.p) for each in deep}}


def _pictures(found: Found) -> Mapping[str, Any]:
    drawn = sorted((ROOT / PICTURES).glob("neuron-*.svg"))
    return {"facts": {"pictures on the page": bool(drawn)}, "number": f"{len(drawn)} of our own"}


STATEMENTS: tuple[Statement, ...] = (
    Statement(
        number="32",
        said="A neuron is an accumulator, a weighted sum plus a bias.",
        place=PLACE,
        asked=f"{ASKED}: one neuron, added up by hand",
        rule=statements.exact,
        read=_sum,
        page=PAGE,
        seeds="1",
    ),
    Statement(
        number="33",
        said="An activation follows the sum.",
        place=PLACE,
        asked=f"{ASKED}: the same neuron's output and slope",
        rule=statements.exact,
        read=_activation,
        page=PAGE,
        seeds="1",
    ),
    Statement(
        number="34",
        said="The activation decides whether a neuron is active.",
        place=PLACE,
        asked="formulas: what is left of a sum of −1",
        rule=decides,
        read=_decides,
        page=PAGE,
        note="A decision of ReLU; tanh and sigmoid grade, and let everything through.",
    ),
    Statement(
        number="35",
        said="Without activations stacked layers collapse into one linear layer.",
        place=PLACE,
        asked=f"{ASKED}: the product of the layers, and stacks trained",
        rule=collapses,
        read=_collapses,
        page=PAGE,
        seeds="1,000 each",
    ),
    Statement(
        number="36",
        said="With activations they don't.",
        place=PLACE,
        asked=f"{ASKED}: the same stacks with tanh",
        rule=differ,
        read=_differ,
        page=PAGE,
        seeds="1,000 each",
    ),
    Statement(
        number="37",
        said="Neurons are modelled on the brain's, and a network has a memory.",
        place=PLACE,
        asked="nothing",
        rule=statements.untestable,
        read=lambda found: {
            "why": "A likeness, told in prose: nothing that is computed or trained could refute it."
        },
        page=PAGE,
    ),
    Statement(
        number="38",
        said="Four pictures show a neuron and its layers.",
        place=PLACE,
        asked="the page's own pictures",
        rule=statements.done,
        read=_pictures,
        page=PAGE,
    ),
)
