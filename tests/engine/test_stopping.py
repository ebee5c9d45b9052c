"""Freezing, solved and readings on held-out data, and what is kept, by either engine."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from engine.numpy_trainer import NumpyTrainer

from trainlab.engine import Runs, concatenate, select
from trainlab.engine.evaluation import is_solved
from trainlab.engine.fast import FastEngine
from trainlab.engine.reference import ReferenceEngine
from trainlab.engine.runs import ARRAYS, CURVES, encode
from trainlab.errors import EngineError
from trainlab.maths import LINKS, is_right
from trainlab.spec import Experiment

Train = Callable[..., tuple[Runs, ...]]
SEEDS = range(3, 9)
MOONS: dict[str, Any] = {
    "network": {"widths": "2-6-1", "output_activation": "linear"},
    "task": {"name": "moons", "points": 40, "noise": 0.2},
    "split": {"held_out": 0.25},
    "loss": "bce_with_logits",
    "optimizer": {"name": "adam", "lr": 0.1},
    "epochs": 60,
    "solved": {"accuracy": 0.9, "on": "held_out"},
    "record": {"loss_every": 1, "gradient_every": 20, "solved_every": 5},
}


@pytest.fixture(params=["reference", "fast"])
def train(request: pytest.FixtureRequest) -> Train:
    """Return a function that trains an experiment, given by what it changes in MOONS."""
    engines = {
        "reference": ReferenceEngine(dtype="float64"),
        "fast": FastEngine(dtype="float64", networks=8),
    }
    engine = engines[request.param]

    def trained(
        fields: dict[str, Any], *, marks: tuple[int, ...] = (), seeds: range = SEEDS
    ) -> tuple[Runs, ...]:
        return engine.train(Experiment.from_dict({**MOONS, **fields}), seeds, marks=marks)

    return trained


def assert_equal(ours: Runs, theirs: Runs) -> None:
    assert ours.experiment == theirs.experiment
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name), err_msg=name)


def test_readings_are_of_all_examples_trained_on_and_held_out(train: Train):
    runs = train({})[0]
    data = runs.experiment.data()
    for row, seed in enumerate(SEEDS):
        trainer = NumpyTrainer(runs.experiment, seed)
        trainer.w = runs.parameters[row]
        outputs = {
            "train": trainer.forward(data.inputs)[0],
            "held_out": trainer.forward(data.held_out_inputs)[0],
        }
        told = {part: LINKS["sigmoid"].value(values) for part, values in outputs.items()}
        right = (
            is_right(told["train"], data.targets).mean(),
            is_right(told["held_out"], data.held_out_targets).mean(),
        )
        assert (runs.accuracy[row], runs.held_out_accuracy[row]) == right
        assert runs.solved[row] == (right[1] >= 0.9)
        assert runs.loss[row] == pytest.approx(trainer.loss_on("train"))
        assert runs.held_out_loss[row] == pytest.approx(trainer.loss_on("held_out"))
        np.testing.assert_allclose(runs.predictions[row], told["train"][:16], rtol=1e-9)
    assert runs.solved.any()
    assert (runs.accuracy != runs.held_out_accuracy).any()


def test_without_held_out_examples_or_classes_there_is_nothing_to_tell(train: Train):
    runs = train({"split": {}, "solved": {"within": 0.5}})[0]
    assert np.isnan(runs.held_out_loss).all()
    assert np.isnan(runs.held_out_accuracy).all()
    assert np.isfinite(runs.accuracy).all()
    curve = {"network": "1-3-1", "task": "curve", "loss": "mse", "solved": {"loss": 0.5}, "epochs": 2}
    runs = train({**curve, "split": {}})[0]
    assert np.isnan(runs.accuracy).all()
    np.testing.assert_array_equal(runs.solved, runs.loss < 0.5)


@pytest.mark.parametrize(
    "stopping",
    [
        "solved",
        {"patience": 1, "every": 2, "min_delta": 0.01},
        {"patience": 3, "min_delta": 0.01, "on": "held_out"},
    ],
)
def test_a_frozen_network_stays_what_it_is(stopping: Any, train: Train):
    free, frozen = train({})[0], train({"stopping": stopping})[0]
    stopped = frozen.stopped_epoch
    assert (stopped >= 0).any()
    for row, epoch in enumerate(stopped):
        last = len(free.loss_curve[row]) if epoch < 0 else epoch + 1
        np.testing.assert_array_equal(frozen.loss_curve[row, :last], free.loss_curve[row, :last])
        assert (frozen.loss_curve[row, last - 1 :] == frozen.loss_curve[row, last - 1]).all()
        if 0 <= epoch < 60:
            there = train({"epochs": int(epoch)}, seeds=range(SEEDS[row], SEEDS[row] + 1))[0]
            np.testing.assert_array_equal(frozen.parameters[row], there.parameters[0])
            assert not np.array_equal(frozen.parameters[row], free.parameters[row])
    assert (free.stopped_epoch == -1).all()


def test_solved_stops_at_the_first_check_that_finds_it_so(train: Train):
    free, frozen = train({})[0], train({"stopping": "solved"})[0]
    checked = np.where(free.solved_epoch % 5 == 0, free.solved_epoch, -1)
    np.testing.assert_array_equal(frozen.stopped_epoch, checked)
    assert frozen.solved[frozen.stopped_epoch >= 0].all()


@pytest.mark.parametrize(("min_delta", "every"), [(0.0, 1), (0.002, 1), (0.0, 4), (0.05, 4)])
def test_patience_by_hand(min_delta: float, every: int, train: Train):
    noisy = {"sampling": {"name": "batch", "batch_size": 10}, "optimizer": {"name": "adam", "lr": 0.5}}
    free = train(noisy)[0]
    frozen = train({**noisy, "stopping": {"patience": 2, "min_delta": min_delta, "every": every}})[0]
    for row, curve in enumerate(free.loss_curve):
        best, waited, expected = np.inf, 0, -1
        for epoch in range(every, 61, every):
            waited = 0 if curve[epoch] < best - min_delta else waited + 1
            best = curve[epoch] if waited == 0 else best
            if waited == 2:
                expected = epoch
                break
        assert frozen.stopped_epoch[row] == expected
    assert (frozen.stopped_epoch >= 0).any()


@pytest.mark.parametrize("stopping", ["none", "solved", {"patience": 2, "every": 3}])
def test_a_mark_is_what_a_shorter_training_gives(stopping: Any, train: Train):
    fields = {
        "stopping": stopping,
        "sampling": {"name": "batch", "batch_size": 7},
        "warmup": {"total_iters": 9},
    }
    for runs, epochs in zip(train(fields, marks=(7, 33, 60)), (7, 33, 60), strict=True):
        assert_equal(runs, train({**fields, "epochs": epochs})[0])


def test_a_schedule_that_looks_ahead_is_read_at_its_end_only(train: Train):
    cosine = {"schedule": "cosine_annealing"}
    assert len(train(cosine)) == 1
    with pytest.raises(EngineError, match="'cosine_annealing' depends on the length of the whole training"):
        train(cosine, marks=(7, 60))
    assert len(train({"schedule": {"name": "cosine_annealing", "T_max": 60}}, marks=(7, 60))) == 2


@pytest.mark.parametrize("curves", [0, 2, 5, 6, 100])
def test_only_low_seeds_keep_their_curves(curves: int, train: Train):
    full = train({"record": {**MOONS["record"], "curves": 1000}})[0]
    runs = train({"record": {**MOONS["record"], "curves": curves}})[0]
    kept = sum(seed < curves for seed in SEEDS)
    for name in CURVES:
        np.testing.assert_array_equal(getattr(runs, name), getattr(full, name)[:kept])
    np.testing.assert_array_equal(runs.coarse_loss, encode(full.loss_curve[kept:]))
    parts = [select(runs, range(3, 5)), select(runs, range(5, 9))]
    assert [len(part.loss_curve) for part in parts] == [min(kept, 2), max(0, kept - 2)]
    assert [len(part.coarse_loss) for part in parts] == [2 - min(kept, 2), 4 - max(0, kept - 2)]
    assert_equal(concatenate(parts), runs)


def test_predictions_and_parameters_are_kept_as_asked(train: Train):
    runs = train({"record": {"predictions": 3, "parameters": False}})[0]
    assert runs.predictions.shape == (6, 3, 1)
    assert runs.parameters.shape == (6, 0)
    assert train({"record": {"predictions": 0}})[0].predictions.shape == (6, 0, 1)


def test_solved_asks_all_the_examples_not_those_kept(train: Train):
    within = {"solved": {"within": 0.5}, "record": {"predictions": 1}}
    runs = train(within)[0]
    near = np.abs(runs.predictions[:, 0, 0] - runs.experiment.data().targets[0, 0]) < 0.5
    assert (near & ~runs.solved).any()
    np.testing.assert_array_equal(runs.solved, train({**within, "record": {"predictions": 1000}})[0].solved)


@pytest.mark.parametrize("loss", ["bce_with_logits", "mse"])
@pytest.mark.parametrize("stopping", ["none", {"patience": 3, "every": 1}])
def test_divergence_is_an_output_that_is_not_finite(loss: str, stopping: Any, train: Train):
    wild = {"name": "sgd", "lr": 1e200}
    network = {"widths": "2-6-1", "activation": "relu", "output_activation": "linear"}
    runs = train({"optimizer": wild, "loss": loss, "network": network, "epochs": 30, "stopping": stopping})[0]
    assert runs.diverged.any()
    for row in np.flatnonzero(runs.diverged):
        steps = int(runs.diverged_step[row])
        assert steps <= (30 if runs.stopped_epoch[row] < 0 else runs.stopped_epoch[row])
        assert not runs.solved[row]
    if loss == "bce_with_logits":
        # A sigmoid of infinity is a number: predictions alone would hide it.
        assert np.isnan(runs.loss[runs.diverged]).any() or np.isinf(runs.loss[runs.diverged]).any()


def test_bce_of_a_network_that_diverges_goes_on(train: Train):
    # Hidden values that overflow, times weights of either sign: outputs that aren't numbers.
    network = {"widths": "2-6-1", "activation": "relu", "output_activation": "sigmoid"}
    huge = {"weight": [{"name": "constant", "val": 1e308}, {"name": "normal"}]}
    runs = train({"network": network, "loss": "bce", "init": huge, "epochs": 3})[0]
    assert runs.diverged.any()
    assert (runs.diverged_step[runs.diverged] == 0).all()
    assert np.isnan(runs.loss[runs.diverged]).all()


def test_a_loss_is_held_against_the_bound_that_was_asked_for() -> None:
    # As a float32 the bound is a little lower: the loss would be no smaller.
    experiment = Experiment.from_dict({"network": "2-3-1", "solved": {"loss": 0.7}})
    loss = np.array([0.7, 0.70000005, np.nan], dtype=np.float32)
    assert float(loss[0]) < 0.7 < float(loss[1])
    nothing = np.zeros((3, 4, 1), dtype=np.float32)
    found = is_solved(experiment, nothing, np.zeros((4, 1)), loss)
    assert found.tolist() == [True, False, False]
