"""The picture of each fault as plain numbers: what a report draws, and what its JSON holds.

Every picture has `kind`, `title` and what that kind needs:

``lines``  ``x_label``, ``y_label``, ``log_y``, ``lines``: label, x, y (None where not finite)
``bars``   ``x_label``, ``log``, ``bars``: label, value; ``usual``: the range of healthy trainings, or None
``histogram``  ``x_label``, ``edges``, ``counts``; ``range``: label, low, high (None: no end)
``strips``  ``parts``: their names; ``rows``: label and a count for each part
``chain``  ``nodes``: label, note, wrong; ``arrows``: each leads to the next
``shapes``  ``boxes``: label, shape, wrong
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from trainlab.diagnosis.pictures import data, layers, loops, path
from trainlab.diagnosis.pictures.kinds import is_wide, lines, one_line
from trainlab.diagnosis.signals.case import Case

Picture = dict[str, Any]

_MAKERS: dict[str, Callable[[Case], Picture | None]] = {
    "missing_optimizer_step": loops.calls,
    "missing_zero_grad": loops.stale_gradients,
    "eval_mode_training": loops.modes,
    "train_mode_evaluation": loops.modes,
    "graph_retained": loops.graph_sizes,
    "scheduler_order": loops.learning_rate,
    "scheduler_kills_lr": loops.learning_rate,
    "clip_too_tight": loops.clipping,
    "detached_graph": path.reached,
    "params_not_in_optimizer": path.held,
    "unreachable_params": path.reached,
    "frozen_params": path.frozen,
    "no_nonlinearity": path.linear_in_a_row,
    "capacity_too_small": path.widths,
    "loss_broadcast": path.shapes,
    "loss_activation_mismatch": path.squashed_before_loss,
    "output_range_mismatch": data.targets_and_range,
    "l1_constant_collapse": data.targets_and_range,
    "wrong_loss": path.loss_at_the_end,
    "label_dtype": data.cast,
    "constant_labels": data.targets_and_range,
    "repeated_batch": data.batches_used,
    "data_not_shuffled": data.batch_strips,
    "shuffled_targets": data.neighbours,
    "unnormalised_inputs": data.feature_sizes,
    "unnormalised_targets": data.targets_and_outputs,
    "eval_on_train": data.rows_judged,
    "overfitting": loops.held_out,
    "lr_too_high": layers.large_steps,
    "lr_too_low": layers.small_way,
    "bad_momentum": layers.large_steps,
    "weight_decay_too_high": layers.weight_sizes,
    "batchnorm_small_batch": data.values_a_channel,
    "dropout_misuse": path.dropout,
    "zero_init": layers.equal_rows,
    "symmetric_init": layers.equal_rows,
    "bad_weight_init": layers.gains,
    "bad_bias_init": layers.bias_sizes,
    "float16_underflow": layers.zero_gradients,
    "exploding_gradient": lambda case: loops.gradient_norm(case) or layers.gradient_by_depth(case),
    "vanishing_gradient": layers.fading_gradient,
    "dead_relu": layers.silent_units,
    "saturated_activation": layers.saturated_units,
    "nonfinite_values": loops.loss_to_the_end,
    "oscillating_loss": loops.swinging_losses,
    "loss_plateau": loops.loss_to_the_end,
}


def picture_of(fault: str, case: Case) -> Picture | None:
    """Return the numbers of the fault's picture, or None where there are none to show."""
    maker = _MAKERS.get(fault)
    return maker(case) if maker is not None else None


def loss_curve(case: Case) -> Picture | None:
    """Return the loss over the steps, with that of the best constant answer and of held-out data."""
    stream = case.learning.stream
    if stream is None or len(stream.values) < 2:
        return None
    drawn = [one_line("training loss", stream.ticks, stream.values)]
    held = loops.held_out_line(case) if _same_unit(case) else None
    if held is not None:
        drawn.append(held)
    trivial = case.learning.constant_answer
    if _same_unit(case) and math.isfinite(trivial) and trivial > 0:
        ends = [stream.ticks[0], stream.ticks[-1]]
        drawn.append(one_line("best constant answer", ends, [trivial, trivial]))
    return lines("Loss over the steps", "step", "loss", drawn, log_y=is_wide(stream.values, 100))


def _same_unit(case: Case) -> bool:
    """Whether backward is called, step by step, on the loss that the constant answer is measured in."""
    main, stream = case.learning.main, case.learning.stream
    if main is None or stream is None:
        return False
    values = stream.first or dict(zip(stream.ticks, stream.values, strict=False))
    pairs = [(fit.value, values[fit.tick]) for fit in main.fits if fit.tick in values]
    close = [abs(a - b) <= 0.02 * abs(b) for a, b in pairs if math.isfinite(a) and math.isfinite(b)]
    return len(close) >= 3 and sum(close) >= 0.9 * len(close)
