"""The fast engine at float64 against the reference at float64, and at float32 against torch at float32."""

from __future__ import annotations

import numpy as np
import pytest
from engine.agreement import SEEDS, WIDTHS, combinations, describe, difference, relative_difference

from trainlab.engine.fast import FastEngine
from trainlab.engine.reference import ReferenceEngine
from trainlab.spec import (
    SGD,
    Adam,
    Experiment,
    Full,
    Init,
    Network,
    Normal,
    Optimizer,
    Record,
    Sampling,
    Single,
    name_of,
)

ALL = tuple(combinations())

# Found: 1e-16 after one step (2e-15 once, where Adam's first step divides a gradient of rounding's size by
# itself), 1.4e-14 at the end. A sign of L1 or a kink of ReLU that rounding flips would show as 1e-3; with
# these seeds none does.
FIRST_STEP, LAST_STEP, DEEP = 1e-14, 1e-12, 1e-9


def test_every_combination_is_there_once() -> None:
    assert len(ALL) == len(set(ALL)) == 4 * 4 * 2 * 3 * 2 * 3
    for choice in ("loss", "optimizer", "sampling"):
        values = {getattr(experiment, choice) for experiment in ALL}
        met = {(getattr(experiment, choice), experiment.network.widths) for experiment in ALL}
        assert met == {(value, widths) for value in values for widths in WIDTHS}


@pytest.mark.parametrize("loss", ["l1", "mse"])
@pytest.mark.parametrize("activation", ["linear", "tanh", "sigmoid", "relu"])
def test_float64_agrees_step_by_step(activation: str, loss: str) -> None:
    for index, experiment in enumerate(ALL):
        if experiment.network.activations[0] == activation and name_of(experiment.loss) == loss:
            found = difference(experiment, SEEDS[index % 2 :][:1])
            assert found.first_step <= FIRST_STEP, describe(experiment)
            assert found.largest <= LAST_STEP, describe(experiment)


@pytest.mark.parametrize("loss", ["l1", "mse"])
@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "relu"])
def test_float64_agrees_on_the_assignments_deep_network(activation: str, loss: str) -> None:
    network = Network(widths=(2, 2, 2, 2, 2, 2, 2, 2, 1), output_bias=False, activation=activation)
    experiment = Experiment(
        network=network,
        init=Init(weight=Normal()),
        loss=loss,
        optimizer=Adam(lr=0.02),
        sampling=Single(),
        epochs=25,
        record=Record(loss_every=5, gradient_every=5),
    )
    found = difference(experiment, SEEDS)
    assert found.first_step <= FIRST_STEP
    # Eight layers and Adam multiply rounding: where gradients are tiny, it is divided by their size.
    assert found.largest <= DEEP


def test_a_difference_is_seen() -> None:
    a = np.array([[3.0, 4.0], [1.0, 0.0]])
    assert relative_difference(a, a) == 0.0
    assert relative_difference(a + np.array([[0.0, 0.5], [0.0, 0.0]]), a) == pytest.approx(0.1)


@pytest.mark.parametrize("sampling", [Full(), Single()])
@pytest.mark.parametrize("optimizer", [SGD(lr=0.05, momentum=0.9), Adam(lr=0.01)])
def test_float32_is_as_close_to_torch_as_rounding_allows(optimizer: Optimizer, sampling: Sampling) -> None:
    experiment = Experiment(
        network=Network(widths=(2, 5, 4, 1)),
        optimizer=optimizer,
        sampling=sampling,
        epochs=100 if isinstance(sampling, Full) else 25,
        record=Record(loss_every=5, gradient_every=5),
    )
    fast = FastEngine(networks=8).train(experiment, SEEDS)[0]
    torch = ReferenceEngine().train(experiment, SEEDS)[0]
    exact = ReferenceEngine(dtype="float64").train(experiment, SEEDS)[0]
    assert fast.parameters.dtype == torch.parameters.dtype == np.float32
    for name in ("parameters", "predictions", "loss_curve", "gradient_curve"):
        ours, theirs, truth = (np.asarray(getattr(runs, name)) for runs in (fast, torch, exact))
        assert relative_difference(ours, theirs) < 2e-5, name
        # No further from float64 than torch's own float32 is, give or take.
        assert relative_difference(ours, truth) < 4 * relative_difference(theirs, truth) + 1e-6, name
    np.testing.assert_array_equal(fast.solved_epoch, torch.solved_epoch)
