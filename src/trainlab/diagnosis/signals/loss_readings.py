"""What losses say of a training: their last readings, and where they say little, as of games."""

from __future__ import annotations

import math
from dataclasses import dataclass

from trainlab.diagnosis.observed.losses import Fit, LossCurve, LossRecord
from trainlab.diagnosis.observed.record import MANY_PASSES, OptimizerRecord, TrainingRecord
from trainlab.diagnosis.observed.torch_names import BINARY, CLASSES
from trainlab.diagnosis.signals.curve import mean, median, middle
from trainlab.diagnosis.signals.learnt import LEARNT

# What the last losses and evaluations of a training say: over enough rows, and never of one class alone.

SAME = 0.01
"""A loss that is computed anew from outputs and targets is the training's own to 1 %."""
SMALL, MOST_ROWS = 8, 40_000
"""Losses of batches of fewer rows are averaged over whole passes over the data, of so many rows at most."""
FEWEST = 32
"""What is read off batches is read off so many rows, or all there are: one row tells nothing."""


def late_readings(record: TrainingRecord, main: LossRecord) -> int:
    """Return how many of a loss's last readings count as its end: enough rows to tell."""
    late = min(len(main.fits), max(5, len(main.fits) // 10))
    batch = max(1, main.rows // len(main.fits))
    enough = min(FEWEST, len(record.data.train_rows) or FEWEST)
    return min(len(main.fits), max(late, -(-enough // batch)))


def over_passes(
    record: TrainingRecord, main: LossRecord, loss_curve: LossCurve | None, *, least: int = 1
) -> float:
    """Return the mean of the losses that backward was called on over the last whole passes over the data.

    These have `least` rows, if all the losses together have as many. NaN where batches are large enough to be
    read one by one, where it isn't known how many steps a pass takes, and where what backward was called on
    isn't the loss that is judged.
    """
    rows, batch = len(record.data.train_rows), main.rows / len(main.fits)
    if loss_curve is None or not 0 < rows < MOST_ROWS or not 0 < batch < SMALL:
        return float("nan")
    steps = max(1, round(rows / batch))
    l1 = main.kind == "l1_loss" and sum(loss.count > 0 for loss in record.losses) == 1
    if loss_curve.count < 2 * steps or not (l1 or all_losses(main, loss_curve)):
        return float("nan")
    passes = max(1, round(max(5, loss_curve.count / 10) / steps), math.ceil(least / rows))
    return mean(loss_curve.values[-max(1, round(passes * steps / loss_curve.stride)) :])


def all_losses(main: LossRecord, loss_curve: LossCurve | None) -> list[float]:
    """Return the loss of every step, where what backward was called on is the loss that is judged.

    Fits are looked at seldom later on: their last tenth may reach back to when nothing was learnt yet, or
    miss the end.
    """
    if loss_curve is None:
        return []
    called = loss_curve.first
    both = [(fit.value, called[fit.tick]) for fit in main.fits if fit.tick in called]
    same = sum(math.isclose(value, other, rel_tol=SAME) for value, other in both)
    return loss_curve.values if same >= max(5, 0.9 * len(both)) else []


PARTS, FEWEST_PARTS, READINGS, ROWS = 20, 4, 5, 100
"""A curve is told by the middles of so many parts, each of so many readings and rows at least."""
LOST = 3
"""A loss of so many times its lowest has been lost."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lowest:
    """The lowest loss of a training that lost again what it had learnt, and after which share it rose."""

    loss: float
    after: float


def lowest_before_a_loss(main: LossRecord, loss_curve: LossCurve | None, trivial: float) -> Lowest | None:
    """Return how far a training was that has lost it again; None if it never was far, or still is.

    It was where a part of its losses lies below half of the constant's, which is what learnt means. It has
    lost it where the last part lies above that, and clearly above the lowest.
    """
    import numpy as np

    values = all_losses(main, loss_curve) or [fit.value for fit in main.fits]
    parts = min(PARTS, len(values) // READINGS, main.rows // ROWS)
    if parts < FEWEST_PARTS or not trivial > 0:
        return None
    middles = [middle(part) for part in np.array_split(np.asarray(values), parts)]
    lowest, end = min(middles), middles[-1]
    if not lowest <= LEARNT * trivial < end or not end > LOST * lowest:
        return None
    stays = max(place for place, one in enumerate(middles) if one <= LOST * lowest)
    return Lowest(loss=lowest, after=(stays + 1) / parts)


def loss_at_end(first: float, looked_at: float, of_all: float) -> float:
    """Return the loss at the end: the lower of both, unless that of all steps is above the start.

    A few batches that are worse than most are no one's fault; but a loss above its start has lost everything.
    """
    if math.isnan(of_all):
        return looked_at
    return of_all if of_all > first else min(looked_at, of_all)


def reached_when_evaluated(record: TrainingRecord, main: LossRecord, trivial: float) -> float:
    """Return the accuracy, or R², of the last evaluations; NaN where there were none.

    An evaluation in several batches is one: its last ones may hold a single class, where rows are sorted.
    """
    last = [fit for fit in main.judged if fit.tick == main.judged[-1].tick]
    in_batches = len(last) > 1
    late = last if in_batches else main.judged[-3:]
    if main.kind in CLASSES + BINARY:
        enough = sum(fit.rows for fit in late) >= FEWEST
        rates = _rates([late]) if in_batches and enough else _rates(_evaluations(main))
        rates += [
            share
            for _, share, count, several in record.judged_accuracy[-1:]
            if count >= 30 and several and main.columns == 1
        ]
        return max(rates, default=float("nan"))
    return 1 - mean([fit.value for fit in late]) / trivial if late and trivial > 0 else float("nan")


KNOWN = 0.5
"""Rows evaluated of which so many were trained on are no held-out data."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldOut:
    """One evaluation on rows that weren't trained on: their mean loss and accuracy, and how many they are."""

    tick: int
    loss: float
    accuracy: float
    rows: int


def held_out(main: LossRecord) -> list[HeldOut]:
    """Return the evaluations in their order; batches of rows trained on are left out of each, if known."""
    by_tick: dict[int, list[Fit]] = {}
    for fit in main.judged:
        if fit.known is None or fit.known < KNOWN:
            by_tick.setdefault(fit.tick, []).append(fit)
    return [
        HeldOut(
            tick=tick,
            loss=mean([fit.value for fit in fits]),
            accuracy=max(_rates([fits]), default=float("nan")),
            rows=sum(fit.rows for fit in fits),
        )
        for tick, fits in sorted(by_tick.items())
    ]


def _rates(evaluations: list[list[Fit]]) -> list[float]:
    """Return the accuracy of each evaluation whose rows are of several classes: of one it tells nothing."""
    told: list[float] = []
    for fits in evaluations:
        right = [(fit.accuracy, max(fit.rows, 1)) for fit in fits if fit.accuracy is not None]
        if right and have_several(fits):
            told.append(sum(share * rows for share, rows in right) / sum(rows for _, rows in right))
    return told


def have_several(fits: list[Fit]) -> bool:
    """Whether the targets of these batches differ."""
    return min((fit.target_low for fit in fits), default=0) < max(
        (fit.target_high for fit in fits), default=0
    )


def _evaluations(main: LossRecord) -> list[list[Fit]]:
    """Return the last three evaluations; batches of few rows count as one, up to enough."""
    found: list[list[Fit]] = []
    fits: list[Fit] = []
    for fit in reversed(main.judged):
        fits.append(fit)
        if sum(max(one.rows, 1) for one in fits) >= FEWEST:
            found.append(fits)
            fits = []
        if len(found) == 3:
            return found
    return found or [fits]


# Trainings whose loss says little about how they go: networks that compete, and games.

FEW = 60
"""With fewer rows there is no telling where they come from."""
MOVED = 0.5
"""A mean of the targets that moves by half of their standard deviation is another task than at first."""
SHARED = 1.5
"""With hardly more steps that a backward pass came before than rounds, both step after the same passes."""
ALIKE = 0.8
"""So many of the steps have as many passes where data is gone through; an epoch's last may have fewer."""


def adversarial(record: TrainingRecord) -> bool:
    """Whether several optimizers take turns with different parameters: their losses needn't fall.

    Those that all step after the same backward passes, as an encoder's and a decoder's do, share one loss.
    """
    stepped = [one for one in record.optimizers if one.steps >= 5]
    if len(stepped) < 2:
        return False
    most = max(one.steps for one in stepped)
    regular = [one for one in stepped if one.steps > 0.1 * most]
    return any(
        not set(a.params) & set(b.params)
        and a.first_tick < b.last_tick
        and b.first_tick < a.last_tick
        and not _share_a_loss(record, a, b)
        for place, a in enumerate(regular)
        for b in regular[place + 1 :]
    )


def _share_a_loss(record: TrainingRecord, a: OptimizerRecord, b: OptimizerRecord) -> bool:
    """Whether two optimizers step after the same backward passes, each of which reaches both.

    One may still go up where the other goes down: by `maximize`, or by a derivative that the user wrote, as
    one that turns the gradient round.
    """
    if a.uses_closure or b.uses_closure or a.led + b.led > SHARED * min(a.steps, b.steps):
        return False
    if a.settings.get("maximize") != b.settings.get("maximize"):
        return False
    if any(node.is_users for graph in record.graphs for node in graph.nodes):
        return False
    return all(
        any(param.reached >= max(1, param.graphs) for key in one.params if (param := record.params.get(key)))
        for one in (a, b)
    )


def unsteady(record: TrainingRecord, main: LossRecord | None) -> bool:
    """Whether what is to be learnt changes while it is learnt."""
    return (main is not None and _targets_move(main)) or _acts(record) or _plays(record, main)


def _acts(record: TrainingRecord) -> bool:
    """Whether it makes its own data: most rows it learns from were put to it before, a few at a time."""
    return record.data.new_rows >= FEW and record.data.acted_rows > 0.5 * record.data.new_rows


def _plays(record: TrainingRecord, main: LossRecord | None) -> bool:
    """Whether numbers are learnt in many passes a step, of one row each: a game, whose returns move.

    Games are of different lengths, or hardly a state comes again, or one comes more than once in a step; rows
    of data come again, as many to each step, each once or the same in all steps.
    """
    if main is None or main.kind in CLASSES + BINARY or record.data.largest_batch != 1:
        return False
    passes = record.graph_passes
    if len(passes) < 3 or median(passes) < MANY_PASSES:
        return False
    alike = max(passes.count(count) for count in passes) / len(passes)
    data = record.data
    if data.steps_alike > ALIKE * data.steps_compared:
        return False
    again = data.again_in_step > (1 - ALIKE) * data.train_row_count
    return alike < ALIKE or again or data.new_rows > ALIKE * data.train_row_count


def _targets_move(main: LossRecord) -> bool:
    """Whether later targets differ from the first, as returns do while an agent learns to act.

    The mean of the last third of the batches is half a standard deviation and 5 standard errors from that
    of the first third.
    """
    import numpy as np

    if main.kind in CLASSES + BINARY:
        return False
    batches = [batch for batch in main.batches if batch]
    third = len(batches) // 3
    if third < 5:
        return False
    means = np.asarray([mean(batch) for batch in batches])
    spread = float(np.std(np.concatenate([np.asarray(batch) for batch in batches])))
    first, last = means[:third], means[-third:]
    moved = abs(float(last.mean() - first.mean()))
    error = math.sqrt(float(first.var(ddof=1) + last.var(ddof=1)) / third)
    return spread > 0 and moved > MOVED * spread and moved > 5 * error
