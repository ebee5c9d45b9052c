"""One tile: some networks, side by side in lanes, through all of their steps."""

from __future__ import annotations

from typing import Any

from numba import njit

from trainlab.engine.kernel.draws import choose_example
from trainlab.engine.kernel.lanes import load, samples_of, store
from trainlab.engine.kernel.layers import backward, forward
from trainlab.engine.kernel.losses import add_loss, mark_unsolved, output_deltas
from trainlab.engine.kernel.tables import (
    ACCUMULATE,
    FAN_IN,
    FAN_OUT,
    FIRST_WEIGHT,
    OUTPUT_UNIT,
)
from trainlab.engine.kernel.updates import apply_gradients, clear_rows
from trainlab.engine.kernel.vector import absolute, any_not_finite, splat


@njit(nogil=True, cache=True, error_model="numpy")
def train_tile(
    lane: Any,
    block: Any,
    memory: Any,
    words: Any,
    layers: Any,
    rows: Any,
    plan: Any,
    constants: Any,
    rates: Any,
    scales: Any,
    marks: Any,
    loss_curve: Any,
    gradient_curve: Any,
    readings: Any,
    solved_epoch: Any,
    diverged_step: Any,
) -> None:
    """Train the networks of a tile, and write what was asked for.

    `memory` holds everything a tile needs, by `rows`; `rates` and `scales` are by step. `loss_curve`,
    `gradient_curve` and `readings` (a group of rows a mark) are flat rows of one element a network;
    `solved_epoch` and `diverged_step` have one element a network and begin at −1.
    """
    mark = 0
    for epoch in range(plan.epochs + 1):
        solved_due = plan.solved_every > 0 and epoch % plan.solved_every == 0
        gradient_due = plan.gradient_every > 0 and epoch % plan.gradient_every == 0
        loss_due = plan.loss_every > 0 and epoch % plan.loss_every == 0
        if solved_due or gradient_due or loss_due:
            evaluate(lane, block, memory, layers, rows, plan, constants, gradient_due)
        if solved_due:
            note_solved(memory, rows, solved_epoch, epoch)
        if gradient_due:
            first = (epoch // plan.gradient_every) * plan.layers
            mean_gradients(lane, memory, layers, rows, gradient_curve, first)
        if loss_due:
            store(lane, loss_curve, epoch // plan.loss_every, load(lane, memory, rows.loss))
        if mark < marks.size and epoch == marks[mark]:
            read(lane, block, memory, layers, rows, plan, constants, readings, mark)
            mark += 1
        if epoch < plan.epochs:
            for step in range(epoch * plan.steps_per_epoch, (epoch + 1) * plan.steps_per_epoch):
                if plan.single:
                    step_on_example(
                        lane,
                        block,
                        memory,
                        words,
                        layers,
                        rows,
                        plan,
                        constants,
                        rates,
                        scales,
                        diverged_step,
                        step,
                    )
                else:
                    step_on_all(
                        lane, block, memory, layers, rows, plan, constants, rates, scales, diverged_step, step
                    )


@njit(forceinline=True)
def step_on_example(
    lane: Any,
    block: Any,
    memory: Any,
    words: Any,
    layers: Any,
    rows: Any,
    plan: Any,
    constants: Any,
    rates: Any,
    scales: Any,
    diverged_step: Any,
    step: int,
) -> None:
    """One optimizer step on one example a network, drawn with replacement."""
    choose_example(lane, memory, words, rows, plan, samples_of(block), step)
    output = layers[plan.layers - 1, OUTPUT_UNIT]
    forward(lane, lane, memory, rows, layers, rows.values, rows.values)
    note_diverged(lane, memory, rows.values + output, plan.outputs, diverged_step, step)
    output_deltas(
        lane,
        plan.loss,
        memory,
        rows.values + output,
        rows.chosen,
        splat(lane, 1.0 / plan.outputs),
        rows.deltas + output,
        plan.outputs,
    )
    backward(
        lane,
        lane,
        memory,
        rows,
        layers,
        rows.values,
        rows.values,
        rows.deltas,
        plan.optimizer,
        constants,
        rates[step],
        scales[step],
    )


@njit
def step_on_all(
    lane: Any,
    block: Any,
    memory: Any,
    layers: Any,
    rows: Any,
    plan: Any,
    constants: Any,
    rates: Any,
    scales: Any,
    diverged_step: Any,
    step: int,
) -> None:
    """One optimizer step on the whole data; fused with the backward pass where one block holds all of it."""
    samples = samples_of(block)
    action = plan.optimizer if plan.blocks == 1 else ACCUMULATE
    if plan.blocks > 1:
        clear_rows(lane, memory, rows.gradient, plan.parameters)
    for part in range(plan.blocks):
        output = forward_part(lane, block, memory, layers, rows, plan, part)
        note_diverged(lane, memory, output, plan.outputs * samples, diverged_step, step)
        backward_part(
            lane, block, memory, layers, rows, plan, constants, part, action, rates[step], scales[step]
        )
    if plan.blocks > 1:
        apply_gradients(
            lane, plan.optimizer, memory, rows, constants, rates[step], scales[step], plan.parameters
        )


@njit(forceinline=True)
def forward_part(lane: Any, block: Any, memory: Any, layers: Any, rows: Any, plan: Any, part: int) -> int:
    """Run one block of the data forward; return the row of its predictions."""
    samples = samples_of(block)
    forward(
        lane,
        block,
        memory,
        rows,
        layers,
        rows.points + part * plan.features * samples,
        rows.block_values,
    )
    return rows.block_values + layers[plan.layers - 1, OUTPUT_UNIT] * samples


@njit(forceinline=True)
def backward_part(
    lane: Any,
    block: Any,
    memory: Any,
    layers: Any,
    rows: Any,
    plan: Any,
    constants: Any,
    part: int,
    action: int,
    rate: float,
    scale: float,
) -> None:
    """Run one block of the data backward, after its forward pass."""
    samples = samples_of(block)
    output = layers[plan.layers - 1, OUTPUT_UNIT] * samples
    output_deltas(
        block,
        plan.loss,
        memory,
        rows.block_values + output,
        rows.targets + part * plan.outputs * samples,
        load(block, memory, rows.sample_weights + part * samples),
        rows.block_deltas + output,
        plan.outputs,
    )
    backward(
        lane,
        block,
        memory,
        rows,
        layers,
        rows.points + part * plan.features * samples,
        rows.block_values,
        rows.block_deltas,
        action,
        constants,
        rate,
        scale,
    )


@njit
def evaluate(
    lane: Any, block: Any, memory: Any, layers: Any, rows: Any, plan: Any, constants: Any, gradients: bool
) -> None:
    """Compute the loss over the whole data, how many predictions miss, and the gradients if asked for."""
    samples = samples_of(block)
    clear_rows(lane, memory, rows.loss, 1)
    clear_rows(lane, memory, rows.unsolved, 1)
    if gradients:
        clear_rows(lane, memory, rows.gradient, plan.parameters)
    for part in range(plan.blocks):
        output = forward_part(lane, block, memory, layers, rows, plan, part)
        targets = rows.targets + part * plan.outputs * samples
        weights = load(block, memory, rows.sample_weights + part * samples)
        add_loss(lane, block, plan.loss, memory, output, targets, weights, rows.loss, plan.outputs)
        mark_unsolved(lane, block, memory, output, targets, constants.within, rows.unsolved, plan.outputs)
        if gradients:
            backward_part(lane, block, memory, layers, rows, plan, constants, part, ACCUMULATE, 0.0, 0.0)


@njit
def read(
    lane: Any,
    block: Any,
    memory: Any,
    layers: Any,
    rows: Any,
    plan: Any,
    constants: Any,
    readings: Any,
    mark: int,
) -> None:
    """Write a mark's rows: parameters, predictions point by point, the loss, mean |gradient| by layer."""
    samples = samples_of(block)
    row = mark * (plan.parameters + plan.points * plan.outputs + 1 + plan.layers)
    for p in range(plan.parameters):
        store(lane, readings, row + p, load(lane, memory, rows.parameters + p))
    row += plan.parameters
    for part in range(plan.blocks):
        output = forward_part(lane, block, memory, layers, rows, plan, part)
        for sample in range(samples):
            point = part * samples + sample
            if point < plan.points:
                for unit in range(plan.outputs):
                    value = load(lane, memory, output + unit * samples + sample)
                    store(lane, readings, row + point * plan.outputs + unit, value)
    row += plan.points * plan.outputs
    evaluate(lane, block, memory, layers, rows, plan, constants, True)
    store(lane, readings, row, load(lane, memory, rows.loss))
    mean_gradients(lane, memory, layers, rows, readings, row + 1)


@njit(forceinline=True)
def mean_gradients(lane: Any, memory: Any, layers: Any, rows: Any, target: Any, first: int) -> None:
    """Write the mean |gradient| of each layer's weights, a row a layer from row `first`."""
    for index in range(layers.shape[0]):
        count = layers[index, FAN_IN] * layers[index, FAN_OUT]
        total = splat(lane, 0.0)
        for p in range(count):
            total = total + absolute(load(lane, memory, rows.gradient + layers[index, FIRST_WEIGHT] + p))
        store(lane, target, first + index, total * splat(lane, 1.0 / count))


@njit(forceinline=True)
def note_solved(memory: Any, rows: Any, solved_epoch: Any, epoch: int) -> None:
    """Remember the first epoch at which no prediction of a network missed."""
    networks = solved_epoch.size
    for network in range(networks):
        if solved_epoch[network] < 0 and memory[rows.unsolved * networks + network] == 0:
            solved_epoch[network] = epoch


@njit(forceinline=True)
def note_diverged(lane: Any, memory: Any, first: int, count: int, diverged_step: Any, step: int) -> None:
    """Remember the first step at which a prediction of a network was not finite."""
    networks = diverged_step.size
    for row in range(first, first + count):
        if any_not_finite(load(lane, memory, row)):
            for network in range(networks):
                value = memory[row * networks + network]
                if diverged_step[network] < 0 and value - value != 0:
                    diverged_step[network] = step
