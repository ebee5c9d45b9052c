"""Learning rate and momentum of every step, by the schedulers of torch.optim.lr_scheduler."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from trainlab.maths import SCHEDULES
from trainlab.maths.formula import evaluate_factor
from trainlab.spec import (
    CyclicLR,
    Experiment,
    LambdaLR,
    MultiplicativeLR,
    NoSchedule,
    OneCycleLR,
    ReduceLROnPlateau,
    name_of,
)
from trainlab.spec.schedules import resolved


class Rates:
    """Sets an optimizer's learning rate, and its momentum where that cycles, before each step.

    The rate is the product of schedule and warmup, and torch's schedulers compute the next rate from the one
    that they find; so each moves an optimizer of its own, with one parameter that is never trained.
    """

    def __init__(self, torch: Any, experiment: Experiment, optimizer: Any) -> None:
        self._optimizer = optimizer
        self._schedule = experiment.schedule
        self._per = getattr(experiment.schedule, "per", "epoch")
        self._warmup_per = experiment.warmup.per
        # After the last step and epoch there is none whose rate could be asked for.
        steps = experiment.epochs * experiment.steps_per_epoch
        self._moves = {"step": steps - 1, "epoch": experiment.epochs - 1}
        self._shadow = _shadow(torch, optimizer.param_groups[0])
        self._scheduler = (
            None if isinstance(self._schedule, NoSchedule) else _scheduler(torch, experiment, self._shadow)
        )
        self._warmup = torch.optim.SGD([torch.zeros(1)], lr=1.0)
        self._warmer = None
        if experiment.warmup.total_iters:
            self._warmer = torch.optim.lr_scheduler.LinearLR(
                self._warmup,
                start_factor=experiment.warmup.start_factor,
                end_factor=1.0,
                total_iters=experiment.warmup.total_iters,
            )

    def apply(self) -> None:
        """Give the optimizer what the next step has."""
        if self._scheduler is None and self._warmer is None:
            return
        group, shadow = self._optimizer.param_groups[0], self._shadow.param_groups[0]
        group["lr"] = shadow["lr"] * self._warmup.param_groups[0]["lr"]
        if isinstance(self._schedule, CyclicLR | OneCycleLR) and self._schedule.cycle_momentum:
            if "betas" in group:
                group["betas"] = (shadow["betas"][0], group["betas"][1])
            else:
                group["momentum"] = shadow["momentum"]

    def after_step(self) -> None:
        """Move on what moves with every step."""
        self._advance("step")

    def after_epoch(self) -> None:
        """Move on what moves with every epoch."""
        self._advance("epoch")

    def after_reading(self, loss: float) -> None:
        """Tell a schedule that waits for a plateau the loss after an epoch."""
        if isinstance(self._schedule, ReduceLROnPlateau) and self._scheduler is not None:
            self._scheduler.step(loss)

    def _advance(self, per: str) -> None:
        if not self._moves[per]:
            return
        self._moves[per] -= 1
        scheduled = self._scheduler is not None and not isinstance(self._schedule, ReduceLROnPlateau)
        if scheduled and self._per == per:
            self._shadow.step()
            self._scheduler.step()  # type: ignore[union-attr]
        if self._warmer is not None and self._warmup_per == per:
            self._warmup.step()
            self._warmer.step()


def _shadow(torch: Any, group: dict[str, Any]) -> Any:
    """Return an optimizer of nothing with the same rate, and the same kind of momentum."""
    nothing = [torch.zeros(1)]
    if "betas" in group:
        return torch.optim.Adam(nothing, lr=group["lr"], betas=group["betas"])
    return torch.optim.SGD(nothing, lr=group["lr"], momentum=group.get("momentum", 0.0))


def _scheduler(torch: Any, experiment: Experiment, shadow: Any) -> Any:
    schedule = resolved(
        experiment.schedule, epochs=experiment.epochs, steps_per_epoch=experiment.steps_per_epoch
    )
    kind = getattr(torch.optim.lr_scheduler, str(SCHEDULES[name_of(schedule)].torch_class))
    if isinstance(schedule, LambdaLR | MultiplicativeLR):
        factor = schedule.factor

        def at(t: int) -> float:
            return float(evaluate_factor(factor, np.array([float(t)]))[0])

        return kind(shadow, lr_lambda=at)
    settings = msgspec.structs.asdict(schedule)
    settings.pop("per", None)
    settings.pop("on", None)
    return kind(shadow, **settings)
