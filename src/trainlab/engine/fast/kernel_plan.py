"""From an experiment to the numbers that steer the kernel: its plan of whole numbers, and the real ones."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np

from trainlab.engine.fast.required_units import fused_optimizer
from trainlab.engine.kernel import tables
from trainlab.engine.kernel.simd import Lanes
from trainlab.engine.kernel.tables import Numbers, Plan
from trainlab.maths import LINKS
from trainlab.spec import (
    Accuracy,
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
