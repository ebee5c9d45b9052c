"""What only training can show: that a schedule reads held-out examples, and that losses can be custom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import trainlab
from trainlab import Experiment
from trainlab.engine import get_engine
from trainlab.engine.reference.module import build_module, flat

SEED = 0
PLATEAU: dict[str, Any] = {
    "network": {"widths": "2-8-1", "activation": "tanh", "output_activation": "linear"},
    "task": {"name": "moons", "points": 60, "noise": 0.3},
    "split": {"held_out": 0.5, "seed": 1},
    "loss": "mse",
    "optimizer": {"name": "sgd", "lr": 0.5},
    "schedule": {"name": "reduce_on_plateau", "patience": 5, "on": "held_out"},
    "epochs": 40,
}
"""Full batches, so that a loop by hand needs no draws."""
OWN: dict[str, Any] = {
    "network": {"widths": "2-5-4-1", "activation": "tanh", "output_activation": "linear"},
    "optimizer": {"name": "sgd", "lr": 0.1},
    "epochs": 100,
}
OWN_LOSSES = ("square", "quartic")


@dataclass(frozen=True, kw_only=True, slots=True)
class Plateau:
    """How far weights end from those of a plain PyTorch loop, by the losses given to its ReduceLROnPlateau.

    `held_out` where it tells the loss of the held-out examples, `train` where it tells that of the others;
    `rates` are the learning rates of the first, in their order.
    """

    held_out: float
    train: float
    rates: tuple[float, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnLoss:
    """How far weights end from MSE's when trained with a custom squared error, and with its fourth power."""

    square: float
    quartic: float


def plateau() -> Plateau:
    """Train with a schedule that reads held-out examples, and beside it by hand."""
    experiment = Experiment.from_dict(PLATEAU)
    (row,) = _trained(experiment)
    ends = {on: _by_hand(experiment, on) for on in ("held_out", "train")}
    held_out, train = (float(np.abs(end - row).max()) for end, _ in ends.values())
    return Plateau(held_out=held_out, train=train, rates=ends["held_out"][1])


def own_loss() -> OwnLoss:
    """Train by two losses of one's own, and by MSE."""
    trainlab.custom_loss("own_square", lambda p, y: (p - y) ** 2)
    trainlab.custom_loss("own_quartic", lambda p, y: (p - y) ** 4)
    losses: tuple[Any, ...] = ("mse", *({"name": "custom", "function": f"own_{each}"} for each in OWN_LOSSES))
    mse, square, quartic = (_trained(Experiment.from_dict(OWN | {"loss": loss}))[0] for loss in losses)
    return OwnLoss(square=float(np.abs(square - mse).max()), quartic=float(np.abs(quartic - mse).max()))


def _trained(experiment: Experiment) -> Any:
    """Return the final weights ``[1, P]`` of one run of the plain loop in float64."""
    return get_engine("reference", dtype="float64").train(experiment, range(SEED, SEED + 1))[0].parameters


def _by_hand(experiment: Experiment, on: str) -> tuple[Any, tuple[float, ...]]:
    """Return the weights ``[P]`` that a loop with PyTorch's own classes ends with, and its rates."""
    import torch

    data, module = experiment.data(), build_module(torch, experiment, SEED, "float64")
    train, held_out = (
        (torch.tensor(inputs), torch.tensor(targets))
        for inputs, targets in (
            (data.inputs, data.targets),
            (data.held_out_inputs, data.held_out_targets),
        )
    )
    optimizer = torch.optim.SGD(module.parameters(), lr=experiment.optimizer.lr)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=5)
    told = held_out if on == "held_out" else train
    rates: list[float] = []
    for _ in range(experiment.epochs):
        rates.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(module(train[0]), train[1]).backward()
        optimizer.step()
        with torch.no_grad():
            scheduler.step(torch.nn.functional.mse_loss(module(told[0]), told[1]))
    return flat(module), tuple(dict.fromkeys(rates))
