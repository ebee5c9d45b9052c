"""What an optimizer needs to know of each step: rate, momentum, bias corrections, as a table of float64.

A row depends on the step's number alone, never on a running product, so a step is the same wherever a
training is cut. Columns: RATE, SCALE, MOMENTUM, DECAY, SECOND_RATE of the kernel's tables.

========= ==================== ===================== ========= ======= =======================
optimizer RATE                 SCALE                 MOMENTUM  DECAY   SECOND_RATE
========= ==================== ===================== ========= ======= =======================
sgd       lr                   1 − dampening         momentum
adam(w)   lr/(1 − β₁ᵗ)         1/√(1 − β₂ᵗ)          β₁        lr · wd
nadam     lr(1 − μₜ)/(1 − Πₜ)  1/√(1 − β₂ᵗ)          β₁        lr · wd lr μₜ₊₁/(1 − Πₜ₊₁)
radam     lr/(1 − β₁ᵗ)         rₜ√(1 − β₂ᵗ), or 0    β₁        lr · wd
rmsprop   lr                                         momentum
adagrad   lr/(1 + (t − 1) lr_decay)
adadelta  lr
lion      lr                                         β₁        lr · wd
========= ==================== ===================== ========= ======= =======================
"""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from trainlab.engine.kernel.tables import DECAY, MOMENTUM, RATE, SCALE, SECOND_RATE, STEP_COLUMNS
from trainlab.maths.adam_steps import radam_rectification
from trainlab.maths.schedules import learning_rates, momenta
from trainlab.spec import Experiment, name_of

Array = npt.NDArray[np.float64]

SETTLED = 60.0
"""βᵗ < e⁻⁶⁰ no longer changes a float64."""


def step_table(experiment: Experiment) -> Array:
    """Return the numbers of every step, ``[steps, columns]``, cut where they no longer change.

    Step s has row min(s, rows − 1).
    """
    steps = experiment.epochs * experiment.steps_per_epoch
    if not experiment.scheduled:
        steps = min(steps, _settled(experiment))
    settings: dict[str, Any] = msgspec.to_builtins(experiment.optimizer)
    rates, momentum = _schedule(experiment, settings, steps)
    table = np.zeros((steps, STEP_COLUMNS))
    table[:, RATE] = rates
    table[:, DECAY] = rates * settings.get("weight_decay", 0.0)
    table[:, MOMENTUM] = momentum
    t = np.arange(1, steps + 1, dtype=np.float64)
    name = name_of(experiment.optimizer)
    if name == "sgd":
        _sgd(table, settings)
    elif name in ("adam", "adamw"):
        table[:, RATE] /= 1.0 - table[:, MOMENTUM] ** t
        table[:, SCALE] = 1.0 / np.sqrt(1.0 - settings["betas"][1] ** t)
    elif name == "nadam":
        _nadam(table, settings, t)
    elif name == "radam":
        beta2 = settings["betas"][1]
        table[:, RATE] /= 1.0 - table[:, MOMENTUM] ** t
        rectified = np.array([radam_rectification(step, beta2) for step in range(1, steps + 1)])
        table[:, SCALE] = rectified * np.sqrt(1.0 - beta2**t)
    elif name == "adagrad":
        table[:, RATE] /= 1.0 + (t - 1.0) * settings["lr_decay"]
    return _without_constant_tail(table)


def _schedule(experiment: Experiment, settings: dict[str, Any], steps: int) -> tuple[Array, Array]:
    """Return learning rate and momentum (or β₁) of the first steps."""
    betas: tuple[float, float] = settings.get("betas", (0.0, 0.0))
    momentum = np.full(steps, float(settings.get("momentum", betas[0])))
    if not experiment.scheduled:
        return np.full(steps, float(settings["lr"])), momentum
    schedule: dict[str, Any] = msgspec.to_builtins(experiment.schedule)
    name = schedule.pop("name")
    if name == "reduce_on_plateau":
        schedule = {}
    length = {"epochs": experiment.epochs, "steps_per_epoch": experiment.steps_per_epoch}
    warmup = msgspec.to_builtins(experiment.warmup)
    rates = learning_rates(name, lr=settings["lr"], **length, warmup=warmup, **schedule)
    cycled = momenta(name, **length, **schedule)
    return rates, momentum if cycled is None else cycled


def _sgd(table: Array, settings: dict[str, Any]) -> None:
    # PyTorch begins the buffer with the whole gradient, whatever the dampening, once there is a momentum.
    table[:, SCALE] = 1.0 - settings["dampening"]
    table[np.argmax(table[:, MOMENTUM] > 0.0), SCALE] = 1.0


def _nadam(table: Array, settings: dict[str, Any], t: Array) -> None:
    decay = settings["momentum_decay"]
    mu = table[:, MOMENTUM] * (1.0 - 0.5 * 0.96 ** (t * decay))
    after = table[:, MOMENTUM] * (1.0 - 0.5 * 0.96 ** ((t + 1.0) * decay))
    product = np.multiply.accumulate(mu)
    lr = table[:, RATE].copy()
    table[:, RATE] = lr * (1.0 - mu) / (1.0 - product)
    table[:, SECOND_RATE] = lr * after / (1.0 - product * after)
    table[:, SCALE] = 1.0 / np.sqrt(1.0 - settings["betas"][1] ** t)


def _settled(experiment: Experiment) -> int:
    """Return after how many steps at a constant rate the table no longer changes."""
    settings: dict[str, Any] = msgspec.to_builtins(experiment.optimizer)
    if settings.get("lr_decay"):
        return experiment.epochs * experiment.steps_per_epoch
    # 1 − β comes close to 0, not β: log1p keeps its digits.
    slowest = max(settings.get("betas", (0.0,)))
    settled = SETTLED / -math.log1p(slowest - 1.0) if slowest > 0 else 0.0
    if "momentum_decay" in settings and settings["momentum_decay"] > 0:
        settled = max(settled, SETTLED / (-math.log(0.96) * settings["momentum_decay"]))
    return int(settled) + 3


def _without_constant_tail(table: Array) -> Array:
    changing = np.flatnonzero((table != table[-1]).any(axis=1))
    return np.ascontiguousarray(table[: (int(changing[-1]) if len(changing) else -1) + 2])
