"""How far the fast engine is from the reference at float64, over every combination of what they can train.

``PYTHONPATH=src python tests/engine/agreement.py`` prints the number of combinations and the largest relative
differences after 1 and 100 steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from trainlab.engine.fast import FastEngine
from trainlab.engine.reference import ReferenceEngine
from trainlab.spec import SGD, Adam, Experiment, Full, Network, Record, Single, name_of

STEPS = 100
SEEDS = range(11, 13)
WIDTHS = ((2, 3, 1), (2, 2, 2, 1))
ACTIVATIONS = ("linear", "tanh", "sigmoid", "relu")
OUTPUTS = ("linear", "tanh", "sigmoid", "relu")
LOSSES = ("l1", "mse")
OPTIMIZERS = (SGD(lr=0.05), SGD(lr=0.02, momentum=0.9), Adam(lr=0.02))
SAMPLINGS = (Full(), Single(steps_per_epoch=1))
BIASES = ((True, None), (True, False), (False, None))
RECORD = Record(loss_every=10, gradient_every=10, solved_every=10)


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """The largest differences of one combination, relative to the reference's norm of the same array.

    Gradients are compared absolutely: with L1 they are sums of signs that cancel to 0, or to rounding.
    """

    experiment: Experiment
    first_step: float
    parameters: float
    predictions: float
    loss_curve: float
    gradient_curve: float

    @property
    def largest(self) -> float:
        """The largest of those at the end."""
        return max(self.parameters, self.predictions, self.loss_curve, self.gradient_curve)


def combinations() -> Iterator[Experiment]:
    """Yield activation × output activation × loss × optimizer × sampling × biases; the widths take turns."""
    cells = product(ACTIVATIONS, OUTPUTS, LOSSES, OPTIMIZERS, SAMPLINGS, BIASES)
    for index, (activation, output, loss, optimizer, sampling, (bias, output_bias)) in enumerate(cells):
        yield Experiment(
            network=Network(
                # Changes from optimizer to optimizer, of which there are three: each choice meets both.
                widths=WIDTHS[index // (len(SAMPLINGS) * len(BIASES)) % len(WIDTHS)],
                bias=bias,
                output_bias=output_bias,
                activation=activation,
                output_activation=output,
            ),
            loss=loss,
            optimizer=optimizer,
            sampling=sampling,
            epochs=STEPS,
            record=RECORD,
        )


def difference(experiment: Experiment, seeds: range = SEEDS) -> Difference:
    """Train both engines at float64 and compare them after the first step and at the end."""
    marks = (1, experiment.epochs)
    fast = FastEngine(dtype="float64", networks=8).train(experiment, seeds, marks=marks)
    reference = ReferenceEngine(dtype="float64").train(experiment, seeds, marks=marks)

    def relative(name: str, mark: int) -> float:
        return relative_difference(getattr(fast[mark], name), getattr(reference[mark], name))

    return Difference(
        experiment=experiment,
        first_step=relative("parameters", 0),
        parameters=relative("parameters", 1),
        predictions=relative("predictions", 1),
        loss_curve=relative("loss_curve", 1),
        gradient_curve=float(np.abs(fast[1].gradient_curve - reference[1].gradient_curve).max()),
    )


def relative_difference(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> float:
    """Return the largest |a − b| / |b| over the runs, |·| the Euclidean norm of a run's row."""
    rows = (len(b), -1)
    apart = np.linalg.norm((a - b).reshape(rows), axis=1)
    size = np.linalg.norm(b.reshape(rows), axis=1)
    return float(np.max(apart / np.maximum(size, 1e-300)))


def describe(experiment: Experiment) -> str:
    """Name a combination in one line."""
    network = experiment.network
    sampling = type(experiment.sampling).__name__
    return (
        f"{network.label} {'/'.join(network.activations)} {name_of(experiment.loss)} {experiment.optimizer} "
        f"{sampling} biases {network.biases}"
    )


def main() -> None:
    found = [difference(experiment) for experiment in combinations()]
    first = max(found, key=lambda d: d.first_step)
    last = max(found, key=lambda d: d.largest)
    print(f"combinations: {len(found)}, seeds: {len(SEEDS)}, float64; largest relative differences:")
    print(f"parameters after 1 step: {first.first_step:.2e} ({describe(first.experiment)})")
    for name in ("parameters", "predictions", "loss_curve", "gradient_curve"):
        worst = max(found, key=lambda d: getattr(d, name))
        print(f"{name} after {STEPS} steps: {getattr(worst, name):.2e} ({describe(worst.experiment)})")
    print(f"largest after {STEPS} steps: {last.largest:.2e}")


if __name__ == "__main__":
    main()
