"""What the assignment states about the chain rule."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from measure import statements
from measure.stated_neuron import neuron_gaps
from measure.statements import Answer, Found, Outcome, Question, Statement
from trainlab.draw import format_number

PAGE, PLACE, ASKED = "chain_rule", "question 5", "`trainlab explain chain-rule`"
_statement = partial(Question(page=PAGE, place=PLACE, command=ASKED).statement, seeds="1")
DRAWN = "4-3-2-1"


def _checks(*names: str) -> Any:
    def read(found: Found) -> Mapping[str, Any]:
        checks = found.explained.chain_rule.numbers["checks"]
        gaps = {name.replace("_", " "): abs(checks["paths"] - checks[name]) for name in names}
        return {
            "gaps": gaps,
            "more": f" {found.explained.chain_rule.weight}: {format_number(checks['paths'])}.",
        }

    return read


def _all_weights(found: Found) -> Mapping[str, Any]:
    checks = found.explained.chain_rule.numbers["checks"]
    return {"gaps": {"all weights' derivatives, relatively": checks["autograd_all_weights"]}}


def _forward(found: Found) -> Mapping[str, Any]:
    return {"gaps": neuron_gaps(found)}


def _drawing(found: Found) -> Mapping[str, Any]:
    label = found.explained.chain_rule.numbers["network"]["label"]
    return {
        "facts": {f"the page is on {DRAWN}": label == DRAWN},
        "number": label,
        "told": "Four inputs, hidden layers of 3 and 2 neurons, one output; weights are named source "
        "first, so that "
        "w¹₄₃ goes from input 4 to neuron 3 of layer 1.",
    }


def _paths(found: Found) -> Mapping[str, Any]:
    return {"found": {"paths": found.explained.chain_rule.path_count}, "wanted": {"paths": 2}}


def _update(found: Found) -> Mapping[str, Any]:
    checks = found.explained.learning_rate.numbers["checks"]
    gap = next(each["difference"] for each in checks if each["what"] == "the new weight")
    return {"gaps": {"the new weight by hand and by `torch.optim.SGD`": gap}}


def downhill(*, start: float, lowest: float, best: float, back: float | None) -> Answer:
    """A step against the gradient goes downhill: the loss falls, however long the step.

    `lowest` is reached at the rate `best`; from the rate `back` on it is higher than before, None if never.
    """
    outcomes: dict[str, Outcome] = {
        "a short step": "upheld" if lowest < start else "refuted",
        "any step": "upheld" if back is None and lowest < start else "refuted",
    }
    number = f"{format_number(start)} → {format_number(lowest)} at {format_number(best)}"
    tail = "" if back is None else f" From {format_number(back)} on it is higher than before."
    return statements.parts(outcomes=outcomes, number=number, told=f"The loss along the step.{tail}")


def _downhill(found: Found) -> Mapping[str, Any]:
    line = found.explained.chain_rule.numbers["downhill"]["line"]
    return {
        "start": line["losses"][0],
        "lowest": min(line["losses"]),
        "best": line["best"],
        "back": line["back"],
    }


def swapped(*, losses: tuple[float, float], slopes: tuple[float, float]) -> Answer:
    """y and ŷ may change places: neither the loss nor its slope notices.

    Each is of (y − ŷ)², as it ought to be and with the two swapped; slopes by the prediction, so that the
    swapped one is by the target.
    """
    outcomes: dict[str, Outcome] = {
        "the loss": "upheld" if losses[0] == losses[1] else "refuted",
        "its slope": "upheld" if slopes[0] == slopes[1] else "refuted",
    }
    number = ", ".join(
        f"{name} {format_number(a)} and {format_number(b)}"
        for name, (a, b) in (("loss", losses), ("slope", slopes))
    )
    told = (
        "At y = 1, ŷ = 0.25. A slip in writing: the squared loss stays the same, but a step would go uphill."
    )
    return statements.parts(outcomes=outcomes, number=number, told=told)


def _swapped(found: Found) -> Mapping[str, Any]:
    y, guess = 1.0, 0.25
    return {"losses": ((y - guess) ** 2, (guess - y) ** 2), "slopes": (2 * (guess - y), 2 * (y - guess))}


STATEMENTS: tuple[Statement, ...] = (
    _statement(
        "89",
        "The derivative of a composite function is a product of local ones.",
        "by paths and backward",
        statements.exact,
        _checks("backward"),
    ),
    _statement(
        "90", "A neuron's output is O = f(w·x + b).", "one neuron by hand", statements.exact, _forward
    ),
    _statement(
        "91", "The drawing: 4-3-2-1, weights named source first.", "its network", statements.done, _drawing
    ),
    _statement(
        "92",
        "Two paths lead from w¹₄₃ to the loss, and are added up.",
        "paths counted",
        statements.alike,
        _paths,
    ),
    _statement(
        "93",
        "The formulas of ∂L/∂w for each layer.",
        "all weights, against autograd",
        statements.exact,
        _all_weights,
    ),
    _statement(
        "94",
        "Each weight is updated with its derivative.",
        "one step, against PyTorch",
        statements.exact,
        _update,
    ),
    _statement(
        "95", "The step goes downhill on the loss surface.", "the loss along the step", downhill, _downhill
    ),
    _statement("96", "y is the prediction and ŷ the target.", "a squared loss, both ways", swapped, _swapped),
)
