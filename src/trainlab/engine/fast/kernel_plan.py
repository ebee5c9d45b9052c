"""From an experiment to the numbers that steer the kernel: its plan of whole numbers, and the real ones."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from trainlab.engine.kernel import tables
from trainlab.engine.kernel.lanes import Lanes
from trainlab.engine.kernel.tables import (
    DECAY,
    MOMENTUM,
    RATE,
    SCALE,
    SECOND_RATE,
    STEP_COLUMNS,
    Numbers,
    Plan,
    Rows,
)
from trainlab.maths import LINKS, OPTIMIZERS
from trainlab.maths.optimizer_steps import radam_rectification
from trainlab.maths.schedules import learning_rates, momenta
from trainlab.spec import (
    SGD,
    Accuracy,
    Adam,
    Experiment,
    Full,
    Lion,
    LossBelow,
    Patience,
    ReduceLROnPlateau,
    Single,
    StopSolved,
    Within,
    loss_entry,
    name_of,
)
from trainlab.tasks import Task

RESIDENT_BYTES = 65_536
"""Up to this size the examples are held once for each network, so that a step has nothing to copy."""


def plan_of(experiment: Experiment, data: Task, block: Lanes, *, step_rows: int, marks: int) -> Plan:
    """Return the plan of an experiment for tiles of the block's networks and samples."""
    loss, network, record = loss_entry(experiment.loss), experiment.network, experiment.record
    sampling, batch = sampling_of(experiment, data.points)
    fused = fused_optimizer(experiment, batch=batch, samples=block.samples)
    penalty = experiment.penalty
    return Plan(
        networks=block.networks,
        used=block.networks,
        step_rows=step_rows,
        mark_count=marks,
        epochs=experiment.epochs,
        steps_per_epoch=experiment.steps_per_epoch,
        sampling=sampling,
        batch=batch,
        points=data.points,
        held_points=data.held_out,
        resident=_is_resident(data, block),
        features=data.features,
        outputs=data.outputs,
        layers=network.layers,
        parameters=network.parameters,
        loss=loss.code,
        link=LINKS[loss.link].code,
        over_examples=loss.mean_over == "examples",
        adds_up=fused is None,
        loss_every=record.loss_every,
        gradient_every=record.gradient_every,
        gradient_of_step=record.gradients == "step" and sampling != tables.FULL,
        solved_every=record.solved_every,
        kept_parameters=network.parameters if record.parameters else 0,
        kept_points=min(data.points, record.predictions),
        clip=_clip_code(experiment),
        penalised=penalty.l1 > 0 or penalty.l2 > 0,
        equalised=experiment.gradient == "equalised",
        keeps_subnormals=_smallest_matter(experiment),
        drop_units=sum(
            width for width, p in zip(network.widths[1:-1], network.dropouts, strict=True) if p > 0
        ),
        **_solved(experiment, data),
        **_plateau(experiment),
        **_stopping(experiment),
        **_optimizer(experiment),
    )


def _smallest_matter(experiment: Experiment) -> bool:
    """Whether a number below 1e-38 can move a weight: it is made larger, or its sign is all that counts."""
    signs = isinstance(experiment.optimizer, Lion) or experiment.penalty.l1 > 0
    return experiment.gradient == "equalised" or signs


def sampling_of(experiment: Experiment, points: int) -> tuple[int, int]:
    """Return where the examples of a step come from, by code, and how many there are."""
    sampling = experiment.sampling
    if isinstance(sampling, Full):
        return tables.FULL, points
    if isinstance(sampling, Single) or (sampling.replacement and sampling.batch_size == 1):
        return tables.SINGLE, 1
    return (tables.DRAWN if sampling.replacement else tables.SHUFFLED), sampling.batch_size


def _is_resident(data: Task, block: Lanes) -> bool:
    padded = -(-data.points // block.samples) * block.samples
    numbers = padded * (data.features + data.outputs + 1) * block.networks
    return numbers * np.dtype(block.dtype).itemsize <= RESIDENT_BYTES


def _clip_code(experiment: Experiment) -> int:
    if experiment.clip.norm is not None:
        return tables.CLIP_NORM
    return tables.NOT_CLIPPED if experiment.clip.value is None else tables.CLIP_VALUE


def _solved(experiment: Experiment, data: Task) -> dict[str, Any]:
    solved = experiment.solved
    held = solved.on == "held_out"
    if isinstance(solved, Accuracy):
        allowed = allowed_wrong(solved.accuracy, data.held_out if held else data.points)
        return {"solved": tables.ACCURACY, "solved_held": held, "allowed": allowed}
    code = tables.WITHIN if isinstance(solved, Within) else tables.LOSS_BELOW
    return {"solved": code, "solved_held": held, "allowed": 0}


def allowed_wrong(accuracy: float, examples: int) -> int:
    """Return how many of the examples may be wrong at an accuracy."""
    right = max(0, math.floor(accuracy * examples) - 1)
    while right / examples < accuracy:
        right += 1
    return examples - right


def _plateau(experiment: Experiment) -> dict[str, Any]:
    schedule = experiment.schedule
    if not isinstance(schedule, ReduceLROnPlateau):
        names = ("", "_held", "_relative", "_patience", "_cooldown")
        return {f"plateau{name}": 0 for name in names}
    return {
        "plateau": True,
        "plateau_held": schedule.on == "held_out",
        "plateau_relative": schedule.threshold_mode == "rel",
        "plateau_patience": schedule.patience,
        "plateau_cooldown": schedule.cooldown,
    }


def _stopping(experiment: Experiment) -> dict[str, Any]:
    stopping = experiment.stopping
    if isinstance(stopping, Patience):
        return {
            "stopping": tables.STOPS_PATIENCE,
            "patience": stopping.patience,
            "patience_every": stopping.every,
            "patience_held": stopping.on == "held_out",
        }
    code = tables.STOPS_SOLVED if isinstance(stopping, StopSolved) else tables.NEVER_STOPS
    return {"stopping": code, "patience": 0, "patience_every": 0, "patience_held": False}


def _optimizer(experiment: Experiment) -> dict[str, Any]:
    settings: dict[str, Any] = msgspec.to_builtins(experiment.optimizer)
    # If no step has a momentum, PyTorch keeps no buffer.
    cycled = bool(getattr(experiment.schedule, "cycle_momentum", False))
    return {
        "amsgrad": bool(settings.get("amsgrad")),
        "nesterov": bool(settings.get("nesterov")),
        "decoupled": settings["name"] in ("adamw", "lion") or bool(settings.get("decoupled_weight_decay")),
        "centered": bool(settings.get("centered")),
        "carries_momentum": settings.get("momentum", 0.0) > 0 or cycled,
    }


def numbers_of(experiment: Experiment) -> Numbers:
    """Return the real numbers that hold for the whole training."""
    optimizer: dict[str, Any] = msgspec.to_builtins(experiment.optimizer)
    _, beta2 = optimizer.get("betas", (0.0, optimizer.get("alpha", optimizer.get("rho", 0.0))))
    loss: dict[str, Any] = msgspec.to_builtins(experiment.loss)
    solved, schedule, stopping = experiment.solved, experiment.schedule, experiment.stopping
    threshold = solved.within if isinstance(solved, Within) else 0.0
    if isinstance(solved, LossBelow):
        threshold = solved.loss
    reduces = schedule if isinstance(schedule, ReduceLROnPlateau) else ReduceLROnPlateau()
    # Kept as factors of the first rate.
    lr = optimizer["lr"] or 1.0
    return Numbers(
        beta2=beta2,
        eps=optimizer.get("eps", 0.0),
        weight_decay=optimizer["weight_decay"],
        loss_setting=next((value for value in loss.values() if isinstance(value, float)), 0.0),
        threshold=threshold,
        clip_limit=experiment.clip.norm or experiment.clip.value or 0.0,
        l1=experiment.penalty.l1,
        l2=experiment.penalty.l2,
        noise=experiment.noise.std,
        min_delta=stopping.min_delta if isinstance(stopping, Patience) else 0.0,
        plateau_factor=reduces.factor,
        plateau_threshold=reduces.threshold,
        plateau_floor=reduces.min_lr / lr,
        plateau_eps=reduces.eps / lr,
    )


# What an optimizer needs to know of each step: rate, momentum, bias corrections, as a table of float64.
#
# A row depends on the step's number alone, never on a running product, so a step is the same wherever a
# training is cut. Columns: RATE, SCALE, MOMENTUM, DECAY, SECOND_RATE of the kernel's tables.
#
# ========= ==================== ===================== ========= ======= =======================
# optimizer RATE                 SCALE                 MOMENTUM  DECAY   SECOND_RATE
# ========= ==================== ===================== ========= ======= =======================
# sgd       lr                   1 − dampening         momentum
# adam(w)   lr/(1 − β₁ᵗ)         1/√(1 − β₂ᵗ)          β₁        lr · wd
# nadam     lr(1 − μₜ)/(1 − Πₜ)  1/√(1 − β₂ᵗ)          β₁        lr · wd lr μₜ₊₁/(1 − Πₜ₊₁)
# radam     lr/(1 − β₁ᵗ)         rₜ√(1 − β₂ᵗ), or 0    β₁        lr · wd
# rmsprop   lr                                         momentum
# adagrad   lr/(1 + (t − 1) lr_decay)
# adadelta  lr
# lion      lr                                         β₁        lr · wd
# ========= ==================== ===================== ========= ======= =======================


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


# How a tile's memory is laid out: which rows hold what, and the examples that stand there from the start.


def rows_of(experiment: Experiment, plan: Plan, *, samples: int) -> Rows:
    """Return where everything that a tile needs stands, one after the other."""
    units = sum(experiment.network.widths[1:])
    parameters = plan.parameters
    padded = -(-plan.points // samples) * samples if plan.resident else 0
    states = OPTIMIZERS[name_of(experiment.optimizer)].state_size
    sizes = {
        "parameters": parameters,
        "first_state": parameters,
        "second_state": parameters if states > 1 else 0,
        "third_state": parameters if states > 2 or plan.amsgrad else 0,
        "gradient": parameters,
        "layer_sizes": plan.layers if plan.equalised else 0,
        "frozen": parameters if plan.stopping != tables.NEVER_STOPS else 0,
        "points": padded * plan.features,
        "point_targets": padded * plan.outputs,
        "point_weights": padded,
        "inputs": plan.features * samples,
        "targets": plan.outputs * samples,
        "weights": samples,
        "share": 1,
        "values": units * samples,
        "slopes": units * samples,
        "deltas": units * samples,
        "predictions": plan.outputs * samples,
        "loss": 1,
        "missed": 1,
        "wrong": 1,
        "broken": 1,
        "rate_factor": 1,
        "best": 1,
        "waited": 1,
        "cooldown": 1,
        "plateau_best": 1,
        "plateau_bad": 1,
    }
    starts: dict[str, int] = {}
    total = 0
    for name, size in sizes.items():
        starts[name] = total
        total += size
    return Rows(**starts, total=total)


def resident_examples(data: Task, plan: Plan, samples: int) -> npt.NDArray[np.float64]:
    """Return inputs, targets and shares in the mean, block by block: ``[unit, sample]`` within a block.

    The last block is filled up with its last example, which has no share in loss or gradient there.
    """
    blocks = -(-data.points // samples)
    order = np.minimum(np.arange(blocks * samples), data.points - 1)
    share = 1.0 / (data.points if plan.over_examples else data.points * data.outputs)
    shares = np.where(np.arange(blocks * samples) < data.points, share, 0.0)
    inputs = data.inputs[order].reshape(blocks, samples, data.features).transpose(0, 2, 1)
    targets = data.targets[order].reshape(blocks, samples, data.outputs).transpose(0, 2, 1)
    return np.concatenate([inputs.ravel(), targets.ravel(), shares])


def fused_optimizer(experiment: Experiment, *, batch: int, samples: int) -> int | None:
    """Return the code of the optimizer whose step is made during the backward pass, None if it can't be.

    It can for plain SGD and Adam, on batches that fit one block of `samples`, with an unchanged gradient.
    """
    optimizer, clip, penalty = experiment.optimizer, experiment.clip, experiment.penalty
    plain = (isinstance(optimizer, SGD) and not optimizer.nesterov and optimizer.dampening == 0) or (
        isinstance(optimizer, Adam) and not optimizer.amsgrad
    )
    untouched = clip.norm is None and clip.value is None and penalty.l1 == 0 and penalty.l2 == 0
    # How large each layer's gradient is, is known only after the backward pass.
    untouched = untouched and not layers_apart(experiment)
    schedule = experiment.schedule
    same_for_all = not isinstance(schedule, ReduceLROnPlateau)
    # Where a cycle takes the momentum to 0, SGD's buffer must wait.
    waits = bool(getattr(schedule, "cycle_momentum", False)) and 0.0 in (
        getattr(schedule, "base_momentum", 1.0),
        getattr(schedule, "max_momentum", 1.0),
    )
    fits = batch == 1 or batch <= samples
    if plain and optimizer.weight_decay == 0 and untouched and same_for_all and fits and not waits:
        return OPTIMIZERS[name_of(optimizer)].code
    return None


def layers_apart(experiment: Experiment) -> bool:
    """Whether a step treats layers apart."""
    return experiment.gradient != "plain" or bool(experiment.frozen)
