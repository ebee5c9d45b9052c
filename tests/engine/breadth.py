"""Experiments that between them use everything: every loss with every optimizer, the other choices in turn.

``PYTHONPATH=src python tests/engine/breadth.py`` prints how far the torch engine is from the reference.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
from engine.agreement import relative_difference

from trainlab.engine import Runs
from trainlab.engine.reference import ReferenceEngine
from trainlab.engine.torch import TorchEngine
from trainlab.spec import Experiment, name_of

STEPS = 50
SEEDS = range(70, 72)
CLASSES = {"task": {"name": "blobs", "points": 20, "classes": 3, "std": 2.0}, "last": 3}
BINARY = {"task": {"name": "moons", "points": 20, "noise": 0.2}, "last": 1}
NUMBERS = {"task": {"name": "curve", "points": 20}, "last": 1}
HIDDEN = (
    *("tanh", "sigmoid", "relu", "leaky_relu", "elu", "selu"),
    *("gelu", "silu", "softplus", "hardtanh", "sin"),
)
LOSSES: tuple[tuple[dict[str, Any], dict[str, Any], str], ...] = (
    ({"name": "l1"}, NUMBERS, "linear"),
    ({"name": "mse"}, NUMBERS, "linear"),
    ({"name": "mse"}, CLASSES, "softmax"),
    ({"name": "huber", "delta": 0.5}, NUMBERS, "linear"),
    ({"name": "smooth_l1", "beta": 0.5}, NUMBERS, "tanh"),
    ({"name": "log_cosh"}, NUMBERS, "linear"),
    ({"name": "bce"}, BINARY, "sigmoid"),
    ({"name": "bce"}, CLASSES, "softmax"),
    ({"name": "bce_with_logits"}, BINARY, "linear"),
    ({"name": "cross_entropy"}, CLASSES, "linear"),
    ({"name": "cross_entropy", "label_smoothing": 0.1}, CLASSES, "linear"),
    ({"name": "nll"}, CLASSES, "log_softmax"),
    ({"name": "hinge"}, BINARY, "linear"),
)
OPTIMIZERS: tuple[dict[str, Any], ...] = (
    {"name": "sgd", "lr": 0.05},
    {"name": "sgd", "lr": 0.02, "momentum": 0.9, "dampening": 0.2, "weight_decay": 0.01},
    {"name": "sgd", "lr": 0.02, "momentum": 0.8, "nesterov": True},
    {"name": "adam", "lr": 0.01},
    {"name": "adam", "lr": 0.01, "amsgrad": True, "weight_decay": 0.01},
    {"name": "adamw", "lr": 0.01},
    {"name": "nadam", "lr": 0.01, "weight_decay": 0.01, "decoupled_weight_decay": True},
    {"name": "radam", "lr": 0.01, "weight_decay": 0.01},
    {"name": "rmsprop", "lr": 0.01, "momentum": 0.5, "centered": True, "weight_decay": 0.01},
    {"name": "adagrad", "lr": 0.05, "lr_decay": 0.1, "initial_accumulator_value": 0.1},
    {"name": "adadelta", "lr": 0.5, "weight_decay": 0.01},
    {"name": "lion", "lr": 0.002, "weight_decay": 0.1},
)
SCHEDULES: tuple[dict[str, Any], ...] = (
    {"name": "constant"},
    {"name": "step", "step_size": 2},
    {"name": "multi_step", "milestones": [1, 4], "gamma": 0.5},
    {"name": "exponential", "gamma": 0.9},
    {"name": "cosine_annealing"},
    {"name": "cosine_annealing_warm_restarts", "T_0": 2, "T_mult": 2},
    {"name": "cyclic", "base_lr": 0.001, "max_lr": 0.02, "step_size_up": 3, "mode": "triangular2"},
    {"name": "one_cycle", "max_lr": 0.03},
    {"name": "lambda", "factor": "0.9 ** t"},
    {"name": "multiplicative", "factor": "1 / (1 + 0.1 * t)"},
    {"name": "reduce_on_plateau", "patience": 0, "threshold": 0.05, "on": "held_out"},
)
SAMPLINGS: tuple[Any, ...] = (
    "full",
    "single",
    {"name": "batch", "batch_size": 4},
    {"name": "batch", "batch_size": 4, "drop_last": True},
    {"name": "batch", "batch_size": 6, "replacement": True},
)
WITHOUT_MOMENTUM = ("adagrad", "adadelta")
OTHERS: tuple[dict[str, Any], ...] = (
    {},
    {"clip": {"norm": 0.05}},
    {"noise": {"std": 0.2}, "warmup": {"total_iters": 3}},
    {"clip": {"value": 0.01}, "penalty": {"l1": 0.01, "l2": 0.02}},
    {"stopping": {"patience": 1, "min_delta": 0.01}},
    {"warmup": {"total_iters": 5, "per": "step"}, "penalty": {"l2": 0.01}},
    {"solved": {"loss": 0.5, "on": "held_out"}, "stopping": "solved"},
)


def combinations() -> Iterator[Experiment]:
    """Yield every loss with every optimizer; the other choices take turns."""
    for index, ((loss, data, output), optimizer) in enumerate(product(LOSSES, OPTIMIZERS)):
        dropout = ([0.0, 0.0], [0.3, 0.0], [0.2, 0.5])[index % 3]
        schedule = SCHEDULES[index % len(SCHEDULES)]
        if schedule["name"] in ("cyclic", "one_cycle") and optimizer["name"] in WITHOUT_MOMENTUM:
            schedule = {**schedule, "cycle_momentum": False}
        sampling = SAMPLINGS[index % len(SAMPLINGS)]
        first = 1 if data["task"]["name"] == "curve" else 2
        yield Experiment.from_dict(
            {
                "network": {
                    "widths": [first, 5, 4, data["last"]],
                    "activation": [HIDDEN[index % 11], HIDDEN[(index // 11 + 4) % 11], output],
                    "bias": [True, index % 4 > 0, index % 2 > 0],
                    "dropout": dropout,
                },
                "task": data["task"],
                "split": {"held_out": 0.3, "seed": 1},
                "loss": loss,
                "optimizer": optimizer,
                "schedule": schedule,
                "sampling": sampling,
                "epochs": STEPS if sampling == "full" else -(-STEPS // (14 if sampling == "single" else 4)),
                "solved": {"loss": 0.3},
                "record": {"loss_every": 2, "gradient_every": 3, "solved_every": 2},
                **OTHERS[index % len(OTHERS)],
            }
        )


def both(experiment: Experiment, *, dtype: str = "float64") -> tuple[Runs, Runs]:
    """Return the runs of the torch engine and of the reference."""
    ours = TorchEngine(dtype=dtype).train(experiment, SEEDS)[0]
    return ours, ReferenceEngine(dtype=dtype).train(experiment, SEEDS)[0]


def largest(ours: Runs, reference: Runs) -> float:
    """Return the largest relative difference of parameters, predictions and the loss curve."""
    names = ("parameters", "predictions", "loss_curve")
    return max(relative_difference(getattr(ours, name), getattr(reference, name)) for name in names)


def describe(experiment: Experiment) -> str:
    """Name a combination in one line."""
    return (
        f"{'/'.join(experiment.network.activations)} {name_of(experiment.loss)} {experiment.optimizer} "
        f"{name_of(experiment.schedule)} {experiment.sampling} {experiment.stopping}"
    )


def main() -> None:
    found = [(largest(*both(experiment)), experiment) for experiment in combinations()]
    found.sort(key=lambda pair: -pair[0])
    for difference, experiment in found[:8]:
        print(f"{difference:.2e} {describe(experiment)}")
    print(f"{len(found)} combinations, median {np.median([difference for difference, _ in found]):.1e}")


if __name__ == "__main__":
    main()
