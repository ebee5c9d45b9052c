# pyright: basic
"""Schedulers, clipping and loss scaling: functions that are wrapped to be counted."""

from __future__ import annotations

import weakref
from typing import Any

import torch

from trainlab.diagnosis.observed.events import Clipping
from trainlab.diagnosis.observed.record import SchedulerRecord, Setting
from trainlab.diagnosis.observed.site import Site
from trainlab.diagnosis.probe.lost_gradients import LostGradients
from trainlab.diagnosis.probe.probe_state import ProbeState, guarded
from trainlab.diagnosis.probe.user_frames import user_site
from trainlab.diagnosis.torch_private import scheduler_steps

MAX_CLIPS = 4_000
_SETTINGS = (
    "gamma",
    "step_size",
    "T_max",
    "milestones",
    "factor",
    "patience",
    "mode",
    "total_steps",
    "total_iters",
)


class SchedulersAndClipping:
    """Each wrapper passes on what it is given, and notes it."""

    def __init__(self, state: ProbeState, lost: LostGradients) -> None:
        self.state = state
        self.lost = lost
        self._starts: weakref.WeakKeyDictionary[Any, tuple[Site | None, float | None]] = (
            weakref.WeakKeyDictionary()
        )
        self._schedulers: weakref.WeakKeyDictionary[Any, SchedulerRecord] = weakref.WeakKeyDictionary()

    def wrap_scheduler_step(self, original: Any) -> Any:
        """Count the steps of a scheduler; the one that it takes when it is made says where that is."""

        def step(scheduler: Any, *args: Any, **kwargs: Any) -> Any:
            before = scheduler_steps(scheduler)
            out = original(scheduler, *args, **kwargs)
            if before is None or before >= 1:
                self._scheduled(scheduler)
            else:
                self._made(scheduler)
            return out

        return step

    @guarded
    def _made(self, scheduler: Any) -> None:
        """A scheduler has just set its first rate."""
        bases: list[Any] = getattr(scheduler, "base_lrs", None) or [None]
        own, rate = bases[0], scheduler.optimizer.param_groups[0]["lr"]
        known = isinstance(own, float) and isinstance(rate, float) and own != 0
        self._starts[scheduler] = (user_site(), rate / own if known else None)

    @guarded
    def _scheduled(self, scheduler: Any) -> None:
        record = self._schedulers.get(scheduler)
        if record is None:
            settings = {name: getattr(scheduler, name) for name in _SETTINGS if hasattr(scheduler, name)}
            plain: dict[str, Setting] = {
                name: value for name, value in settings.items() if isinstance(value, int | float | str)
            }
            made, factor = self._starts.get(scheduler, (None, None))
            record = SchedulerRecord(
                type(scheduler).__name__, None, user_site(), settings=plain, made=made, factor=factor
            )
            self._schedulers[scheduler] = record
            self.state.record.schedulers.append(record)
        record.steps += 1
        record.early += self.state.steps_taken == 0
        record.last_tick = self.state.record.tick

    def wrap_clipping(self, original: Any) -> Any:
        """Note the norm before clipping and the limit."""

        def clip_grad_norm_(*args: Any, **kwargs: Any) -> Any:
            norm = original(*args, **kwargs)
            limit = args[1] if len(args) > 1 else kwargs.get("max_norm")
            self._clipped(norm, limit)
            self.lost.clipped(limit)
            return norm

        return clip_grad_norm_

    def wrap_clipping_of_values(self, original: Any) -> Any:
        """Note that gradients were clipped value by value."""

        def clip_grad_value_(*args: Any, **kwargs: Any) -> Any:
            out = original(*args, **kwargs)
            self.lost.clipped(args[1] if len(args) > 1 else kwargs.get("clip_value"))
            return out

        return clip_grad_value_

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

    def wrap_scaler(self, original: Any) -> Any:
        """Note that losses are scaled: then overflowing gradients mean skipped steps, and no fault."""

        def step(scaler: Any, *args: Any, **kwargs: Any) -> Any:
            self.state.record.uses_scaler = self.state.record.uses_scaler or bool(scaler.is_enabled())
            return original(scaler, *args, **kwargs)

        return step
