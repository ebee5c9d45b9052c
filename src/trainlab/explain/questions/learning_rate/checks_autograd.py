"""The same numbers by PyTorch: its optimizer, its autograd, its schedulers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from trainlab.engine.layout import initial_parameters
from trainlab.engine.reference import build_module
from trainlab.engine.reference.learning_rates import Rates
from trainlab.engine.reference.losses import build_criterion
from trainlab.engine.reference.module import flat, weights_of
from trainlab.explain.questions.learning_rate.named_schedules import NamedSchedule, rates_of
from trainlab.explain.questions.learning_rate.network_sharpness import PlaceSharpness
from trainlab.explain.questions.learning_rate.step_section import OneStep
from trainlab.spec import Experiment, ReduceLROnPlateau

Array = npt.NDArray[np.float64]


MOST_PARAMETERS = 300
"""The most parameters of which the whole Hessian is made: its cost grows as their square."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """A number that was computed twice: what, how `ours` and `theirs` differ relatively, and what did it."""

    what: str
    by: str
    difference: float


def checks(
    torch: Any,
    experiment: Experiment,
    step: OneStep,
    start: PlaceSharpness,
    schedules: Sequence[NamedSchedule],
) -> tuple[Check, ...]:
    """Return the checks that apply, by `torch`."""
    found = [
        Check(
            what="the new weight",
            by="torch.optim.SGD on autograd's gradient",
            difference=_relative(
                step.after, float(sgd_step(torch, experiment, step.seed, step.rate)[step.place])
            ),
        )
    ]
    if start.smooth and experiment.network.parameters <= MOST_PARAMETERS:
        row = initial_parameters(experiment, range(start.seed, start.seed + 1))[0]
        values = np.linalg.eigvalsh(dense_hessian(torch, experiment, row))
        scale = float(np.abs(values).max()) or 1.0
        for name, ours, theirs in (
            ("λ_max at the start", start.largest.value, values[-1]),
            ("the most negative one there", start.lowest.value, values[0]),
        ):
            found.append(
                Check(
                    what=name,
                    by="autograd's whole Hessian, relative to its largest",
                    difference=abs(ours - float(theirs)) / scale,
                )
            )
    for named in schedules:
        if isinstance(named.schedule, ReduceLROnPlateau):
            continue
        scheduled = named.of(experiment)
        ours, theirs = rates_of(scheduled), torch_rates(torch, scheduled)
        found.append(
            Check(
                what=f"{len(ours):,} rates of {named.label}",
                by=named.title,
                difference=float(np.abs(ours - theirs).max() / (np.abs(theirs).max() or 1.0)),
            )
        )
    return tuple(found)


def sgd_step(torch: Any, experiment: Experiment, seed: int, rate: float) -> Array:
    """Return the parameters ``[P]`` after one step of torch.optim.SGD over all the examples, in float64."""
    module = build_module(torch, experiment, seed, "float64")
    loss_of(torch, experiment, module).backward()
    torch.optim.SGD(module.parameters(), lr=rate).step()
    return flat(module)


def loss_of(torch: Any, experiment: Experiment, module: Any) -> Any:
    """Return the loss over all the examples, penalty included, as a tensor."""
    data, penalty = experiment.data(), experiment.penalty
    inputs, targets = (torch.from_numpy(np.array(part)) for part in (data.inputs, data.targets))
    loss = build_criterion(torch, experiment.loss)(module(inputs), targets)
    for weight in weights_of(torch, module):
        loss = loss + penalty.l1 * weight.abs().sum() + penalty.l2 * (weight * weight).sum()
    return loss


def dense_hessian(torch: Any, experiment: Experiment, parameters: Array) -> Array:
    """Return the Hessian ``[P, P]`` of that loss at a row of parameters, row by row by autograd."""
    module = build_module(torch, experiment, 0, "float64")
    with torch.no_grad():
        torch.nn.utils.vector_to_parameters(torch.from_numpy(parameters.copy()), module.parameters())
    weights = list(module.parameters())
    slopes = torch.autograd.grad(loss_of(torch, experiment, module), weights, create_graph=True)
    slope = torch.cat([each.reshape(-1) for each in slopes])
    rows: list[Array] = []
    for entry in slope:
        if not entry.requires_grad:
            rows.append(np.zeros(len(parameters)))
            continue
        parts = torch.autograd.grad(entry, weights, retain_graph=True, allow_unused=True)
        filled = [
            torch.zeros_like(weight) if part is None else part
            for part, weight in zip(parts, weights, strict=True)
        ]
        rows.append(torch.cat([part.reshape(-1) for part in filled]).numpy())
    return np.stack(rows)


def torch_rates(torch: Any, experiment: Experiment) -> Array:
    """Return the rate of every step ``[steps]`` by the scheduler objects of the reference engine."""
    momentum: Any = getattr(experiment.optimizer, "betas", None)
    nothing = [torch.zeros(1, requires_grad=True)]
    lr = experiment.optimizer.lr
    optimizer = (
        torch.optim.SGD(nothing, lr=lr, momentum=getattr(experiment.optimizer, "momentum", 0.0))
        if momentum is None
        else torch.optim.Adam(nothing, lr=lr, betas=momentum)
    )
    scheduler, rates = Rates(torch, experiment, optimizer), list[float]()
    per_epoch, steps = experiment.steps_per_epoch, experiment.epochs * experiment.steps_per_epoch
    for step in range(steps):
        scheduler.apply()
        rates.append(float(optimizer.param_groups[0]["lr"]))
        if step + 1 == steps:
            break  # a OneCycleLR at its end may divide by 0
        scheduler.after_step()
        if (step + 1) % per_epoch == 0:
            scheduler.after_epoch()
    return np.array(rates)


def _relative(ours: float, theirs: float) -> float:
    return abs(ours - theirs) / (abs(theirs) or 1.0)
