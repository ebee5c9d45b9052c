"""Both engines against a trainer in NumPy that shares nothing with them but the generator."""

from typing import Any

import numpy as np
import pytest
import torch
from engine.numpy_trainer import NumpyTrainer

from trainlab.engine.fast import FastEngine
from trainlab.engine.reference import ReferenceEngine
from trainlab.engine.reference.loop import train_one
from trainlab.maths import ACTIVATIONS, LOSSES, OPTIMIZERS
from trainlab.spec import Experiment

SEED = 2**33 + 5
ENGINES = (ReferenceEngine(dtype="float64"), FastEngine(dtype="float64", networks=8))
BLOBS = {"name": "blobs", "points": 14, "classes": 3, "std": 2.0}
BASE: dict[str, Any] = {
    "network": {"widths": "2-4-3-3", "activation": "tanh", "output_activation": "linear"},
    "task": BLOBS,
    "split": {"held_out": 0.3, "seed": 1},
    "scaling": {"inputs": "standard"},
    "loss": "cross_entropy",
    "optimizer": {"name": "sgd", "lr": 0.1},
    "epochs": 6,
}
MOONS: dict[str, Any] = {
    **BASE,
    "network": {"widths": "2-4-3-1", "activation": "tanh", "output_activation": "linear"},
    "task": {"name": "moons", "points": 14},
}
SETTINGS: dict[str, dict[str, Any]] = {
    "sgd": {"momentum": 0.9, "dampening": 0.2, "weight_decay": 0.01},
    "adam": {"weight_decay": 0.01, "amsgrad": True},
    "adamw": {"amsgrad": True},
    "nadam": {"weight_decay": 0.01, "decoupled_weight_decay": True},
    "radam": {"weight_decay": 0.01},
    "rmsprop": {"momentum": 0.5, "centered": True, "weight_decay": 0.01},
    "adagrad": {"lr_decay": 0.1, "initial_accumulator_value": 0.1},
    "adadelta": {"weight_decay": 0.01},
    "lion": {"lr": 0.01, "weight_decay": 0.1},
}
SCHEDULES: dict[str, dict[str, Any]] = {
    "step": {"step_size": 2},
    "multi_step": {"milestones": [1, 4], "gamma": 0.5},
    "exponential": {"gamma": 0.8},
    "cosine_annealing": {},
    "cosine_annealing_warm_restarts": {"T_0": 2, "T_mult": 2},
    "cyclic": {"base_lr": 0.01, "max_lr": 0.2, "step_size_up": 3, "step_size_down": 2, "mode": "triangular2"},
    "one_cycle": {"max_lr": 0.3},
    "lambda": {"factor": "0.9 ** t"},
    "multiplicative": {"factor": "1 / (1 + 0.1 * t)"},
    "reduce_on_plateau": {"patience": 0, "threshold": 0.05, "on": "held_out"},
}


def agrees(fields: dict[str, Any], *, base: dict[str, Any] = BASE, rtol: float = 1e-9) -> None:
    experiment = Experiment.from_dict({**base, **fields})
    rows = NumpyTrainer(experiment, SEED).train()
    marks = (experiment.epochs,) if experiment.looks_ahead else (1, experiment.epochs)
    for engine in ENGINES:
        found = engine.train(experiment, range(SEED, SEED + 1), marks=marks)
        for mark, runs in zip(marks, found, strict=True):
            np.testing.assert_allclose(
                runs.parameters[0], rows[mark - 1], rtol=rtol, atol=1e-10, err_msg=engine.name
            )
    assert np.abs(rows[-1] - rows[0]).max() > 1e-4


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers(name: str):
    agrees({"optimizer": {"name": name, **SETTINGS[name]}})


def test_nesterov():
    agrees({"optimizer": {"name": "sgd", "lr": 0.1, "momentum": 0.9, "nesterov": True}})


@pytest.mark.parametrize("name", LOSSES)
def test_losses(name: str):
    if name in ("cross_entropy", "nll"):
        output = "log_softmax" if name == "nll" else "linear"
        network = {**BASE["network"], "output_activation": output}
        smooth = {"label_smoothing": 0.1} if name == "cross_entropy" else {}
        agrees({"network": network, "loss": {"name": name, **smooth}})
    else:
        output = "sigmoid" if name == "bce" else "linear"
        agrees({"network": {**MOONS["network"], "output_activation": output}, "loss": name}, base=MOONS)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name: str):
    if name in ("softmax", "log_softmax"):
        agrees({"network": {**BASE["network"], "output_activation": name}, "loss": "mse"})
    else:
        agrees({"network": {**BASE["network"], "activation": name}})


@pytest.mark.parametrize("per", ["epoch", "step"])
@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules(name: str, per: str):
    each = {} if name == "reduce_on_plateau" else {"per": per}
    schedule = {"name": name, **SCHEDULES[name], **each}
    optimizer = {"name": "adam", "lr": 0.01} if per == "step" else {"name": "sgd", "lr": 0.1, "momentum": 0.5}
    agrees(
        {
            "schedule": schedule,
            "warmup": {"total_iters": 3, "per": per},
            "sampling": {"name": "batch", "batch_size": 4},
            "optimizer": optimizer,
        }
    )


@pytest.mark.parametrize(
    ("schedule", "sampling"),
    [
        ({"name": "lambda", "factor": "1 - t / 5"}, "full"),
        ({"name": "lambda", "factor": "1 - t / 17", "per": "step"}, {"name": "batch", "batch_size": 4}),
        ({"name": "one_cycle", "max_lr": 0.3, "pct_start": 1.0}, "full"),
        (
            {"name": "one_cycle", "max_lr": 0.3, "pct_start": 0.5, "total_steps": 6, "three_phase": True},
            "full",
        ),
    ],
)
def test_no_schedule_is_asked_for_a_rate_after_the_last(schedule: dict[str, Any], sampling: Any):
    optimizer = {"name": "sgd", "lr": 0.1, "momentum": 0.5}
    agrees({"schedule": schedule, "sampling": sampling, "optimizer": optimizer})


def test_sums_are_not_cut_by_the_number_of_threads(monkeypatch: pytest.MonkeyPatch):
    seen = []

    def counted(*arguments: Any, **options: Any) -> Any:
        seen.append(torch.get_num_threads())
        return train_one(*arguments, **options)

    monkeypatch.setattr("trainlab.engine.reference.engine.train_one", counted)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        ReferenceEngine().train(Experiment.from_dict({**BASE, "epochs": 1}), range(2), threads=3)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert seen == [1, 1]


@pytest.mark.parametrize(
    "sampling",
    [
        "single",
        {"name": "single", "steps_per_epoch": 3},
        {"name": "batch", "batch_size": 4},
        {"name": "batch", "batch_size": 4, "drop_last": True},
        {"name": "batch", "batch_size": 6, "replacement": True},
        {"name": "batch", "batch_size": 100},
    ],
)
def test_samplings_with_dropout_and_noise(sampling: Any):
    network = {**BASE["network"], "dropout": [0.3, 0.5]}
    agrees({"sampling": sampling, "network": network, "noise": {"std": 0.2}})


def test_dropout_of_one_layer_numbers_its_own_units_only():
    agrees({"network": {**BASE["network"], "dropout": [0.0, 0.4]}})


@pytest.mark.parametrize(
    "fields",
    [
        {"clip": {"norm": 0.05}},
        {"clip": {"value": 0.01}},
        {"penalty": {"l1": 0.01, "l2": 0.02}},
        {
            "penalty": {"l1": 0.1},
            "clip": {"norm": 0.1},
            "init": {"weight": ["lecun_normal", "orthogonal", "default"]},
        },
    ],
)
def test_clip_and_penalty(fields: dict[str, Any]):
    agrees(fields)


def test_batches_of_one_drawn_with_replacement_are_single_examples():
    one = {"sampling": {"name": "batch", "batch_size": 1, "replacement": True}}
    for engine in ENGINES:
        runs = [
            engine.train(Experiment.from_dict({**BASE, **fields}), range(2))[0]
            for fields in (one, {"sampling": "single"})
        ]
        np.testing.assert_array_equal(runs[0].parameters, runs[1].parameters)
        assert runs[0].experiment.fingerprint == runs[1].experiment.fingerprint
