"""Does it learn? The gate before every symptom: what is no trouble to the training is no fault."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from trainlab.diagnosis.loss_kinds import BINARY, CLASSES
from trainlab.diagnosis.seen import Seen
from trainlab.diagnosis.seen_losses import LossSeen, LossStream
from trainlab.diagnosis.signals import curve
from trainlab.diagnosis.signals.neighbours import neighbours
from trainlab.diagnosis.signals.trivial import trivial_loss
from trainlab.diagnosis.signals.unsteady import adversarial, unsteady

State = Literal["learnt", "poor", "stuck", "diverged", "unknown"]
STUCK = 0.9
"""At 90 % of the loss of the best constant answer hardly anything was learnt."""
FEW = 60
"""In fewer steps a healthy training may well not have left the start."""
SAME = 0.01
"""A loss that is computed anew from outputs and targets is the training's own to 1 %."""
BEHIND = 0.1
"""How far behind its nearest neighbours, in accuracy or R², a network is poor."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Learning:
    """How the training went. `ratio` is the last loss in units of the best constant's.

    `reached_on` says on which rows `reached` was read; `missed_goal` what was to be reached, where the
    outcome was judged by that.
    """

    state: State
    main: LossSeen | None
    stream: LossStream | None
    adversarial: bool
    trivial: float
    start: float
    end: float
    reached: float
    reference: float
    chance: float
    rows: int
    improvement: float
    falling: bool
    missed_goal: str = ""
    reached_on: str = ""

    @property
    def ratio(self) -> float:
        """The last loss by the loss of the best constant answer."""
        return self.end / self.trivial if self.trivial > 1e-12 else float("nan")

    @property
    def failing(self) -> bool:
        """Whether something is wrong with the outcome."""
        return self.state in ("poor", "stuck", "diverged")

    @property
    def words(self) -> str:
        """The outcome in a sentence."""
        if self.state == "unknown" or self.main is None:
            return f"the loss went from {self.start:.3g} to {self.end:.3g}"
        if self.missed_goal:
            return f"{self.missed_goal}; the last loss is {self.end:.3g}"
        if self.state == "poor":
            kind = "accuracy" if self.main.kind in CLASSES + BINARY else "R²"
            return (
                f"the network reaches {kind} {self.reached:.2f} at best, in training or evaluation; "
                f"5 nearest neighbours {self.reference:.2f}"
            )
        return f"the last loss is {self.end:.3g}, that of the best constant answer {self.trivial:.3g}"


def learning(seen: Seen) -> Learning:
    """Judge the outcome by the loss that has most of the training."""
    main = _main(seen)
    stream = max(seen.streams, key=lambda one: one.count, default=None)
    against = adversarial(seen)
    values = stream.values if stream is not None else []
    first, last, trivial = curve.start(values), curve.end(values), float("nan")
    reached = reference = chance = float("nan")
    rows, on = 0, ""
    if main is not None and main.fits:
        trivial = trivial_loss(main)
        fits = [fit.value for fit in main.fits]
        first = curve.start(fits)
        last = _last(first, curve.end(fits), curve.end(_all_losses(main, stream)))
        classes = main.kind in CLASSES or (main.kind in BINARY and main.columns == 1)
        if main.kind in CLASSES + BINARY:
            late = [fit.accuracy for fit in main.fits[-_late(main) :]]
            reached = float(np.mean([value for value in late if value is not None] or [float("nan")]))
        elif trivial > 0:
            reached = 1 - last / trivial
        on = f"{_late(main)} late batches"
        judged = _judged(seen, main, trivial)
        if math.isnan(reached) or judged > reached:
            # Dropout and noise hold training batches back: where an evaluation shows more, that counts.
            reached, on = judged, "the last batches evaluated"
        if main.columns == 1 or main.kind in CLASSES:
            found = neighbours(seen.data.sample_x, seen.data.sample_y, classes=classes)
            if found is not None:
                reference, chance, rows = found
    bad = stream is not None and stream.nonfinite > 0
    moving = against or unsteady(seen, main)
    state = _state(seen.tick, main, first, last, trivial, reached, reference, rows, bad, moving)
    return Learning(
        state=state,
        main=main,
        stream=stream,
        adversarial=against,
        trivial=trivial,
        start=first,
        end=last,
        reached=reached,
        reference=reference,
        chance=chance,
        rows=rows,
        improvement=curve.improvement(values),
        falling=curve.still_falling([fit.value for fit in main.fits] if main is not None else values),
        reached_on=on if math.isfinite(reached) else "",
    )


def _late(main: LossSeen) -> int:
    """Return how many of the last readings of a loss are its end."""
    return min(len(main.fits), max(5, len(main.fits) // 10))


def _state(
    ticks: int,
    main: LossSeen | None,
    first: float,
    last: float,
    trivial: float,
    reached: float,
    reference: float,
    rows: int,
    bad: bool,
    moving: bool,
) -> State:
    if bad:
        return "diverged"
    if moving or main is None or len(main.fits) < 10 or main.made_here > 0.5 * len(main.fits):
        return "unknown"
    if last > 10 * max(first, trivial) > 0:
        return "diverged"
    if ticks < FEW:
        return "unknown"
    if trivial > 1e-9 and last > STUCK * trivial:
        return "stuck"
    if rows >= 100 and reference - reached > BEHIND:
        return "poor"
    return "learnt" if trivial > 1e-9 else "unknown"


def _all_losses(main: LossSeen, stream: LossStream | None) -> list[float]:
    """Return the loss of every step, where what backward was called on is the loss that is judged.

    Fits are looked at seldom later on: their last tenth may reach back to when nothing was learnt yet, or
    miss the end.
    """
    if stream is None:
        return []
    called = dict(zip(stream.ticks, stream.values, strict=True))
    both = [(fit.value, called[fit.tick]) for fit in main.fits if fit.tick in called]
    same = sum(math.isclose(value, other, rel_tol=SAME) for value, other in both)
    return stream.values if same >= max(5, 0.9 * len(both)) else []


def _last(first: float, looked_at: float, of_all: float) -> float:
    """Return the loss at the end: the lower of both, unless that of all steps is above the start.

    Nothing is blamed for some batches that are worse than most; but what ends above its start has lost all.
    """
    if math.isnan(of_all):
        return looked_at
    return of_all if of_all > first else min(looked_at, of_all)


def _judged(seen: Seen, main: LossSeen, trivial: float) -> float:
    """Return the accuracy, or R², of the last evaluations; NaN where there were none."""
    late = main.judged[-3:]
    if main.kind in CLASSES + BINARY:
        rates = [fit.accuracy for fit in late if fit.accuracy is not None]
        rates += [share for _, share, count in seen.judged_accuracy[-1:] if count >= 30 and main.columns == 1]
        return max(rates, default=float("nan"))
    return 1 - float(np.mean([fit.value for fit in late])) / trivial if late and trivial > 0 else float("nan")


def _main(seen: Seen) -> LossSeen | None:
    confirmed = [loss for loss in seen.losses if loss.count and loss.fits]
    named = [loss for loss in confirmed if loss.kind != "difference"]
    return max(named or confirmed, key=lambda loss: (loss.count, len(loss.fits)), default=None)
