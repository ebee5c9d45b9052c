"""Every way to split the same work, over experiments that need every kind of unit: the bits stay the same.

``PYTHONPATH=src:tests python tests/engine/bits.py`` compares all ways by hand (half an hour of compilation
the first time), and prints how many there are. The tests take those of `FEW`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any

import msgspec

from trainlab.engine.fast import FastEngine
from trainlab.engine.runs import ARRAYS, Runs, concatenate
from trainlab.spec import Experiment, Record

SEEDS = range(960, 1001)
BORDERS = (960, 961, 964, 977, 984, 998, 1001)
RECORDS = {
    "some": {"loss_every": 2, "gradient_every": 4},
    "none": {"loss_every": 0, "gradient_every": 0},
    "all": {"loss_every": 1, "gradient_every": 1, "gradients": "step"},
}
RECORDED = ("loss_curve", "gradient_curve", "coarse_loss")


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """How the work is split: the engine's settings, threads, chunks of seeds, and what is recorded."""

    networks: int = 8
    samples: int = 4
    threads: int = 1
    chunks: bool = False
    record: str = "some"
    checked: bool = False


PLAIN = Way()
FEW = (
    Way(threads=2),
    Way(chunks=True),
    Way(record="none"),
    Way(record="all", chunks=True, threads=2),
    Way(checked=True),
    Way(checked=True, record="none"),
    Way(networks=16, samples=1, chunks=True),
)


def all_ways() -> list[Way]:
    """Return every way; those that check each access in two shapes only, since each needs its own build."""
    shapes = [(n, s, False) for n, s in [*product((8, 16, 32, 64), (1, 2, 4)), (16, 8), (8, 16)]]
    shapes += [(8, 4, True), (16, 1, True)]
    return [
        Way(networks=n, samples=s, checked=c, threads=threads, chunks=chunks, record=record)
        for (n, s, c), threads, chunks, record in product(shapes, (1, 2), (False, True), RECORDS)
    ]


def train(experiment: Experiment, way: Way, dtype: str = "float64") -> Runs:
    """Train the seeds that way."""
    engine = FastEngine(dtype=dtype, networks=way.networks, samples=way.samples, checked=way.checked)
    settings = {"solved_every": 3, "predictions": 5, "curves": 990, **RECORDS[way.record]}
    wanted = msgspec.structs.replace(experiment, record=Record(**settings))
    borders = BORDERS if way.chunks else (SEEDS.start, SEEDS.stop)
    chunks = [range(start, stop) for start, stop in pairwise(borders)]
    return concatenate([engine.train(wanted, chunk, threads=way.threads)[0] for chunk in reversed(chunks)])


def differing(a: Runs, b: Runs, *, curves: bool) -> list[str]:
    """Return the names of the arrays that differ in any bit."""
    names = [name for name in ARRAYS if curves or name not in RECORDED]
    return [
        name
        for name in names
        if getattr(a, name).shape != getattr(b, name).shape
        or getattr(a, name).dtype != getattr(b, name).dtype
        or getattr(a, name).tobytes() != getattr(b, name).tobytes()
    ]


def _experiment(**fields: Any) -> Experiment:
    return Experiment.from_dict({"epochs": 12, "scaling": {"inputs": "standard"}, **fields})


MOONS = {"name": "moons", "points": 14}
BLOBS = {"name": "blobs", "points": 18, "classes": 3, "std": 4.0}
HELD = {"held_out": 0.3}
EXPERIMENTS = {
    "single": _experiment(
        network={"widths": [2, 5, 4, 1]}, optimizer={"name": "adam", "lr": 0.05}, sampling="single", epochs=60
    ),
    "gathered": _experiment(
        network={"widths": [2, 4, 3, 1], "activation": "gelu", "dropout": 0.2},
        task=MOONS,
        optimizer={"name": "sgd", "lr": 0.1, "momentum": 0.9},
        sampling="single",
        noise={"std": 0.1},
    ),
    "full": _experiment(
        network={"widths": [2, 3, 1], "activation": ["relu", "sigmoid"], "output_bias": False},
        optimizer={"name": "sgd", "lr": 0.5, "momentum": 0.9},
        loss="l1",
        epochs=60,
    ),
    "classes": _experiment(
        network={"widths": [2, 4, 3], "activation": "tanh", "output_activation": "linear"},
        task=BLOBS,
        split=HELD,
        loss={"name": "cross_entropy", "label_smoothing": 0.1},
        optimizer={"name": "adam", "lr": 0.05},
        solved={"accuracy": 0.8, "on": "held_out"},
    ),
    "shuffled": _experiment(
        network={"widths": [2, 4, 3, 1], "activation": ["elu", "silu", "linear"], "dropout": [0.0, 0.4]},
        task=MOONS,
        loss={"name": "huber", "delta": 0.3},
        optimizer={"name": "rmsprop", "lr": 0.01, "centered": True, "momentum": 0.5},
        sampling={"name": "batch", "batch_size": 5},
        noise={"std": 0.1},
    ),
    "drawn": _experiment(
        network={"widths": [2, 4, 3, 1], "activation": ["softplus", "sin", "linear"]},
        task=MOONS,
        loss="bce_with_logits",
        optimizer={"name": "nadam", "lr": 0.05, "weight_decay": 0.01},
        sampling={"name": "batch", "batch_size": 3, "replacement": True},
        clip={"norm": 0.1},
    ),
    "plateau": _experiment(
        network={"widths": [2, 4, 1], "activation": "tanh", "output_activation": "linear"},
        task=MOONS,
        split=HELD,
        loss="hinge",
        optimizer={"name": "adamw", "lr": 0.1, "amsgrad": True, "eps": 1e-3},
        schedule={"name": "reduce_on_plateau", "patience": 0, "threshold": 0.05, "on": "held_out"},
        stopping={"name": "patience", "patience": 2, "min_delta": 0.01, "on": "held_out"},
    ),
    "penalty": _experiment(
        network={"widths": [2, 3, 3], "activation": ["leaky_relu", "selu"]},
        task=BLOBS,
        loss="smooth_l1",
        optimizer={"name": "lion", "lr": 0.01, "weight_decay": 0.1},
        penalty={"l1": 0.01, "l2": 0.01},
        clip={"value": 0.1},
        solved={"loss": 0.2},
        sampling={"name": "batch", "batch_size": 4, "drop_last": True},
    ),
    "stopping": _experiment(
        network={"widths": [2, 4, 1], "activation": "sigmoid"},
        task=MOONS,
        loss="log_cosh",
        optimizer={"name": "radam", "lr": 0.1, "betas": [0.8, 0.9]},
        solved={"within": 0.6},
        stopping="solved",
    ),
    "shares": _experiment(
        network={"widths": [2, 3, 3], "activation": ["hardtanh", "log_softmax"]},
        task=BLOBS,
        loss="nll",
        optimizer={"name": "adagrad", "lr": 0.1, "lr_decay": 0.01, "initial_accumulator_value": 0.1},
        schedule={"name": "cosine_annealing"},
    ),
    "softmax": _experiment(
        network={"widths": [2, 3, 3], "activation": ["relu", "softmax"]},
        task=BLOBS,
        split=HELD,
        loss="mse",
        optimizer={"name": "adadelta"},
        sampling={"name": "single", "steps_per_epoch": 3},
    ),
    "diverging": _experiment(
        network={
            "widths": [2, 8, 8, 1],
            "activation": "relu",
            "output_activation": "linear",
            "dropout": 0.5,
        },
        task=MOONS,
        noise={"std": 1.0},
        optimizer={"name": "sgd", "lr": 1.0},
        sampling={"name": "batch", "batch_size": 5},
    ),
    "cycle": _experiment(
        network={"widths": [2, 3, 1], "activation": "tanh", "output_activation": "sigmoid"},
        task=MOONS,
        loss="bce",
        optimizer={"name": "sgd", "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
        schedule={"name": "one_cycle", "max_lr": 0.5, "per": "step"},
        warmup={"total_iters": 5, "per": "step"},
        sampling={"name": "batch", "batch_size": 2},
    ),
}
"""Each kind of sampling, optimizer, loss, link and treatment of a step is in one of them."""


def main() -> None:
    """Compare every way with the plain one, at float32."""
    count, wrong = 0, 0
    for name, experiment in EXPERIMENTS.items():
        plain = {record: train(experiment, Way(record=record), "float32") for record in RECORDS}
        for way in all_ways():
            found = differing(train(experiment, way, "float32"), plain[way.record], curves=True)
            found += differing(plain[way.record], plain["some"], curves=False)
            count += 1
            wrong += bool(found)
            if found:
                print(f"{name}, {way}: {', '.join(found)} differ", flush=True)
        print(f"{name}: {count} so far, {wrong} differ", flush=True)


if __name__ == "__main__":
    main()
