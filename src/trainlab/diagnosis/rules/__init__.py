"""The rules, one file a fault. Facts need no gate; symptoms speak only where the training fails."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from trainlab.diagnosis.findings import Finding
from trainlab.diagnosis.signals.case import Case

ORDER = (
    "missing_optimizer_step",
    "missing_zero_grad",
    "detached_graph",
    "loss_broadcast",
    "loss_activation_mismatch",
    "label_dtype",
    "constant_labels",
    "params_not_in_optimizer",
    "unreachable_params",
    "frozen_params",
    "eval_mode_training",
    "output_range_mismatch",
    "l1_constant_collapse",
    "wrong_loss",
    "nonfinite_values",
    "float16_underflow",
    "repeated_batch",
    "data_not_shuffled",
    "graph_retained",
    "scheduler_order",
    "scheduler_kills_lr",
    "clip_too_tight",
    "weight_decay_too_high",
    "batchnorm_small_batch",
    "dropout_misuse",
    "zero_init",
    "symmetric_init",
    "no_nonlinearity",
    "unnormalised_inputs",
    "unnormalised_targets",
    "bad_bias_init",
    "bad_momentum",
    "lr_too_high",
    "bad_weight_init",
    "exploding_gradient",
    "vanishing_gradient",
    "dead_relu",
    "saturated_activation",
    "lr_too_low",
    "capacity_too_small",
    "oscillating_loss",
    "train_mode_evaluation",
    "eval_on_train",
    "shuffled_targets",
    "loss_plateau",
    "overfitting",
)
"""In the order of blame: what comes first explains what comes after it."""

Rule = Callable[[Case], Finding | None]


def rules() -> dict[str, Rule]:
    """Return the rules by the name of their fault, in the order of blame."""
    return {name: import_module(f"trainlab.diagnosis.rules.{name}").judge for name in ORDER}
