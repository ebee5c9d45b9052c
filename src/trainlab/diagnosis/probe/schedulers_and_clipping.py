# pyright: basic
"""Schedulers, clipping and loss scaling: functions that are wrapped to be counted."""

from __future__ import annotations

import weakref
from typing import Any

import torch

from trainlab.diagnosis.observed.events import Clipping
from trainlab.diagnosis.observed.record import SchedulerRecord, Setting
from trainlab.diagnosis.probe.frames import user_site
from trainlab.diagnosis.probe.optimizer_steps import Steps
from trainlab.diagnosis.probe.probe_state import ProbeState, guarded
from trainlab.diagnosis.torch_private import scheduler_steps

MAX_CLIPS = 4_000
MAX_SCHEDULERS = 128
_SCHEDULED = (
    "gamma", "step_size", "T_max", "milestones", "factor", "patience", "mode", "total_steps", "total_iters",
)  # fmt: skip


class SchedulersAndClipping:
    """Each wrapper passes on what it is given, and notes it."""

    def __init__(self, state: ProbeState, steps: Steps) -> None:
        self.state = state
        self.steps = steps
        self.lost = steps.lost
        self._schedulers: weakref.WeakKeyDictionary[Any, tuple[SchedulerRecord, int]] = (
            weakref.WeakKeyDictionary()
        )

    def around_scheduler_step(self, original: Any, scheduler: Any, *args: Any, **kwargs: Any) -> Any:
        """Count the steps of a scheduler; the one that it takes when it is made says where that is."""
        before = scheduler_steps(scheduler)
        out = original(scheduler, *args, **kwargs)
        if before is None or before >= 1:
            self._scheduled(scheduler)
        else:
            self._made(scheduler)
        return out

    @guarded
    def _made(self, scheduler: Any) -> None:
        """A scheduler has just set its first rate."""
        record, _ = self._schedulers.get(scheduler) or self._entry(scheduler)
        bases: list[Any] = getattr(scheduler, "base_lrs", None) or [None]
        own, rate = bases[0], scheduler.optimizer.param_groups[0]["lr"]
        known = isinstance(own, float) and isinstance(rate, float) and own != 0
        record.made = record.made or user_site()
        record.factor = rate / own if known else None

    def _entry(self, scheduler: Any) -> tuple[SchedulerRecord, int]:
        settings = {name: getattr(scheduler, name) for name in _SCHEDULED if hasattr(scheduler, name)}
        plain: dict[str, Setting] = {
            name: value for name, value in settings.items() if isinstance(value, int | float | str)
        }
        optimizer = scheduler.optimizer
        driven = self.steps.known(optimizer)
        record = SchedulerRecord(
            type(scheduler).__name__,
            None,
            settings=plain,
            top=_set_rate(scheduler),
            optimizer=None if driven is None else driven.index,
        )
        entry = self._schedulers[scheduler] = record, 0 if driven is None else driven.steps
        if len(self.state.record.schedulers) < MAX_SCHEDULERS:
            self.state.record.schedulers.append(record)
        return entry

    @guarded
    def _scheduled(self, scheduler: Any) -> None:
        record, before = self._schedulers.get(scheduler) or self._entry(scheduler)
        record.site = record.site or user_site()
        record.steps += 1
        if record.optimizer is not None:
            now = self.state.record.optimizers[record.optimizer].steps
            record.idle += now == before and not self.steps.share_groups(scheduler.optimizer)
            self._schedulers[scheduler] = record, now

    def around_clipping(self, original: Any, *args: Any, **kwargs: Any) -> Any:
        """Note the norm before clipping and the limit."""
        norm = original(*args, **kwargs)
        limit = args[1] if len(args) > 1 else kwargs.get("max_norm")
        self._clipped(norm, limit)
        self.lost.clipped(limit)
        return norm

    def around_clipping_of_values(self, original: Any, *args: Any, **kwargs: Any) -> Any:
        """Note that gradients were clipped value by value."""
        out = original(*args, **kwargs)
        self.lost.clipped(args[1] if len(args) > 1 else kwargs.get("clip_value"))
        return out

    @guarded
    def _clipped(self, norm: Any, limit: Any) -> None:
        state = self.state
        state.seen(Clipping(site=user_site()))
        if state.sampling and isinstance(norm, torch.Tensor) and len(state.record.clips) < MAX_CLIPS:
            tick, lists = state.record.tick, (state.record.clips, state.trainings.part.clips)

            def keep(got: list[float]) -> None:
                for clips in lists:
                    clips.append((tick, got[0], float(limit)))

            state.deferred.read(norm, keep)

    def around_scaler(self, original: Any, scaler: Any, *args: Any, **kwargs: Any) -> Any:
        """Note that losses are scaled: then overflowing gradients mean skipped steps, and no fault."""
        self.state.record.uses_scaler = self.state.record.uses_scaler or bool(scaler.is_enabled())
        return original(scaler, *args, **kwargs)

    def around_scaling(self, original: Any, scaler: Any, *args: Any, **kwargs: Any) -> Any:
        """Note that gradients to come are multiplied by a loss scale."""
        self.lost.scaler = scaler if scaler.is_enabled() else None
        return original(scaler, *args, **kwargs)

    def around_unscaling(self, original: Any, scaler: Any, *args: Any, **kwargs: Any) -> Any:
        """Note that gradients are divided by it; the scaler's own step does so, too."""
        self.lost.scaler = None
        return original(scaler, *args, **kwargs)


def _set_rate(scheduler: Any) -> float | None:
    """Return the rate that was set for the first group: the top of a cycle, or else the optimizer's own."""
    group = scheduler.optimizer.param_groups[0]
    tops: list[Any] = getattr(scheduler, "max_lrs", None) or getattr(scheduler, "base_lrs", None) or [None]
    top = group.get("max_lr") if type(scheduler).__name__ == "OneCycleLR" else tops[0]
    return float(top) if isinstance(top, int | float) else None
