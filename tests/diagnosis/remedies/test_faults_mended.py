"""Remedies that can be tried from outside make the faulty training of their rule better."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch

from trainlab.diagnosis import watch
from trainlab.diagnosis.faults import ORDER
from trainlab.diagnosis.remedies.applying import Applied
from trainlab.diagnosis.remedies.remedy import Remedy
from trainlab.diagnosis.remedies.trial import Pair
from trainlab.diagnosis.remedies.trial_runs import Run
from trainlab.diagnosis.remedies.trial_verdict import judged_trial
from trainlab.diagnosis.remedies.trying import remedies_for, why_not
from trainlab.diagnosis.report.read_back import outcome_from

LEARNS = (
    "bad_bias_init", "bad_momentum", "bad_weight_init", "clip_too_tight", "dead_relu", "loss_broadcast",
    "lr_too_high", "missing_optimizer_step", "no_nonlinearity",
    "output_range_mismatch", "scheduler_kills_lr", "symmetric_init", "unnormalised_inputs",
    "vanishing_gradient", "weight_decay_too_high", "wrong_loss", "zero_init",
)  # fmt: skip
"""The training fails as it is, and learns with the remedy."""
BETTER = (
    "exploding_gradient", "float16_underflow", "frozen_params", "l1_constant_collapse", "lr_too_low",
    "nonfinite_values", "oscillating_loss", "params_not_in_optimizer", "saturated_activation",
    "unnormalised_targets",
)  # fmt: skip
"""It comes out better: it learnt before, or learns less than what a longer training would."""
TAKES_HOLD = (
    "batchnorm_small_batch", "dropout_misuse", "eval_mode_training", "label_dtype",
    "loss_activation_mismatch", "missing_zero_grad", "scheduler_order", "train_mode_evaluation",
)  # fmt: skip
"""It learns either way, if only in eval mode; the remedy takes hold and does it no harm."""
ELSEWHERE = {"data_not_shuffled", "detached_graph", "loss_plateau"}
"""Their faulty training has nothing that the remedy could act on: tested in test_changes.py."""
IMPOSSIBLE = (
    "best_state_not_copied", "capacity_too_small", "class_weights_swapped", "clip_misplaced",
    "constant_labels", "dataset_mutated", "dropout_always_on", "eval_on_train", "graph_retained",
    "layer_made_in_forward", "loss_term_dominates", "metric_miscounted", "missing_causal_mask",
    "mixed_axes", "modes_differ", "overfitting", "preprocessing_mismatch", "repeated_batch",
    "repeated_randomness", "shuffled_targets", "softmax_wrong_dim", "target_net_not_updated",
    "target_not_shifted", "unreachable_params", "zero_grad_every_microbatch", "zero_grad_misplaced",
)  # fmt: skip


@pytest.fixture(autouse=True)
def one_quiet_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    torch.set_num_threads(before)


def found(name: str) -> tuple[Callable[[], object], dict[str, Any], Run]:
    """Return the faulty training, the finding, and the run as it is."""
    module = importlib.import_module(f"diagnosis.faults.{name}")
    torch.manual_seed(1)
    with watch() as watched:
        module.train(True)
    finding = next(one for one in watched.report.findings if one.fault == name)
    return lambda: module.train(True), finding.to_dict(), Run(outcome=outcome_from(watched.report.outcome))


def tried(name: str, remedy: Remedy, train: Callable[[], object], before: Run) -> dict[str, Any]:
    torch.manual_seed(1)
    with Applied(remedy.to_plan()) as applied, watch() as watched:
        train()
    after = Run(outcome=outcome_from(watched.report.outcome), acted=applied.acted)
    return judged_trial(remedy, [Pair(1, before, after)], seconds=1).to_dict()


def verdicts(name: str) -> list[str]:
    train, finding, before = found(name)
    return [tried(name, remedy, train, before)["verdict"] for remedy in remedies_for(finding)]


@pytest.mark.parametrize("name", LEARNS)
def test_it_learns_with_a_remedy(name: str):
    assert set(verdicts(name)) & {"mended", "learns"}


@pytest.mark.parametrize("name", BETTER)
def test_it_is_better_with_a_remedy(name: str):
    assert set(verdicts(name)) & {"mended", "better"}


@pytest.mark.parametrize("name", TAKES_HOLD)
def test_a_remedy_takes_hold_and_does_no_harm(name: str):
    assert set(verdicts(name)) <= {"no help", "learns", "better"}


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_what_cannot_be_tried_says_why(name: str):
    _, finding, _ = found(name)
    assert remedies_for(finding) == ()
    assert why_not(finding) != why_not({"fault": "lr_too_high"})


def test_every_rule_is_in_one_of_these():
    named = [*LEARNS, *BETTER, *TAKES_HOLD, *IMPOSSIBLE, *ELSEWHERE]
    assert sorted(named) == sorted(ORDER)
