"""The faults, a file each, and the order of blame.

A new fault is a file here, which ends with its `FAULT` (`diagnosis.fault`), and its name in `ORDER`.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trainlab.diagnosis.fault import Fault

ORDER = (
    "missing_optimizer_step",
    "zero_grad_misplaced",
    "missing_zero_grad",
    "zero_grad_every_microbatch",
    "target_net_not_updated",
    "best_state_not_copied",
    "detached_graph",
    "loss_broadcast",
    "loss_activation_mismatch",
    "label_dtype",
    "constant_labels",
    "params_not_in_optimizer",
    "layer_made_in_forward",
    "unreachable_params",
    "frozen_params",
    "mixed_axes",
    "softmax_wrong_dim",
    "missing_causal_mask",
    "target_not_shifted",
    "eval_mode_training",
    "output_range_mismatch",
    "l1_constant_collapse",
    "wrong_loss",
    "class_weights_swapped",
    "loss_term_dominates",
    "nonfinite_values",
    "float16_underflow",
    "repeated_batch",
    "repeated_randomness",
    "dataset_mutated",
    "data_not_shuffled",
    "preprocessing_mismatch",
    "graph_retained",
    "scheduler_order",
    "scheduler_kills_lr",
    "clip_misplaced",
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
    "dropout_always_on",
    "modes_differ",
    "train_mode_evaluation",
    "metric_miscounted",
    "eval_on_train",
    "shuffled_targets",
    "loss_plateau",
    "overfitting",
)
"""In the order of blame: what comes first explains what comes after it."""


@cache
def all_faults() -> dict[str, Fault]:
    """Return the faults by their names, in the order of blame. Loaded when first asked for."""
    return {name: import_module(f"{__name__}.{name}").FAULT for name in ORDER}


def families() -> dict[str, tuple[Fault, ...]]:
    """Return the faults by family, as pages have them: in each in the order of blame."""
    from trainlab.diagnosis.fault import FAMILIES

    known = all_faults().values()
    return {family: tuple(fault for fault in known if fault.family == family) for family in FAMILIES}
