"""Trainings whose loss says little about how they go: networks that compete, and games."""

from __future__ import annotations

import math

from trainlab.diagnosis.observed.losses import LossRecord
from trainlab.diagnosis.observed.record import MANY_PASSES, OptimizerRecord, TrainingRecord
from trainlab.diagnosis.observed.torch_names import BINARY, CLASSES
from trainlab.diagnosis.signals.averages import mean, median

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
    passes = [count for _, _, count in record.graph_sizes]
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
