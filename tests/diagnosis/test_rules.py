"""Each rule on a training with its fault: what is said of it, what its remedies do, and the same mended."""

from __future__ import annotations

import linecache
import warnings
from typing import Any

import pytest
from diagnosis.drawable import shown
from diagnosis.trainings_with_faults import FOLDER, NAMES, alike_everywhere, report_on, training_with
from diagnosis.watched import diagnosed, faults
from golden.cases import as_its_copy

from trainlab.diagnosis import Finding
from trainlab.diagnosis.faults import ORDER, remedies_for, why_not
from trainlab.diagnosis.remedies.applying import Applied
from trainlab.diagnosis.remedies.remedy import Remedy
from trainlab.diagnosis.remedies.trial import Pair, Run
from trainlab.diagnosis.remedies.trial_verdict import judged_trial
from trainlab.diagnosis.report.report import outcome_from

PROVEN = {
    "dead_relu": "a whole layer is silent to the end, and every answer is the same",
    "lr_too_low": "after all steps every weight is where it started",
    "missing_optimizer_step": "no parameter that the loss reaches ever changes",
    "no_nonlinearity": "the best line leaves 100% of the targets' variance",
    "same_answers": "with other weights, too, the answer is the same at all 12 places, and 95 % of the "
    "targets' variance lies between them",
    "nonfinite_values": "from then on every loss is NaN or infinite",
    "wrong_loss": "every step makes the distance larger",
    "zero_grad_misplaced": "no step has a gradient to apply",
    "zero_init": "no gradient reaches any weight",
}
"""What structure proves in these trainings; of all others only a trial can tell whether it is to blame."""
FIRST_OF_TWO = {"oscillating_loss": "lr_too_high", "saturated_activation": "bad_weight_init"}
"""Where one fault is the other's reason, the reason may come first."""


def finding_of(name: str) -> Finding:
    return next(finding for finding in report_on(name).findings if finding.fault == name)


@pytest.mark.parametrize("name", NAMES)
def test_a_fault_is_found_and_blamed_first(name: str):
    report = report_on(name)
    assert report.troubles == ()
    found = faults(report)
    assert name in found
    assert found[0] in (name, FIRST_OF_TWO.get(name))
    finding = finding_of(name)
    assert finding.where
    assert finding.place.kind != "unknown"
    assert finding.evidence
    assert finding.remedy
    assert 0 < finding.confidence <= 1
    assert finding.proof.by == ("structure" if name in PROVEN else "nothing")
    assert finding.proof.words == PROVEN.get(name, finding.proof.words)
    assert finding.picture is not None
    if finding.place.line:  # golden copies don't tell which
        line = linecache.getline(str(FOLDER / finding.place.file), finding.place.line).strip()
        called = finding.place.call and finding.place.call in line
        shared = finding.place.file == "made.py" and line == "loss = loss_of(model(x[index]), y[index])"
        assert called or shared or (line and line[:40] in finding.where)
    _, text, page = shown(report)
    assert name in text
    assert f'id="{name}"' in page


@pytest.mark.parametrize("name", NAMES)
def test_the_same_mended_is_healthy(name: str):
    with alike_everywhere(name):
        report = diagnosed(lambda: training_with(name).train(False))
    assert faults(report) == []
    assert report.troubles == ()


@pytest.mark.parametrize("name", ORDER)
def test_what_is_said_of_a_fault_is_as_its_golden_copy(name: str):
    as_its_copy(f"fault_{name}")


def test_every_rule_has_a_training_that_it_finds():
    assert set(ORDER) - set(NAMES) == {"loss_plateau", "batch_tensor_unused"}  # the last is always a note
    assert set(NAMES) <= set(ORDER)


def test_an_optimizer_that_was_made_too_early_is_made_again_by_its_own_line():
    finding = report_on("params_not_in_optimizer").findings[0]
    assert finding.code.startswith("opt = torch.optim.Adam(model.parameters(), lr=0.01)  #")


# Remedies that can be tried from outside make the training better.

LEARNS = (
    "bad_weight_init", "clip_too_tight", "dead_relu", "loss_broadcast",
    "lr_too_high", "missing_optimizer_step", "no_nonlinearity",
    "output_range_mismatch", "scheduler_kills_lr", "symmetric_init", "unnormalised_inputs",
    "vanishing_gradient", "weight_decay_too_high", "wrong_gradient", "wrong_loss", "zero_init",
)  # fmt: skip
"""The training fails as it is, and learns with the remedy."""
BETTER = (
    "exploding_gradient", "frozen_params", "loss_rises", "lr_never_reached", "lr_too_low",
    "nonfinite_values", "oscillating_loss", "params_not_in_optimizer", "saturated_activation",
    "unnormalised_targets",
)  # fmt: skip
"""It comes out better: it learnt before, or learns less than what a longer training would."""
TAKES_HOLD = (
    "batchnorm_small_batch", "dropout_misuse", "eval_mode_training",
    "loss_activation_mismatch", "missing_zero_grad", "train_mode_evaluation",
)  # fmt: skip
"""It learns either way, if only in eval mode; the remedy takes hold and does it no harm."""
FROM_SEED_1 = ("batchnorm_small_batch", "train_mode_evaluation", "wrong_loss")
"""From seed 0 these come out otherwise, by the luck of the draw."""
ELSEWHERE = {"batch_tensor_unused", "data_not_shuffled", "detached_graph", "loss_plateau"}
"""Their faulty training has nothing that the remedy could act on: tested in test_changes.py; or is none."""
IMPOSSIBLE = (
    "average_lags", "batchnorm_momentum", "best_state_not_copied", "capacity_too_small", "class_imbalance",
    "class_weights_swapped", "clip_misplaced", "dataset_mutated", "dropout_always_on", "eval_on_train",
    "large_start", "layer_made_in_forward", "loss_term_dominates", "mask_inverted", "metric_miscounted",
    "missing_causal_mask", "mixed_axes", "optimizer_made_anew", "overfitting", "padding_scored",
    "preprocessing_mismatch", "repeated_batch", "repeated_randomness", "same_answers", "scheduler_of_another",
    "shuffled_targets", "softmax_wrong_dim", "target_net_not_updated", "target_among_inputs",
    "target_not_shifted", "unreachable_params", "unused_input", "zero_grad_every_microbatch",
    "zero_grad_misplaced",
)  # fmt: skip


def tried(name: str, remedy: Remedy) -> dict[str, Any]:
    """Return what comes of training with a remedy, beside the training without."""
    seed = 1 if name in FROM_SEED_1 else 0
    with alike_everywhere(name), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Applied(remedy.to_plan()) as applied:
            mended = diagnosed(lambda: training_with(name).train(True), seed=seed)
    before, after = (outcome_from(report.outcome) for report in (report_on(name, seed), mended))
    pair = Pair(seed, Run(outcome=before), Run(outcome=after, acted=applied.acted))
    return judged_trial(remedy, [pair], seconds=1).to_dict()


def verdicts(name: str) -> set[str]:
    return {tried(name, remedy)["verdict"] for remedy in remedies_for(finding_of(name).to_dict())}


@pytest.mark.parametrize("name", LEARNS)
def test_it_learns_with_a_remedy(name: str):
    assert verdicts(name) & {"mended", "learns"}


@pytest.mark.parametrize("name", BETTER)
def test_it_is_better_with_a_remedy(name: str):
    assert verdicts(name) & {"mended", "better"}


@pytest.mark.parametrize("name", TAKES_HOLD)
def test_a_remedy_takes_hold_and_does_no_harm(name: str):
    assert verdicts(name) <= {"no help", "learns", "better"}


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_what_cannot_be_tried_says_why(name: str):
    finding = finding_of(name).to_dict()
    assert remedies_for(finding) == ()
    assert why_not(finding) != why_not({"fault": "lr_too_high"})


def test_every_rule_is_in_one_of_these_lists():
    named = [*LEARNS, *BETTER, *TAKES_HOLD, *IMPOSSIBLE, *ELSEWHERE]
    assert sorted(named) == sorted(ORDER)
