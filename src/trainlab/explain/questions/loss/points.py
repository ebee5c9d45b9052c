"""A network's loss on its data, point by point: prediction, error, contribution, gradient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from trainlab.draw import Cell, format_number
from trainlab.engine.network_pass import Layer, forward
from trainlab.explain.questions.loss.gradients import arriving
from trainlab.maths import LINKS
from trainlab.page.section import Table
from trainlab.spec import Experiment, Loss, loss_entry

Array = npt.NDArray[np.float64]
SHOWN_FEATURES = 4
SHOWN = 20
"""As many as a table shows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """One example under the loss; lists have an entry an output.

    `output` is what the loss is fed, `prediction` what that stands for; `loss` the loss of this example,
    `share` its part in the total (None if that is 0), and `gradient` ∂loss/∂z at the last sums.
    """

    inputs: tuple[float, ...]
    target: tuple[float, ...]
    output: tuple[float, ...]
    prediction: tuple[float, ...]
    error: tuple[float, ...]
    loss: float
    share: float | None
    gradient: tuple[float, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain data, without the inputs: the same before and after training."""
        return {
            "target": list(self.target),
            "output": list(self.output),
            "prediction": list(self.prediction),
            "error": list(self.error),
            "loss": self.loss,
            "share": self.share,
            "gradient": list(self.gradient),
        }


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
    for point in points:
        place = int(np.argmax(point.target)) if many else 0
        row: list[Cell] = [_inputs(point.inputs), place if many else point.target[0]]
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
