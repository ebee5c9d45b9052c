"""The order in which remedies are tried, and what ends it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from diagnosis.remedies.made_runs import MadeRuns, finding, ran

from trainlab.diagnosis.remedies import trying
from trainlab.diagnosis.remedies.trial import Job, Run
from trainlab.diagnosis.remedies.trial_verdict import code_as_tried
from trainlab.diagnosis.remedies.trying import Trying


def tried(
    runner: MadeRuns, *findings: dict[str, Any], seeds: int = 5, budget: float = 60, seconds: float = 1
) -> tuple[dict[str, Any], dict[str, Any]]:
    told: list[float] = []
    made = Trying(
        runner=runner, seeds=seeds, budget=budget, seconds=seconds, tell=lambda used, words: told.append(used)
    )
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(trying, "time", runner)
        by_fault, summary = made.of(list(findings))
    json.dumps([by_fault, summary], allow_nan=False)
    assert all(0 <= used <= 1 for used in told)
    return by_fault, summary


def helped_by(*words: str) -> Callable[[Job], Run]:
    def answer(job: Job) -> Run:
        if job.remedy is None:
            return ran("stuck")
        return ran("learnt" if job.remedy.words in words else "stuck", acted=3)

    return answer


def verdicts(by_fault: dict[str, Any]) -> dict[str, list[str]]:
    return {fault: [one["verdict"] for one in tried["remedies"]] for fault, tried in by_fault.items()}


def test_the_first_cause_that_can_be_mended_ends_it():
    runner = MadeRuns(helped_by("the learning rate × 0.1"))
    by_fault, summary = tried(
        runner, finding("missing_zero_grad"), finding("lr_too_high"), finding("zero_init")
    )
    assert verdicts(by_fault) == {"missing_zero_grad": ["no help"], "lr_too_high": ["mended"]}
    assert summary["ended"] == "mended"
    assert summary["words"] == (
        "Tried: with the learning rate × 0.1 (lr_too_high) it learns: loss 1 → 0.1, 5 of 5 seeds learn "
        f"(95 % interval 55–100 %); unchanged: 0 of 5 ({summary['runs']} runs in less than 1 s)."
    )


def test_both_sides_have_the_same_seeds_and_the_unchanged_one_runs_once():
    runner = MadeRuns(helped_by("the learning rate × 0.01"))
    by_fault, summary = tried(runner, finding("lr_too_high"))
    assert verdicts(by_fault) == {"lr_too_high": ["no help", "mended"]}
    assert [seed for seed, words in runner.asked if words == "unchanged"] == [1, 2, 3, 4, 5]
    assert [seed for seed, words in runner.asked if words.endswith("0.01")] == [1, 2, 3, 4, 5]
    assert summary["runs"] == len(runner.asked)
    assert by_fault["lr_too_high"]["words"].count("With the learning rate × ") == 2


def test_a_remedy_that_can_no_longer_help_is_given_up():
    runner = MadeRuns(helped_by())
    tried(runner, finding("missing_zero_grad"))
    assert len([words for _, words in runner.asked if words != "unchanged"]) == 3


def test_one_that_takes_no_hold_is_given_up_at_once():
    runner = MadeRuns(lambda job: ran("stuck"))
    by_fault, summary = tried(runner, finding("data_not_shuffled"))
    assert runner.asked == [(1, "unchanged"), (1, "loaders that shuffle")]
    assert by_fault["data_not_shuffled"]["words"] == (
        "With loaders that shuffle: it didn't take hold: no DataLoader that doesn't shuffle is made"
    )
    assert summary["words"] == "Tried on 5 seeds (2 runs in less than 1 s): no remedy could be put to work."


def test_a_consequence_is_tried_only_where_its_cause_could_not_be_mended():
    consequence = finding("dead_relu", consequence_of="lr_too_high")
    by_fault, _ = tried(MadeRuns(helped_by("the learning rate × 0.1")), finding("lr_too_high"), consequence)
    assert list(by_fault) == ["lr_too_high"]
    runner = MadeRuns(helped_by("LeakyReLU for ReLU"))
    by_fault, _ = tried(runner, finding("lr_too_high"), consequence)
    assert verdicts(by_fault)["dead_relu"] == ["no help", "mended"]


def test_a_remedy_of_two_findings_runs_once():
    runner = MadeRuns(helped_by())
    by_fault, _ = tried(runner, finding("lr_too_high"), finding("oscillating_loss"))
    assert by_fault["lr_too_high"]["remedies"] == by_fault["oscillating_loss"]["remedies"]
    assert runner.asked.count((1, "the learning rate × 0.1")) == 1


def test_what_cannot_be_tried_says_so_and_is_no_end():
    runner = MadeRuns(helped_by("the learning rate × 0.1"))
    by_fault, summary = tried(runner, finding("shuffled_targets"), finding("lr_too_high"))
    assert by_fault["shuffled_targets"] == {
        "words": "can't be tried from outside: only you know which target belongs to which input",
        "remedies": [],
    }
    assert summary["ended"] == "mended"
    _, summary = tried(runner, finding("shuffled_targets"))
    assert summary["words"] == "Nothing could be tried: no finding has a remedy from outside."
    _, summary = tried(runner)
    assert summary["words"] == "Nothing could be tried: there is no finding."


def test_where_it_learns_as_it_is_it_says_so():
    _, summary = tried(MadeRuns(lambda job: ran("learnt", acted=1)), finding("missing_zero_grad"))
    assert summary["words"] == (
        "Tried on 5 seeds (10 runs in less than 1 s): it learns with every seed as it is, and no remedy "
        "makes a difference to that."
    )


@pytest.mark.parametrize(
    ("lanes", "seconds", "seeds"), [(2, 1.0, 5), (2, 20.0, 3), (1, 20.0, 1), (2, 60.0, 1), (16, 60.0, 5)]
)
def test_no_more_seeds_than_the_first_remedy_has_time_for(lanes: int, seconds: float, seeds: int):
    runner = MadeRuns(helped_by("the learning rate × 0.1"), lanes=lanes)
    _, summary = tried(runner, finding("lr_too_high"), seconds=seconds)
    assert summary["seeds"] == seeds


def test_where_nothing_can_be_tried_no_larger_budget_is_asked_for():
    runner = MadeRuns(helped_by(), lanes=1)
    by_fault, summary = tried(runner, finding("zero_grad_every_microbatch"), budget=10, seconds=8)
    assert summary["ended"] == "nothing to try"
    assert "budget" not in summary["words"]
    assert "can't be tried from outside" in by_fault["zero_grad_every_microbatch"]["words"]


def test_a_budget_in_which_no_pair_fits_is_told():
    runner = MadeRuns(helped_by(), lanes=1)
    by_fault, summary = tried(runner, finding("lr_too_high"), budget=10, seconds=8)
    assert by_fault == {}
    assert runner.asked == []
    assert summary["words"] == (
        "Not tried: a run takes about 8 s, and two are needed, with and without a remedy, one after the "
        "other; the budget is 10 s. Give 17 at least: --budget 17, in Python budget=17."
    )


def test_the_budget_ends_it():
    runner = MadeRuns(helped_by(), wait=0.05, lanes=1)
    by_fault, summary = tried(runner, finding("lr_too_high"), finding("zero_init"), budget=0.3, seconds=0.05)
    assert summary["ended"] == "budget"
    assert summary["seconds"] == 0.3
    assert len(runner.asked) == 6
    assert summary["words"].startswith("Tried until the budget was used up (")
    assert summary["untried"]
    assert f". Not tried for want of time: {'; '.join(summary['untried'])}" in summary["words"]
    assert "lr_too_high" in by_fault


def test_ctrl_c_keeps_what_is_known():
    def answer(job: Job) -> Run:
        if len(runner.asked) == 5:
            raise KeyboardInterrupt
        return helped_by("the learning rate × 0.1")(job)

    runner = MadeRuns(answer)
    by_fault, summary = tried(runner, finding("lr_too_high"), finding("zero_init"))
    assert summary["ended"] == "interrupted"
    assert by_fault["lr_too_high"]["remedies"][0]["runs"] == 2
    assert list(by_fault) == ["lr_too_high"]

    def at_once(job: Job) -> Run:
        raise KeyboardInterrupt

    by_fault, summary = tried(MadeRuns(at_once), finding("lr_too_high"))
    assert by_fault["lr_too_high"]["words"] == "not tried: stopped early"
    assert summary["words"].startswith("Trying was stopped (0 runs in less than 1 s)")


def partly(job: Job) -> Run:
    """The lower rates mend one seed of four, and two."""
    words = "" if job.remedy is None else job.remedy.words
    mended = {"the learning rate × 0.1": (1,), "the learning rate × 0.01": (1, 2)}.get(words, ())
    return ran("learnt" if job.seed in mended else "stuck", acted=1)


def test_the_headline_says_what_helped_some_seeds():
    by_fault, summary = tried(MadeRuns(partly), finding("lr_too_high"), seeds=4)
    assert verdicts(by_fault) == {"lr_too_high": ["partly", "partly"]}
    assert summary["words"].startswith(
        "Tried: with the learning rate × 0.01 (lr_too_high) some seeds learn, and not most: "
    )
    assert "2 of 4 seeds learn" in summary["words"]
    assert summary["words"].endswith("That helps, and is no cure.")


def test_the_remedies_of_two_causes_are_tried_together_if_none_is_enough():
    both = "no activation on the output and the learning rate × 0.01"
    clipped = finding("loss_activation_mismatch", place={"kind": "output", "call": "relu"})
    runner = MadeRuns(helped_by(both))
    by_fault, summary = tried(runner, clipped, finding("lr_too_high"))
    assert verdicts(by_fault) == {
        "loss_activation_mismatch": ["no help"],
        "lr_too_high": ["no help", "no help", "no help", "mended"],
    }
    assert summary["ended"] == "mended"
    assert f"with {both} (lr_too_high) it learns" in summary["words"]
    assert by_fault["lr_too_high"]["words"].count("With no activation on the output and ") == 2
    assert code_as_tried(DIFF, by_fault["lr_too_high"]).endswith("lr=0.01)")


def test_a_consequence_that_nothing_helps_is_not_tried_together_with_its_cause():
    runner = MadeRuns(helped_by())
    tried(runner, finding("lr_too_high"), finding("zero_init", consequence_of="lr_too_high"))
    assert not [words for _, words in runner.asked if " and " in words]


DIFF = "# train.py:9\n- opt = SGD(model.parameters(), lr=1.0)\n+ opt = SGD(model.parameters(), lr=0.1)"


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (
            DIFF,
            "# train.py:9 (the learning rate × 0.01, as tried)\n- opt = SGD(model.parameters(), lr=1.0)\n"
            "+ opt = SGD(model.parameters(), lr=0.01)",
        ),
        (
            "for group in opt.param_groups:\n    group['lr'] = 0.1",
            "for group in opt.param_groups:\n    group['lr'] *= 0.01  # as tried",
        ),
        ("opt.zero_grad()", "opt.zero_grad()"),
    ],
)
def test_the_edit_has_the_rate_that_did_most(code: str, told: str):
    by_fault, _ = tried(MadeRuns(partly), finding("lr_too_high"), seeds=4)
    assert code_as_tried(code, by_fault["lr_too_high"]) == told
    nothing, _ = tried(MadeRuns(helped_by()), finding("lr_too_high"))
    assert code_as_tried(code, nothing["lr_too_high"]) == code
    assert code_as_tried(code, None) == code
