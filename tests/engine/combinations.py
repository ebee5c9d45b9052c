"""Experiments that cross all that changes a training step: drawn at random, or so as to meet in pairs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations as pairs_of
from random import Random
from typing import Any

import msgspec
from engine.made_task import made_task

from trainlab.maths import ACTIVATIONS, LOSSES, OPTIMIZERS, SCHEDULES
from trainlab.spec import Experiment

STEPS = 50
"""About how many optimizer steps each takes."""

ONE = {"task": {"name": "moons", "points": 20}, "ends": (2, 1)}
MANY = {"task": {"name": "blobs", "points": 20, "classes": 3, "std": 4.0}, "ends": (2, 3)}
MADE = {"task": msgspec.to_builtins(made_task()), "ends": (3, 2)}
OVER_OUTPUTS = ("softmax", "log_softmax")
HIDDEN = tuple(name for name in ACTIVATIONS if name not in OVER_OUTPUTS)

LOSS_SETTINGS: dict[str, list[dict[str, Any]]] = {
    "huber": [{}, {"delta": 0.3}],
    "smooth_l1": [{}, {"beta": 0.2}],
    "cross_entropy": [{}, {"label_smoothing": 0.1}],
}
OPTIMIZER_SETTINGS: dict[str, list[dict[str, Any]]] = {
    "sgd": [
        {"lr": 0.05},
        {"lr": 0.02, "momentum": 0.9},
        {"lr": 0.02, "momentum": 0.9, "nesterov": True},
        {"lr": 0.02, "momentum": 0.5, "dampening": 0.3, "weight_decay": 0.01},
    ],
    "adam": [
        {"lr": 0.02},
        {"lr": 0.02, "weight_decay": 0.01},
        {"lr": 0.02, "amsgrad": True},
        {"lr": 0.05, "betas": [0.5, 0.9], "eps": 0.1},
    ],
    "adamw": [{"lr": 0.02}, {"lr": 0.02, "weight_decay": 0.1, "amsgrad": True}],
    "nadam": [
        {"lr": 0.02},
        {"lr": 0.02, "weight_decay": 0.01},
        {"lr": 0.02, "weight_decay": 0.01, "decoupled_weight_decay": True, "momentum_decay": 0.1},
    ],
    "radam": [
        {"lr": 0.02},
        {"lr": 0.02, "weight_decay": 0.01, "betas": [0.8, 0.9]},
        {"lr": 0.02, "weight_decay": 0.01, "decoupled_weight_decay": True},
    ],
    "rmsprop": [
        {"lr": 0.01},
        {"lr": 0.005, "momentum": 0.9, "weight_decay": 0.01},
        {"lr": 0.005, "centered": True, "momentum": 0.5, "alpha": 0.9},
    ],
    "adagrad": [
        {"lr": 0.05},
        {"lr": 0.05, "lr_decay": 0.1, "initial_accumulator_value": 0.1, "weight_decay": 0.01},
    ],
    "adadelta": [{}, {"lr": 0.5, "rho": 0.5, "weight_decay": 0.01}],
    "lion": [{"lr": 0.005}, {"lr": 0.005, "betas": [0.8, 0.95], "weight_decay": 0.1}],
}
# A cycle's max_lr is one and a half times the optimizer's own rate.
SCHEDULE_SETTINGS: dict[str, list[dict[str, Any]]] = {
    "constant": [{}],
    "step": [{"step_size": 3, "gamma": 0.5}, {"step_size": 20}],
    "multi_step": [{"milestones": [2, 9], "gamma": 0.5}],
    "exponential": [{"gamma": 0.95}],
    "cosine_annealing": [{}, {"T_max": 7, "eta_min": 0.001}],
    "cosine_annealing_warm_restarts": [{"T_0": 5}, {"T_0": 3, "T_mult": 2, "eta_min": 0.001}],
    "cyclic": [
        {"base_lr": 0.001, "max_lr": 0.0, "step_size_up": 4, "step_size_down": 3, "mode": mode, "gamma": 0.9}
        for mode in ("triangular", "triangular2", "exp_range")
    ]
    + [{"base_lr": 0.001, "max_lr": 0.0, "step_size_up": 3, "base_momentum": 0.0}],
    "one_cycle": [
        {"max_lr": 0.0},
        {"max_lr": 0.0, "anneal_strategy": "linear", "pct_start": 0.4, "three_phase": True},
        {"max_lr": 0.0, "cycle_momentum": False},
    ],
    "lambda": [{"factor": "0.95 ** t"}, {"factor": "1 / (1 + 0.1 * t)"}],
    "multiplicative": [{"factor": "0.98"}, {"factor": "1 if t % 3 else 0.8"}],
    "reduce_on_plateau": [
        {"patience": 0, "threshold": 0.02, "factor": 0.5, "cooldown": 1},
        {"patience": 1, "threshold": 0.01, "threshold_mode": "abs", "min_lr": 0.004, "on": "held_out"},
    ],
}
SAMPLINGS: dict[str, dict[str, Any]] = {
    "full": {"name": "full"},
    "single": {"name": "single", "steps_per_epoch": 1},
    "shuffled": {"name": "batch", "batch_size": 5},
    "dropped": {"name": "batch", "batch_size": 3, "drop_last": True},
    "drawn": {"name": "batch", "batch_size": 7, "replacement": True},
    "few": {"name": "batch", "batch_size": 3, "replacement": True},
}
TREATMENTS: dict[str, dict[str, Any]] = {
    "none": {},
    "dropout": {"dropout": [0.0, 0.4]},
    "noise": {"noise": {"std": 0.2}},
    "norm": {"clip": {"norm": 0.1}},
    "value": {"clip": {"value": 0.02}, "penalty": {"l1": 0.01}},
    "penalty": {"penalty": {"l1": 0.003, "l2": 0.02}},
    "all": {
        "dropout": [0.25, 0.1],
        "noise": {"std": 0.1},
        "clip": {"norm": 0.5},
        "penalty": {"l2": 0.01},
    },
}
STOPPINGS: dict[str, Any] = {
    "none": "none",
    "solved": "solved",
    "patience": {"name": "patience", "patience": 3, "min_delta": 0.001, "every": 2},
    # Without a min_delta, a loss that stands still would stop by the sign of its rounding.
    "held_out": {"name": "patience", "patience": 2, "min_delta": 1e-6, "on": "held_out"},
}
FACTORS: dict[str, tuple[str, ...]] = {
    "activation": HIDDEN,
    "loss": tuple(LOSSES),
    "optimizer": tuple(OPTIMIZERS),
    "schedule": tuple(SCHEDULES),
    "sampling": tuple(SAMPLINGS),
    "treatment": tuple(TREATMENTS),
    "stopping": tuple(STOPPINGS),
}
Row = dict[str, str]


def pairs(row: Row) -> set[tuple[str, str, str, str]]:
    """Return every pair of choices that occur together in a row."""
    return {(a, row[a], b, row[b]) for a, b in pairs_of(FACTORS, 2)}


def every_pair() -> Iterator[tuple[str, str, str, str]]:
    """Yield every possible pair of choices."""
    for a, b in pairs_of(FACTORS, 2):
        for first in FACTORS[a]:
            for second in FACTORS[b]:
                yield a, first, b, second


def pairwise_rows(seed: int = 1) -> list[Row]:
    """Return rows in which each choice meets each choice of every other factor: greedily, few of them."""
    draw, missing, rows = Random(seed), set(every_pair()), list[Row]()
    while missing:
        a, first, b, second = min(missing)
        drawn = [{**random_row(draw), a: first, b: second} for _ in range(20)]
        rows.append(max(drawn, key=lambda row: len(pairs(row) & missing)))
        missing -= pairs(rows[-1])
    return rows


def random_row(draw: Random) -> Row:
    """Return a choice of each factor."""
    return {factor: draw.choice(values) for factor, values in FACTORS.items()}


def experiment_of(row: Row, draw: Random) -> Experiment:
    """Return an experiment with a row's choices, and the settings within them drawn."""
    loss, optimizer, schedule = row["loss"], row["optimizer"], row["schedule"]
    regression = loss in ("l1", "mse", "huber", "smooth_l1", "log_cosh")
    many = loss in ("cross_entropy", "nll")
    place = draw.choice([MANY] if many else [ONE, MANY, MADE] if regression else [ONE, MANY])
    sampling, treatment = SAMPLINGS[row["sampling"]], dict(TREATMENTS[row["treatment"]])
    settings = dict(draw.choice(SCHEDULE_SETTINGS[schedule]))
    if schedule not in ("constant", "reduce_on_plateau"):
        settings["per"] = draw.choice(["epoch", "step"])
    if schedule in ("cyclic", "one_cycle") and OPTIMIZERS[optimizer].momentum is None:
        settings["cycle_momentum"] = False
    chosen = {"name": optimizer, **draw.choice(OPTIMIZER_SETTINGS[optimizer])}
    if "max_lr" in settings:
        settings["max_lr"] = 1.5 * chosen.get("lr", 1.0)
    first, last = place["ends"]
    network = {
        "widths": draw.choice([[first, 4, 3, last], [first, 2, 5, last]]),
        "bias": draw.choice([True, True, [True, False, True], False]),
        "activation": row["activation"],
        "output_activation": _output(loss, last, draw),
        "dropout": treatment.pop("dropout", 0.0),
    }
    # Sixteen examples are trained on: their shares in the mean are powers of two, so that a sum of L1's or
    # hinge's signs that cancels is 0 in any order, not one rounding's sign.
    made = place is MADE
    per_epoch = {"shuffled": 4, "dropped": 5, "drawn": 3, "few": 6}.get(row["sampling"], 1)
    return Experiment.from_dict(
        {
            "network": network,
            "task": place["task"],
            "split": {"held_out": 0.5 if made else 0.2, "seed": 3},
            "scaling": {"inputs": "standard"},
            "loss": {"name": loss, **draw.choice(LOSS_SETTINGS.get(loss, [{}]))},
            "optimizer": chosen,
            "schedule": {"name": schedule, **settings},
            "warmup": draw.choice([{}, {}, {"total_iters": 5, "per": draw.choice(["epoch", "step"])}]),
            "sampling": sampling,
            "epochs": -(-STEPS // per_epoch),
            "solved": _solved(draw, classes=not made),
            "stopping": STOPPINGS[row["stopping"]],
            "record": {"loss_every": 2, "gradient_every": 5, "solved_every": 3, "predictions": 100},
            **treatment,
        }
    )


def _output(loss: str, outputs: int, draw: Random) -> str:
    """Return an activation of the outputs that the loss allows."""
    if loss == "bce":
        return draw.choice(["sigmoid", "softmax"] if outputs > 1 else ["sigmoid"])
    if loss == "nll":
        return draw.choice(["log_softmax", "log_softmax", "tanh", "softplus"])
    return draw.choice([*HIDDEN, *(OVER_OUTPUTS if outputs > 1 else ())])


def _solved(draw: Random, *, classes: bool) -> dict[str, Any]:
    kinds: list[dict[str, Any]] = [{"within": 0.6}, {"loss": 0.3}]
    if classes:
        kinds.append({"accuracy": 0.7})
    return {**draw.choice(kinds), "on": draw.choice(["train", "held_out"])}


def pairwise() -> list[tuple[Row, Experiment]]:
    """Return the experiments that the tests compare."""
    draw = Random(2)
    return [(row, experiment_of(row, draw)) for row in pairwise_rows()]


def at_random(count: int, seed: int = 7) -> Iterator[Experiment]:
    """Yield experiments of choices drawn independently."""
    draw = Random(seed)
    for _ in range(count):
        yield experiment_of(random_row(draw), draw)
