"""What trials make of findings: proofs, advice that is none, and the order of blame."""

from __future__ import annotations

from typing import Any

import pytest
from diagnosis.remedies.made_runs import finding
from scipy.stats import fisher_exact

from trainlab.diagnosis.remedies.trial_evidence import after_trials, is_proof
from trainlab.diagnosis.remedies.trial_verdict import chance_of
from trainlab.diagnosis.report.verdict import verdict


def found(fault: str, **changes: Any) -> dict[str, Any]:
    known: dict[str, Any] = {
        "title": fault,
        "confidence": 0.9,
        "proof": {"by": "nothing", "words": ""},
        "because": "",
        "tried": None,
        "remedy": {"text": "Change it.", "code": "x = 1"},
    }
    return finding(fault, **known | changes)


def trial(
    outcome: str, learnt: int, unchanged: int, *, runs: int = 20, joint: bool = False
) -> dict[str, Any]:
    return {
        "remedy": "another rate",
        "changes": [],
        "verdict": outcome,
        "joint": joint,
        "learnt": learnt,
        "runs": runs,
        "unchanged": {"learnt": unchanged},
        "better": max(0, learnt - unchanged),
        "seeds": [{"seed": seed, "after": {"loss": 0.1 * seed}} for seed in range(runs)],
    }


def tried(*trials: dict[str, Any]) -> dict[str, Any]:
    return {"words": "", "remedies": list(trials)}


@pytest.mark.parametrize(
    ("more", "fewer", "runs"), [(5, 0, 5), (3, 2, 5), (21, 3, 100), (4, 4, 9), (0, 0, 3)]
)
def test_the_chance_of_a_difference_is_fishers(more: int, fewer: int, runs: int):
    table = [[more, runs - more], [fewer, runs - fewer]]
    assert chance_of(more, fewer, runs) == pytest.approx(fisher_exact(table, alternative="greater").pvalue)


def test_text_and_edit_have_one_rate_where_a_trial_found_a_better_one():
    done = trial("mended", 19, 1) | {"changes": [{"change": "lr", "times": 100}], "after": {"reached": 0.9}}
    edit = "# train.py:9\n- opt = SGD(p, lr=0.1)\n+ opt = SGD(p, lr=1)"
    remedy = {"text": "Raise the learning rate 10 times: lr=1.", "code": edit}
    (told,) = after_trials([found("lr_too_low", remedy=remedy)], {"lr_too_low": tried(done)})
    assert told["remedy"]["text"] == "Take the learning rate × 100, which did most when tried."
    assert told["remedy"]["code"].endswith("+ opt = SGD(p, lr=10)")


def test_a_trial_that_mends_is_a_proof():
    (told,) = after_trials([found("lr_too_high")], {"lr_too_high": tried(trial("mended", 19, 1))})
    assert told["proof"] == {"by": "trial", "words": "with another rate 19 of 20 seeds learn, without 1"}
    assert told["remedy"]["text"] == "Change it."


@pytest.mark.parametrize(
    "made",
    [
        trial("mended", 3, 2, runs=5),  # by chance in half of such trials
        trial("mended", 4, 0, runs=4),  # the words say: may be chance
        trial("mended", 19, 1, joint=True),  # it may be the other one
        trial("partly", 9, 1),
        trial("better", 0, 0),
    ],
)
def test_other_trials_prove_nothing(made: dict[str, Any]):
    assert not is_proof(made)
    (told,) = after_trials([found("lr_too_high")], {"lr_too_high": tried(made)})
    assert told["proof"]["by"] == "nothing"


def test_a_remedy_that_harms_is_no_advice():
    (told,) = after_trials(
        [found("lr_too_high")],
        {"lr_too_high": tried(trial("harmed", 3, 21, runs=100), trial("no help", 20, 21))},
    )
    assert told["remedy"]["text"] == (
        "None that helps: another rate makes it worse: 3 of 100 seeds learn, without it 21."
    )
    assert told["remedy"]["code"] == ""


def test_a_mistake_is_to_be_mended_though_it_is_not_enough():
    nothing = tried(trial("no help", 1, 1))
    mistake, setting = after_trials(
        [found("missing_zero_grad"), found("lr_too_high")],
        {"missing_zero_grad": nothing, "lr_too_high": nothing},
    )
    assert mistake["remedy"]["text"] == (
        "Change it. But that isn't enough: with another rate it learns no better."
    )
    assert mistake["remedy"]["code"] == "x = 1"
    assert setting["remedy"]["text"] == "None that helps: with another rate it learns no better."


def test_what_never_took_hold_says_nothing():
    (told,) = after_trials([found("lr_too_high")], {"lr_too_high": tried(trial("no hold", 0, 0))})
    assert told["remedy"] == {"text": "Change it.", "code": "x = 1"}


def test_what_harms_does_not_lead_where_another_is_mended():
    findings = [found("lr_too_high"), found("bad_weight_init", consequence_of="lr_too_high", because="so")]
    told = after_trials(
        findings,
        {"lr_too_high": tried(trial("harmed", 0, 9)), "bad_weight_init": tried(trial("mended", 20, 9))},
    )
    assert [one["fault"] for one in told] == ["bad_weight_init", "lr_too_high"]
    assert told[0]["consequence_of"] is None
    sentence = verdict({"findings": told, "card": {"outcome": "stuck"}, "outcome": {}})
    assert sentence.startswith("The training doesn't learn because bad_weight_init (bad_weight_init).")


def test_what_was_tried_in_vain_comes_after_what_was_not():
    told = after_trials(
        [found("lr_too_high"), found("dead_relu")], {"lr_too_high": tried(trial("harmed", 0, 9))}
    )
    assert [one["fault"] for one in told] == ["dead_relu", "lr_too_high"]


@pytest.mark.parametrize("fails", [True, False])
def test_what_changes_the_evaluation_alone_comes_last_where_the_training_fails(fails: bool):
    told = after_trials(
        [found("metric_miscounted"), found("lr_too_high")],
        {"lr_too_high": tried(trial("no help", 1, 1))},
        fails=fails,
    )
    assert [one["fault"] for one in told][fails] == "metric_miscounted"


def test_the_verdict_says_that_the_cause_is_not_known():
    told = after_trials([found("lr_too_high")], {"lr_too_high": tried(trial("harmed", 3, 21, runs=100))})
    assert verdict({"findings": told, "card": {"outcome": "stuck"}, "outcome": {}}) == (
        "The training doesn't learn, and why isn't known. Found: lr_too_high (lr_too_high); "
        "its remedy was tried, and makes it worse."
    )


def test_one_run_that_comes_again_with_every_seed_is_no_proof():
    proven = trial("mended", 5, 0, runs=5)
    assert is_proof(proven)
    assert is_proof(proven | {"verdict": "far better"})
    again = [{"seed": seed, "after": {"loss": 0.1}} for seed in range(5)]
    assert not is_proof(proven | {"seeds": again})
    assert not is_proof(proven | {"seeds": again, "verdict": "far better"})


@pytest.mark.parametrize("outcome", ["no help", "harmed"])
def test_fewer_than_eight_runs_dont_say_that_a_remedy_is_none(outcome: str):
    for runs in (1, 3):
        (told,) = after_trials(
            [found("lr_too_high")], {"lr_too_high": tried(trial(outcome, 0, 1, runs=runs))}
        )
        assert told["remedy"] == {"text": "Change it.", "code": "x = 1"}
        sentence = verdict({"findings": [told], "card": {"outcome": "stuck"}, "outcome": {}, "ended": {}})
        assert sentence.startswith("The training doesn't learn. Likely cause: lr_too_high (lr_too_high).")
    (told,) = after_trials([found("lr_too_high")], {"lr_too_high": tried(trial(outcome, 0, 1, runs=4))})
    assert told["remedy"]["text"].startswith("None that helps: ")
