"""The faults by topic, and the order of blame.

A new fault is a section in its topic's file, which ends with its `Fault` (`diagnosis.fault`), and its name in
`ORDER`.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trainlab.diagnosis.fault import Fault
    from trainlab.diagnosis.remedies.remedy import Remedy

ORDER = (
    "missing_optimizer_step",
    "zero_grad_misplaced",
    "missing_zero_grad",
    "zero_grad_every_microbatch",
    "target_net_not_updated",
    "best_state_not_copied",
    "detached_graph",
    "wrong_gradient",
    "loss_broadcast",
    "loss_activation_mismatch",
    "params_not_in_optimizer",
    "mask_inverted",
    "layer_made_in_forward",
    "unreachable_params",
    "frozen_params",
    "mixed_axes",
    "softmax_wrong_dim",
    "missing_causal_mask",
    "target_not_shifted",
    "target_among_inputs",
    "eval_mode_training",
    "same_answers",
    "output_range_mismatch",
    "wrong_loss",
    "class_weights_swapped",
    "loss_term_dominates",
    "nonfinite_values",
    "repeated_batch",
    "repeated_randomness",
    "dataset_mutated",
    "data_not_shuffled",
    "preprocessing_mismatch",
    "scheduler_kills_lr",
    "lr_never_reached",
    "clip_misplaced",
    "clip_too_tight",
    "weight_decay_too_high",
    "batchnorm_small_batch",
    "batchnorm_momentum",
    "dropout_misuse",
    "zero_init",
    "symmetric_init",
    "no_nonlinearity",
    "unnormalised_inputs",
    "unnormalised_targets",
    "large_start",
    "lr_too_high",
    "bad_weight_init",
    "loss_rises",
    "exploding_gradient",
    "vanishing_gradient",
    "dead_relu",
    "saturated_activation",
    "lr_too_low",
    "scheduler_of_another",
    "optimizer_made_anew",
    "capacity_too_small",
    "oscillating_loss",
    "dropout_always_on",
    "train_mode_evaluation",
    "metric_miscounted",
    "average_lags",
    "padding_scored",
    "eval_on_train",
    "unused_input",
    "batch_tensor_unused",
    "class_imbalance",
    "shuffled_targets",
    "loss_plateau",
    "overfitting",
)
"""In the order of blame: what comes first explains what comes after it."""


@cache
def all_faults() -> dict[str, Fault]:
    """Return the faults by their names, in the order of blame. Loaded when first asked for."""
    from trainlab.diagnosis.fault import Fault

    topics = [import_module(f"{__name__}.{one.name}") for one in iter_modules(__path__)]
    known = {one.name: one for topic in topics for one in vars(topic).values() if isinstance(one, Fault)}
    return {name: known[name] for name in ORDER}


def families() -> dict[str, tuple[Fault, ...]]:
    """Return the faults by family, as pages have them: in each in the order of blame."""
    from trainlab.diagnosis.fault import FAMILIES

    known = all_faults().values()
    return {family: tuple(fault for fault in known if fault.family == family) for family in FAMILIES}


def remedies_for(finding: dict[str, Any]) -> tuple[Remedy, ...]:
    """Return the remedies for a finding as JSON has it, best first; none if it has none."""
    from trainlab.diagnosis.finding import finding_from

    remedies = all_faults()[finding["fault"]].remedies
    return remedies(finding_from(finding)) if callable(remedies) else remedies


def why_not(finding: dict[str, Any]) -> str:
    """Say why no remedy can be tried from outside."""
    return all_faults()[finding["fault"]].untried
