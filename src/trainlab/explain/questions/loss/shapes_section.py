"""Losses drawn: against the error, or against the last sum z of an output whose class is 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from trainlab.draw import Cell, Curve, Picture, curves
from trainlab.explain.questions.loss.gradients import arriving
from trainlab.explain.questions.loss.loss_signatures import is_distance
from trainlab.explain.subject.loss import loss_name
from trainlab.maths import ACTIVATIONS, LOSSES
from trainlab.maths import Loss as Entry
from trainlab.page.section import Section, Table
from trainlab.spec import Loss, loss_entry
from trainlab.tasks import Kind

Array = npt.NDArray[np.float64]

ERRORS = np.linspace(-3, 3, 121)
SUMS = np.linspace(-8, 8, 161)
PROBABILITIES = (1.0, 0.9, 0.5, 0.1, 0.01, 1e-3, 1e-6)
CLASSES = 3

DRAWN: dict[str, tuple[tuple[str, str], ...]] = {
    "regression": tuple(("linear", loss) for loss in LOSSES if is_distance(loss)),
    "binary": (
        ("linear", "bce_with_logits"),
        ("sigmoid", "mse"),
        ("sigmoid", "l1"),
        ("tanh", "mse"),
        ("linear", "hinge"),
        ("sigmoid", "bce_with_logits"),
    ),
    "classes": (
        ("linear", "cross_entropy"),
        ("softmax", "mse"),
        ("softmax", "cross_entropy"),
        ("softmax", "nll"),
    ),
}
"""For each kind of task, the pairs of output and loss that are drawn."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Shape:
    """A loss of one example after an output: ``x [n]`` an error or a sum z, ``value`` and ``slope`` there."""

    output: str
    loss: str
    x: Array
    value: Array
    slope: Array

    @property
    def label(self) -> str:
        """Output and loss, the loss alone after a linear output that it is a distance of."""
        if is_distance(self.loss) and self.output == "linear":
            return self.loss
        return f"{self.output} + {self.loss}"

    def to_dict(self) -> dict[str, Any]:
        """Return output, loss and three lists."""
        numbers = {name: getattr(self, name).tolist() for name in ("x", "value", "slope")}
        return {"output": self.output, "loss": self.loss, **numbers}


def shape(kind: Kind, output: str, loss: str, *, own: Entry | None = None, **settings: Any) -> Shape:
    """Return the loss of one example and its slope: against p − y for a regression, against z for classes.

    `own` is the loss itself where no table has it. Of two classes the target is 1. Of many, three here, z is
    the sum of the right class, the others' are 0.
    """
    if kind == "regression":
        z, y = ERRORS[:, None], np.zeros((len(ERRORS), 1))
    elif kind == "binary":
        z, y = SUMS[:, None], np.ones((len(SUMS), 1))
    else:
        z = np.concatenate([SUMS[:, None], np.zeros((len(SUMS), CLASSES - 1))], axis=1)
        y = np.zeros_like(z)
        y[:, 0] = 1.0
    outputs = ACTIVATIONS[output].value(z)
    entry = own or LOSSES[loss]
    values = [entry.value(outputs[[row]], y[[row]], **settings) for row in range(len(z))]
    # What arrives from one example: its terms, if the mean is over them, share its loss.
    slopes = arriving(output, entry, z, y, **settings)[:, 0]
    shared = z.shape[1] if entry.mean_over == "elements" else 1
    return Shape(output=output, loss=loss, x=z[:, 0], value=np.array(values), slope=slopes / shared)


def drawn_pairs(kind: Kind, own: tuple[str, str], named: Sequence[str]) -> list[tuple[str, str]]:
    """Return the pairs to draw: one's own first, then those that `named` losses, or the usual ones, make."""
    usual = [pair for pair in DRAWN[kind] if not named or pair[1] in named]
    added = [(own[0], loss) for loss in named if loss not in {pair[1] for pair in usual}]
    fits = [
        pair
        for pair in (own, *usual, *added)
        if kind == "classes" or pair[0] not in ("softmax", "log_softmax")
    ]
    if kind == "regression":
        # The error is the error, whatever the output that made it.
        fits = [("linear", loss) for _, loss in fits]
    if kind == "binary":
        fits = [pair for pair in fits if pair[1] not in ("cross_entropy", "nll")]
    return [
        pair
        for pair in dict.fromkeys(fits)
        if not (pair[1] == "bce" and pair[0] not in ("sigmoid", "softmax"))
    ]


def shapes_section(kind: Kind, loss: Loss, output: str, named: Sequence[str]) -> tuple[Section, list[Shape]]:
    """Draw each loss and its slope, and say in a table what they are at a few places."""
    own = (output, loss_name(loss))
    made: list[Shape] = []
    for pair in drawn_pairs(kind, own, named):
        if pair[1] == own[1]:
            made.append(shape(kind, *pair, own=loss_entry(loss), **msgspec.structs.asdict(loss)))
        else:
            made.append(shape(kind, *pair))
    across = {
        "regression": "Error p − y",
        "binary": "Last sum z; the target is 1",
        "classes": f"Sum z of the right class; the {CLASSES - 1} others' are 0",
    }[kind]
    pictures = tuple(
        _picture(made, across, heading, pick)
        for heading, pick in (("Loss", "value"), ("Slope ∂loss/∂z", "slope"))
    )
    tables = (_values(kind, made),) if kind == "regression" else (_values(kind, made), log_table())
    words = {
        "regression": (
            "The slope is how hard an example pulls. Under mse it grows with the error, under l1 it is 1 "
            "whatever the error, and jumps at 0; huber, smooth_l1 and log_cosh go from the one to the other.",
        ),
        "binary": (
            "At the far left the answer is certainly wrong. With logits the slope goes to −1 there: the more "
            "wrong, the stronger the pull, up to that. After a sigmoid, mse and l1 lose it to the factor "
            "p·(1 − p): the curve is flat where the network is most wrong.",
        ),
        "classes": (
            "At the far left the right class is given almost no probability. Cross-entropy pulls with nearly "
            "1 there; what has a softmax before it and no logarithm after it hardly pulls at all.",
        ),
    }[kind]
    return Section(
        name="shapes", heading="Losses and their slopes", text=words, pictures=pictures, tables=tables
    ), made


def _picture(made: Sequence[Shape], across: str, heading: str, pick: str) -> Picture:
    return curves(
        [Curve(label=each.label, x=each.x, median=getattr(each, pick)) for each in made],
        x_label=across,
        y_label=heading,
        title=f"{heading} of one example",
    )


def _values(kind: Kind, made: Sequence[Shape]) -> Table:
    """Return a row for each loss: value and slope at a few errors or sums."""
    places = (0.1, 1.0, 3.0) if kind == "regression" else (-8.0, -2.0, 0.0, 2.0)
    what = "error" if kind == "regression" else "z"
    headers = ["Loss"]
    for place in places:
        shown = f"{place:g}".replace("-", "−")
        headers += [f"at {what} {shown}", "slope"]
    rows: list[list[Cell]] = []
    for each in made:
        row: list[Cell] = [each.label]
        for place in places:
            index = int(np.abs(each.x - place).argmin())
            row += [float(each.value[index]), float(each.slope[index])]
        rows.append(row)
    return Table(title="Value and slope", headers=headers, rows=rows)


def log_table() -> Table:
    """Return what losses make of the probability p that the right answer is given."""
    rows: list[list[Cell]] = []
    for p in PROBABILITIES:
        row: list[Cell] = [p, 0.0 if p == 1 else -float(np.log(p)), (1 - p) ** 2, 1 - p]
        rows.append([*row, p - 1, 2 * (p - 1) * p * (1 - p)])
    return Table(
        title="What the logarithm does to a right answer given with the probability p",
        headers=["p", "−ln p", "(1 − p)²", "1 − p", "slope of −ln p at z", "slope of (1 − p)² at z"],
        rows=rows,
    )
