"""A run played back from its trail is what the probe sees of the same training, and ends as recorded."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from trainlab.diagnosis.judge.diagnose import diagnose
from trainlab.diagnosis.judge.outcome import KnownFailure
from trainlab.diagnosis.judge.study_run import judge_run
from trainlab.diagnosis.judge.study_run_playback import Trail, play, step_by_step, trail_of, train
from trainlab.diagnosis.observed.record import TrainingRecord
from trainlab.diagnosis.report.report import Report
from trainlab.engine import Runs, get_engine
from trainlab.engine.layout import initial_parameters
from trainlab.spec import Experiment

BASE: dict[str, Any] = {
    "network": {"widths": "2-3-2-1", "activation": "tanh", "output_activation": "linear"},
    "task": "xor",
    "loss": "mse",
    "epochs": 90,
    "optimizer": {"name": "adam", "lr": 0.02},
    "sampling": {"name": "single", "steps_per_epoch": 4},
}


def experiment(**changes: Any) -> Experiment:
    return Experiment.from_dict(BASE | changes)


def recorded(made: Experiment, seed: int = 3, *, engine: str = "fast") -> Runs:
    (runs,) = get_engine(engine).train(made, range(seed, seed + 1))
    return runs


def trail(made: Experiment, seed: int = 3, *, engine: str = "fast") -> Trail:
    found = trail_of(recorded(made, seed, engine=engine), get_engine(engine))
    assert found is not None
    return found


SAME_STEP_BY_STEP = {
    "one example a step": {},
    "full batches": {"sampling": "full"},
    "momentum, clipped, penalised": {
        "optimizer": {"name": "sgd", "lr": 0.05, "momentum": 0.9},
        "clip": {"norm": 0.5},
        "penalty": {"l2": 1e-3},
    },
    "a schedule by the step": {"schedule": {"name": "cosine_annealing", "per": "step"}},
    "a schedule by the epoch of one step": {
        "sampling": "full",
        "schedule": {"name": "step", "step_size": 30},
        "warmup": {"total_iters": 10},
    },
    "noise and dropout": {
        "network": {"widths": "2-8-8-1", "activation": "relu", "output_activation": "linear", "dropout": 0.2},
        "noise": {"std": 0.1},
    },
    "out of patience": {"stopping": {"name": "patience", "patience": 2, "every": 5}},
    "a batch that is all examples, shuffled": {"sampling": {"name": "batch", "batch_size": 4}},
    "Lion": {"optimizer": {"name": "lion", "lr": 1e-3}},
}


@pytest.mark.parametrize("changes", SAME_STEP_BY_STEP.values(), ids=SAME_STEP_BY_STEP.keys())
def test_the_trail_ends_to_the_bit_where_the_record_does(changes: dict[str, Any]) -> None:
    made = experiment(**changes)
    found = trail(made)
    assert found.ends_as_recorded
    assert np.array_equal(found.end, recorded(made).parameters[0])
    assert np.array_equal(found.weights[0], initial_parameters(made, range(3, 4))[0].astype(np.float32))


@pytest.mark.trains
def test_a_trail_that_ends_elsewhere_is_told() -> None:
    run = recorded(experiment())
    run.parameters[0, 0] += 1e-3
    found = judge_run(run, get_engine("fast"))
    assert (found.found_again, found.fault, found.at_rest) == (False, "", False)


NOT_STEP_BY_STEP = {
    "shuffled batches": {"sampling": {"name": "batch", "batch_size": 2}},
    "a schedule by the epoch": {"schedule": {"name": "step", "step_size": 30}},
    "a warmup by the epoch": {"warmup": {"total_iters": 10}},
    "a plateau": {"sampling": "full", "schedule": "reduce_on_plateau"},
    "gradients equalised": {"gradient": "equalised", "epochs": 20},
}


@pytest.mark.trains
@pytest.mark.parametrize("changes", NOT_STEP_BY_STEP.values(), ids=NOT_STEP_BY_STEP.keys())
def test_what_cant_be_read_step_by_step_is_trained_in_pytorch(changes: dict[str, Any]) -> None:
    run = recorded(experiment(**changes))
    assert step_by_step(run) is None
    assert judge_run(run, get_engine("fast")).found_again


def test_a_run_that_another_engine_ends_elsewhere_is_told() -> None:
    run = recorded(experiment(**NOT_STEP_BY_STEP["shuffled batches"]))
    run.loss[0] *= 1.05
    assert not judge_run(run, get_engine("fast")).found_again


def heard(record: TrainingRecord) -> dict[str, Any]:
    """What rules read, of the steps that the probe looks at closely."""
    return {
        "ticks": record.tick,
        "optimizers": [
            (one.kind, one.steps, one.last_tick, one.settings, one.lr) for one in record.optimizers
        ],
        "params": [
            (
                one.name,
                one.ticks,
                one.grad_rms,
                one.weight_rms,
                one.update,
                one.start,
                one.moved,
                one.mean_abs_later,
            )
            for one in record.params.values()
        ],
        "activations": [
            (one.kind, one.module, one.ticks, one.saturated, one.silent, one.window_silent)
            for one in record.activations
        ],
        "losses": [
            (one.kind, one.count, one.out_shape, [(fit.tick, fit.value) for fit in one.fits])
            for one in record.losses
        ],
        "loss_curves": [
            (one.ticks, one.values, one.count, one.stride, one.last) for one in record.loss_curves
        ],
        "graphs": [[node.kind for node in graph.nodes] for graph in record.graphs],
        "clips": record.clips,
        "networks": [(one.kind, one.parameters, one.learn_in_train) for one in record.networks],
    }


def alike(played: Any, trained: Any, place: str = "") -> None:
    if isinstance(played, dict):
        assert played.keys() == trained.keys()
        for key in played:
            alike(played[key], trained[key], f"{place}.{key}")
    elif isinstance(played, list | tuple):
        assert len(played) == len(trained), place
        for at, (one, other) in enumerate(zip(played, trained, strict=True)):
            alike(one, other, f"{place}[{at}]")
    elif isinstance(played, float):
        assert played == pytest.approx(trained, rel=1e-4, abs=1e-6), place
    else:
        assert played == trained, place


ORACLE = ("one example a step", "momentum, clipped, penalised", "a schedule by the epoch of one step",
          "noise and dropout")  # fmt: skip


@pytest.mark.trains
@pytest.mark.parametrize("name", ORACLE)
def test_the_probe_sees_of_a_playback_what_it_sees_of_the_training_itself(name: str) -> None:
    made = experiment(**SAME_STEP_BY_STEP[name])
    played, whole = play(trail(made, engine="reference"))
    trained, at_the_end, loss = train(made, 3, "float32")
    assert loss == pytest.approx(float(recorded(made, engine="reference").loss[0]), rel=1e-6)
    alike(heard(played), heard(trained))
    assert not played.troubles
    assert not trained.troubles
    assert whole.fits[-1].value == pytest.approx(at_the_end.fits[-1].value, rel=1e-6)
    missed = KnownFailure(goal="more", whole=whole)
    one, other = (diagnose(record, missed=missed) for record in (played, trained))
    assert told(one) == told(other)


def told(report: Report) -> list[str]:
    return [finding.fault for finding in (*report.findings, *report.notes)]


CAUSES = {
    "zero_init": {
        "init": {"weight": {"name": "constant", "val": 0.0}, "bias": {"name": "constant", "val": 0.0}}
    },
    "symmetric_init": {
        "init": {"weight": {"name": "constant", "val": 0.5}, "bias": {"name": "constant", "val": 0.0}}
    },
    "lr_too_low": {"optimizer": {"name": "sgd", "lr": 1e-6}},
    "vanishing_gradient": {
        "network": {"widths": "2-4-4-4-4-4-4-1", "activation": "sigmoid", "output_activation": "linear"}
    },
    "saturated_activation": {
        "init": {"weight": {"name": "normal", "std": 1.0}, "bias": {"name": "constant", "val": 40.0}},
        "network": {"widths": "2-4-1", "activation": "tanh", "output_activation": "linear"},
        "optimizer": {"name": "sgd", "lr": 0.02},
    },
    "dead_relu": {
        "init": {"weight": {"name": "normal", "std": 0.5}, "bias": {"name": "constant", "val": -5.0}},
        "network": {"widths": "2-4-4-1", "activation": "relu", "output_activation": "linear"},
        "optimizer": {"name": "sgd", "lr": 0.02},
    },
    "lr_too_high": {"optimizer": {"name": "adam", "lr": 1.0}},
}


@pytest.mark.trains
@pytest.mark.parametrize("fault", CAUSES)
def test_runs_of_a_known_cause_are_blamed_on_it(fault: str) -> None:
    run = recorded(experiment(**({"epochs": 150} | CAUSES[fault])))
    assert not run.solved[0]
    found = judge_run(run, get_engine("fast"))
    assert found.found_again
    assert fault in (found.fault, *found.others)


@pytest.mark.trains
def test_a_local_minimum_is_no_fault() -> None:
    """Seed 1 of the assignment's Model 1 with MSE, Adam: three of four points right, at rest at 0.125."""
    made = experiment(
        network={"widths": "2-2-1", "activation": "tanh", "output_activation": "linear"}, epochs=800
    )
    (runs,) = get_engine("fast").train(made, range(40))
    stuck = np.flatnonzero((runs.loss > 0.1) & (runs.loss < 0.2))
    assert len(stuck)
    found = judge_run(recorded(made, int(stuck[0])), get_engine("fast"))
    assert (found.fault, found.at_rest) == ("", True)
