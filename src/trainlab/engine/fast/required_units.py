"""Which compiled units of the kernel an experiment needs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trainlab.engine.fast.compiled_custom_loss import compiled_pair
from trainlab.engine.kernel import compiled_units, tables
from trainlab.engine.kernel.draws import FEW_POINTS
from trainlab.engine.kernel.fused_updates import ADDED_UP
from trainlab.engine.kernel.simd import Lanes
from trainlab.engine.kernel.tables import Plan, Units
from trainlab.maths import OPTIMIZERS
from trainlab.spec import SGD, Adam, Custom, Experiment, ReduceLROnPlateau, name_of


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
    untouched = untouched and not _layers_apart(experiment)
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


def units_of(
    experiment: Experiment, plan: Plan, layers: npt.NDArray[np.int64], lane: Lanes, block: Lanes
) -> Units:
    """Return the addresses of the units an experiment needs, compiled or loaded now; write the layers'."""
    single = plan.sampling == tables.SINGLE
    steps_block = lane if single else block
    fused = fused_optimizer(experiment, batch=plan.batch, samples=block.samples)
    update = compiled_units.update_apart if _layers_apart(experiment) else compiled_units.update
    for row in layers:
        code = int(row[tables.ACTIVATION])
        if code > tables.RELU:
            row[tables.READ_UNIT] = compiled_units.activation(block, code)
        if code > tables.RELU or row[tables.DROPS] >= 0:
            row[tables.TRAIN_UNIT] = compiled_units.activation(steps_block, code)
    gathers = plan.sampling in (tables.SHUFFLED, tables.DRAWN) or (
        single and (plan.points > FEW_POINTS or not plan.resident)
    )
    return Units(
        steps=(compiled_units.single_steps if single else compiled_units.batch_steps)(
            lane, block, ADDED_UP if fused is None else fused
        ),
        evaluate=compiled_units.evaluation(lane, block),
        update=update(lane, OPTIMIZERS[name_of(experiment.optimizer)].code) if plan.adds_up else 0,
        **_loss_units(experiment, plan.loss, lane, block, steps_block),
        link=compiled_units.link(block, plan.link) if plan.link != tables.IDENTITY_LINK else 0,
        drop=compiled_units.drop(lane, steps_block) if plan.drop_units else 0,
        noise=compiled_units.noise(lane, steps_block) if experiment.noise.std > 0 else 0,
        copy=0 if plan.resident and not plan.held_points else compiled_units.copy(lane, block),
        gather=compiled_units.gather(lane, steps_block) if gathers else 0,
        gather_anew=0 if plan.sampling == tables.FULL else compiled_units.gather_for_reading(lane, block),
        shuffle=compiled_units.shuffle(lane) if plan.sampling == tables.SHUFFLED else 0,
    )


def _layers_apart(experiment: Experiment) -> bool:
    """Whether a step treats layers apart."""
    return experiment.gradient != "plain" or bool(experiment.frozen)


def _loss_units(
    experiment: Experiment, code: int, lane: Lanes, block: Lanes, steps_block: Lanes
) -> dict[str, int]:
    """Return the units of the loss; L1 and MSE need none, since they are part of the kernel."""
    if isinstance(experiment.loss, Custom):
        value, slope = compiled_pair(experiment.loss)
        return {
            "deltas": compiled_units.custom_deltas(steps_block, slope),
            "block_loss": compiled_units.custom_value(lane, block, value),
            "block_deltas": compiled_units.custom_deltas(block, slope),
        }
    if code <= tables.MSE:
        return {"deltas": 0, "block_loss": 0, "block_deltas": 0}
    return {
        "deltas": compiled_units.loss_deltas(steps_block, code),
        "block_loss": compiled_units.loss_value(lane, block, code),
        "block_deltas": compiled_units.loss_deltas(block, code),
    }
