"""The fast engine at float64 against the reference at float64, and at float32 against torch at float32."""

from __future__ import annotations

import numpy as np
import pytest
from engine.agreement import (
    CLOSE,
    EXACT,
    REFERENCE,
    SEEDS,
    describe,
    difference,
    relative_difference,
    sensitivity,
)
from engine.bits import EXPERIMENTS
from engine.combinations import FACTORS, every_pair, pairs, pairwise

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
)

ROWS = pairwise()
# Found: 3e-16 after one step, 2e-13 at the end.
FIRST_STEP, LAST_STEP, DEEP = 1e-14, 1e-10, 1e-9
# How many roundings of float64 one of float32 is.
FLOAT32_ROUNDING = float(np.finfo(np.float32).eps / np.finfo(np.float64).eps)


def test_every_choice_meets_every_choice_of_another_factor() -> None:
    met = set[tuple[str, str, str, str]]().union(*(pairs(row) for row, _ in ROWS))
    assert met == set(every_pair())
    assert len(met) > 1400
    assert len(ROWS) < 200


@pytest.mark.parametrize("optimizer", FACTORS["optimizer"])
def test_float64_agrees(optimizer: str) -> None:
    for row, experiment in ROWS:
        if row["optimizer"] == optimizer:
            found = difference(experiment)
            assert not found.first_step > FIRST_STEP, describe(experiment)
            assert found.largest <= LAST_STEP, f"{found.where}: {describe(experiment)}"
            assert found.unequal == (), describe(experiment)


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
    found = difference(experiment)
    # Eight layers and Adam multiply rounding: where gradients are tiny, it is divided by their size.
    assert found.largest <= DEEP
    assert found.unequal == ()


def test_few_examples_too_wide_to_stand_in_memory_for_every_network() -> None:
    task = {"name": "plane", "points": 8, "features": 150}
    for sampling in ("single", "full", {"name": "batch", "batch_size": 3}):
        experiment = Experiment.from_dict(
            {"network": [150, 2, 1], "task": task, "sampling": sampling, "epochs": 5, "noise": {"std": 0.1}}
        )
        assert difference(experiment).largest <= LAST_STEP


def test_a_difference_is_seen() -> None:
    a = np.array([[3.0, 4.0], [1.0, 0.0]])
    assert relative_difference(a, a) == 0.0
    assert relative_difference(a + np.array([[0.0, 0.5], [0.0, 0.0]]), a) == pytest.approx(0.1)
    assert relative_difference(np.array([[np.nan]]), np.array([[1.0]])) == np.inf
    assert relative_difference(np.array([[np.nan]]), np.array([[np.nan]])) == 0.0


def test_what_hangs_on_rounding_is_told_from_an_error() -> None:
    calm = Experiment(network=Network(widths=(2, 3, 1)), optimizer=Adam(lr=0.01), epochs=20)
    assert sensitivity(calm) < 1e-12
    # At such a rate each step multiplies the differences.
    network = {"widths": [2, 3, 1], "output_activation": "sin"}
    chaotic = Experiment.from_dict(
        {"network": network, "optimizer": {"name": "sgd", "lr": 30.0}, "epochs": 40}
    )
    assert sensitivity(chaotic) > 1e-6


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
    seeds = range(SEEDS.stop - 12, SEEDS.stop)
    fast = FastEngine(networks=8).train(experiment, seeds)[0]
    torch = ReferenceEngine().train(experiment, seeds)[0]
    exact = REFERENCE.train(experiment, seeds)[0]
    assert fast.parameters.dtype == torch.parameters.dtype == np.float32
    for name in ("parameters", "predictions", "loss_curve", "gradient_curve"):
        ours, theirs, truth = (np.asarray(getattr(runs, name)) for runs in (fast, torch, exact))
        assert relative_difference(ours[-len(SEEDS) :], theirs[-len(SEEDS) :]) < 2e-5, name
        # In the median no further from float64 than torch's own float32 is, give or take. Of single runs
        # either may be ten times nearer, as a processor adds.
        off = np.median([relative_difference(ours[[row]], truth[[row]]) for row in range(len(seeds))])
        torch_off = np.median([relative_difference(theirs[[row]], truth[[row]]) for row in range(len(seeds))])
        assert off < 4 * torch_off + 1e-6, name
    np.testing.assert_array_equal(fast.solved_epoch, torch.solved_epoch)


CALM = [name for name in EXPERIMENTS if name != "diverging"]


@pytest.mark.parametrize("name", CALM)
def test_float32_takes_the_first_steps_of_torch(name: str) -> None:
    experiment, seeds = EXPERIMENTS[name].at_epochs(2), range(960, 964)
    fast = FastEngine(networks=8).train(experiment, seeds)[0]
    torch = ReferenceEngine().train(experiment, seeds)[0]
    # Which sums round up differs from one processor to the next: what that may do depends on the training.
    # Found: at most 1.5 of what one rounding of the parameters and each gradient does.
    allowed = 4 * sensitivity(experiment, seeds) * FLOAT32_ROUNDING
    for array in CLOSE:
        assert relative_difference(getattr(fast, array), getattr(torch, array)) < allowed, array


@pytest.mark.parametrize("name", CALM)
def test_float32_sees_the_same_events_as_torch(name: str) -> None:
    experiment, seeds = EXPERIMENTS[name].at_epochs(8), range(960, 964)
    fast = FastEngine(networks=8).train(experiment, seeds)[0]
    torch = ReferenceEngine().train(experiment, seeds)[0]
    for array in EXACT:
        np.testing.assert_array_equal(getattr(fast, array), getattr(torch, array), err_msg=array)
