"""Losses drawn, and a network's loss on its data, point by point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from trainlab.draw import Cell, Curve, Picture, curves, format_number, without_noise_by_column
from trainlab.engine.network_pass import Array, Layer, forward, initial_layers
from trainlab.explain.module_copy import torch_or_none
from trainlab.explain.network import loss_name
from trainlab.explain.questions.loss.rules import arriving, is_distance
from trainlab.maths import ACTIVATIONS, LINKS, LOSSES
from trainlab.maths import Loss as Entry
from trainlab.page.section import Section, Table
from trainlab.plain import Plain
from trainlab.spec import Experiment, Loss, loss_entry
from trainlab.tasks import Kind

SHOWN_FEATURES = 4
SHOWN = 20
"""As many as a table shows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Point(Plain):
    """One example under the loss; lists have an entry an output.

    `output` is what the loss is fed, `prediction` what that stands for; `loss` the loss of this example,
    `share` its part in the total (None if that is 0), and `gradient` ∂loss/∂z at the last sums.
    """

    _written = "target output prediction error loss share gradient"

    inputs: tuple[float, ...]
    target: tuple[float, ...]
    output: tuple[float, ...]
    prediction: tuple[float, ...]
    error: tuple[float, ...]
    loss: float
    share: float | None
    gradient: tuple[float, ...]


def points_of(experiment: Experiment, layers: Sequence[Layer]) -> tuple[Point, ...]:
    """Return each training example of an experiment under these layers."""
    data = experiment.data()
    passed = forward(layers, data.inputs)[-1]
    return points_from(
        inputs=data.inputs,
        targets=data.targets,
        outputs=passed.outputs,
        gradients=example_gradients(experiment.loss, layers[-1].activation, passed.sums, data.targets),
        loss=experiment.loss,
    )


def example_gradients(loss: Loss, output: str, sums: Array, targets: Array) -> Array:
    """Return ∂ℓ/∂z ``[examples, outputs]``, ℓ the loss of each example alone."""
    settings: dict[str, Any] = msgspec.structs.asdict(loss)
    entry = loss_entry(loss)
    terms = arriving(output, entry, sums, targets, **settings)
    return terms / (sums.shape[1] if entry.mean_over == "elements" else 1)


def points_from(
    *, inputs: Array, targets: Array, outputs: Array, gradients: Array, loss: Loss
) -> tuple[Point, ...]:
    """Return each example; all arrays have a row an example."""
    entry, settings = loss_entry(loss), msgspec.structs.asdict(loss)
    values = [entry.value(outputs[[row]], targets[[row]], **settings) for row in range(len(inputs))]
    predictions = LINKS[entry.link].value(outputs)
    total = float(np.sum(values))
    return tuple(
        Point(
            inputs=_plain(inputs[row].ravel()),
            target=_plain(targets[row]),
            output=_plain(outputs[row]),
            prediction=_plain(predictions[row]),
            error=_plain(predictions[row] - targets[row]),
            loss=float(values[row]),
            share=float(values[row] / total) if total > 0 else None,
            gradient=_plain(gradients[row]),
        )
        for row in range(len(inputs))
    )


def points_table(points: Sequence[Point], title: str) -> Table:
    """Return the examples as a table; of several outputs, the one that the target names is shown.

    More than a page shows stand in the order of their losses, the largest first.
    """
    if len(points) > SHOWN:
        points = sorted(points, key=lambda point: -point.loss)
        title = f"{title}, the largest losses first"
    many = len(points[0].target) > 1
    linked = any(point.output != point.prediction for point in points)
    headers = ["Inputs", "Class" if many else "Target", *(["Output"] if linked else [])]
    headers += ["Prediction", "Error", "Loss", "Share of the loss", "∂loss/∂z"]
    rows: list[list[Cell]] = []
    inputs = without_noise_by_column(np.array([point.inputs for point in points]))
    targets = without_noise_by_column(np.array([point.target for point in points]))
    for point, x, y in zip(points, inputs, targets, strict=True):
        place = int(np.argmax(point.target)) if many else 0
        row: list[Cell] = [_inputs(x.tolist()), place if many else float(y[0])]
        row += [point.output[place]] if linked else []
        share = None if point.share is None else f"{100 * point.share:.1f} %"
        row += [point.prediction[place], point.error[place], point.loss, share, point.gradient[place]]
        rows.append(row)
    return Table(title=title, headers=headers, rows=rows)


def mean_loss(points: Sequence[Point]) -> float:
    """Return the loss of the data: the mean over the examples."""
    return float(np.mean([point.loss for point in points]))


def _plain(values: Array) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


def _inputs(values: Sequence[float]) -> str:
    shown = [format_number(value) for value in values[:SHOWN_FEATURES]]
    more = [f"… {len(values)} in all"] if len(values) > SHOWN_FEATURES else []
    return ", ".join([*shown, *more])


# The points of a network as a section, before training, with their gradients held against autograd's.


def autograd_gradients(experiment: Experiment, seed: int) -> Array | None:
    """Return ∂ℓ/∂z ``[examples, outputs]`` of each example's loss ℓ at the seed's first weights.

    None without torch.
    """
    torch = torch_or_none()
    if torch is None:
        return None
    from trainlab.engine.reference import build_module
    from trainlab.engine.reference.module import build_criterion

    data = experiment.data()
    module = build_module(torch, experiment, seed, "float64")
    # Data of a task are read-only, which torch.from_numpy warns of.
    inputs, targets = (torch.tensor(np.array(values)) for values in (data.inputs, data.targets))
    sums: Any = module[:-1](inputs).detach().requires_grad_()
    build_criterion(torch, experiment.loss)(module[-1](sums), targets).backward()
    return sums.grad.numpy() * data.points


def difference(ours: Array, theirs: Array) -> float:
    """Return the largest difference, as a share of the largest gradient (or of 1, if that is larger)."""
    return float(np.abs(ours - theirs).max() / max(1.0, float(np.abs(theirs).max())))


def difference_words(ours: Array, theirs: Array | None) -> str:
    """Return the difference in a sentence."""
    if theirs is None:
        return "The gradient isn't compared with autograd: torch isn't installed."
    gap = difference(ours, theirs)
    said = format_number(gap, digits=2) if gap else "none"
    return f"Largest difference of these gradients to torch's autograd: {said}."


SEED = 0
WHAT = (
    "Each example's loss, its share of the total, and ∂loss/∂z, its slope by the last sum. A step of the "
    "optimizer moves z the opposite way."
)


def own_points(experiment: Experiment) -> tuple[Section, tuple[Point, ...], float | None]:
    """Return the points at the first weights of seed 0, and how far the gradients are from autograd's."""
    points = points_of(experiment, initial_layers(experiment, SEED))
    ours = np.array([point.gradient for point in points])
    theirs = autograd_gradients(experiment, SEED)
    gap = None if theirs is None else difference(ours, theirs)
    loss = format_number(mean_loss(points))
    return (
        Section(
            name="points",
            heading="Your loss, point by point, before training",
            text=(
                f"{experiment.network.label} with the weights that seed {SEED} starts from: "
                f"{loss_name(experiment.loss)} is {loss}.",
                WHAT,
                difference_words(ours, theirs),
            ),
            tables=(points_table(points, f"Seed {SEED}, first weights"),),
        ),
        points,
        gap,
    )


# Losses drawn: against the error, or against the last sum z of an output whose class is 1.


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
class Shape(Plain):
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
    """Draw each loss and its slope."""
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
    tables = () if kind == "regression" else (log_table(),)
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
