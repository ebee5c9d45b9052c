"""What a remedy achieved: the same seeds with and without it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from diagnosis.remedies.made_runs import ran

from trainlab.diagnosis.remedies.remedy import Remedy
from trainlab.diagnosis.remedies.trial import Pair, Run
from trainlab.diagnosis.remedies.trial_verdict import compared, judged_trial, learns, trial_words, verdict_of
from trainlab.stats import rate

LR = Remedy(
    words="the learning rate × 0.1", changes=({"change": "lr", "times": 0.1},), narrow="nothing is there"
)
OTHER_LOSS = Remedy(words="equal shapes", changes=({"change": "equal_shapes"},), same_loss=False)
UNKNOWN: dict[str, Any] = {"loss_by_constant": None, "constant_answer_loss": None, "reached": None}


@pytest.mark.parametrize(
    ("run", "other", "wanted"),
    [
        (ran("learnt"), ran("stuck"), True),
        (ran("poor"), ran("learnt"), False),
        (ran("diverged"), ran("learnt"), False),
        (Run(outcome=None, error="killed"), ran("learnt"), False),
        (ran("learnt", error="ValueError"), ran("stuck"), False),
        (ran("learnt", error="ValueError"), ran("stuck", error="ValueError"), True),
        # What the doctor couldn't judge isn't judged here, whatever its loss.
        (ran("unknown", loss_by_constant=0.1), ran("learnt"), None),
        (ran("unknown", **UNKNOWN, last_loss=0.8), ran("learnt"), None),
        (ran("unknown", **UNKNOWN), ran("unknown", **UNKNOWN), None),
    ],
)
def test_whether_a_run_has_learnt(run: Run, other: Run, wanted: bool | None):
    assert learns(run, other) is wanted


@pytest.mark.parametrize(
    ("before", "after", "same_loss", "wanted"),
    [
        (ran("stuck"), ran("learnt"), True, 1),
        (ran("learnt"), ran("stuck"), True, -1),
        (ran("learnt", loss_by_constant=0.5), ran("learnt", loss_by_constant=0.1), True, 1),
        (ran("learnt", loss_by_constant=0.5), ran("learnt", loss_by_constant=0.1), False, 0),
        (ran("learnt", reached=0.5), ran("learnt", reached=0.9), False, 1),
        (ran("learnt", reached=0.93), ran("learnt", reached=0.9), False, 0),
        # One number says better, the other worse.
        (ran("learnt", loss_by_constant=0.5, reached=0.9), ran("learnt", reached=0.5), True, 0),
        (ran("diverged", last_loss=None), ran("stuck"), True, 1),
        (ran("diverged", last_loss=None), ran("diverged", last_loss=None), True, 0),
        (ran("unknown", **UNKNOWN, last_loss=-3.0), ran("unknown", **UNKNOWN, last_loss=-5.0), True, 1),
        (ran("unknown", **UNKNOWN, last_loss=-3.0), ran("unknown", **UNKNOWN, last_loss=-3.3), True, 0),
    ],
)
def test_which_of_two_came_out_better(before: Run, after: Run, same_loss: bool, wanted: int):
    assert compared(Pair(1, before, after), same_loss=same_loss) == wanted


@pytest.mark.parametrize(
    ("after", "before", "signs", "wanted"),
    [
        ([True] * 5, [False] * 5, [1] * 5, "mended"),
        ([True, True, False, False, False], [False] * 5, [1, 1, 0, 0, 0], "partly"),
        ([False] * 5, [True, False, False, False, False], [-1, 0, 0, 0, 0], "no help"),
        ([False] * 5, [True, True, True, False, False], [-1, -1, -1, 0, 0], "harmed"),
        ([True] * 5, [True] * 5, [1, 1, 1, 1, 0], "better"),
        ([True] * 5, [True] * 5, [1, 1, 1, 0, 0], "no help"),
        ([False] * 5, [False] * 5, [-1] * 5, "harmed"),
        ([True] * 3, [None] * 3, [0] * 3, "learns"),
        ([None] * 3, [None] * 3, [1] * 3, "better"),
        ([None] * 3, [None] * 3, [0] * 3, "no help"),
    ],
)
def test_the_verdict(after: list[bool | None], before: list[bool | None], signs: list[int], wanted: str):
    assert verdict_of(after, before, signs, acted=1, failed=False) == wanted
    assert verdict_of(after, before, signs, acted=0, failed=False) == "no hold"
    assert verdict_of(after, before, signs, acted=0, failed=True) == "failed"


def pairs(before: list[Run], after: list[Run]) -> list[Pair]:
    return [Pair(seed, *both) for seed, both in enumerate(zip(before, after, strict=True), 1)]


def test_a_trial_has_wilsons_interval_and_medians():
    after = [ran("learnt", acted=10, last_loss=loss) for loss in (0.1, 0.2, 0.6, 0.7)]
    after.append(ran("stuck", acted=10, last_loss=None))
    trial = judged_trial(LR, pairs([ran("stuck")] * 5, after), seconds=2.04).to_dict()
    wanted = rate(4, 5)
    assert (trial["learnt"], trial["runs"], trial["verdict"]) == (4, 5, "mended")
    assert trial["interval"] == [wanted.low, wanted.high]
    assert trial["unchanged"] == {"runs": 5, "learnt": 0, "interval": [rate(0, 5).low, rate(0, 5).high]}
    assert trial["after"]["loss"] == 0.6
    assert (trial["took_hold"], trial["seconds"], trial["better"]) == (10, 2.0, 4)
    assert [one["seed"] for one in trial["seeds"]] == [1, 2, 3, 4, 5]
    json.dumps(trial, allow_nan=False)


def words(remedy: Remedy, before: list[Run], after: list[Run]) -> str:
    return trial_words(judged_trial(remedy, pairs(before, after), seconds=1.0))


def test_a_trial_in_words():
    one = ran("learnt", acted=1, last_loss=0.02)
    assert words(LR, [ran("stuck", last_loss=0.693)] * 5, [one] * 5) == (
        "the learning rate × 0.1: loss 0.693 → 0.02, 5 of 5 seeds learn (95 % interval 55–100 %); "
        "unchanged: 0 of 5. It learns."
    )
    assert words(LR, [ran("diverged", last_loss=None)] * 2, [one] * 2) == (
        "the learning rate × 0.1: loss not finite → 0.02, 2 of 2 seeds learn (95 % interval 22–100 %); "
        "unchanged: 0 of 2. It learns. A difference on 2 seeds may be chance."
    )
    assert words(OTHER_LOSS, [ran("unknown", **UNKNOWN)], [one]) == (
        "equal shapes: R² unknown → 0.90, 1 of 1 seed learns (95 % interval 5–100 %); unchanged: unknown. "
        "It learns; whether it did without, can't be told. A difference on 1 seed may be chance."
    )
    assert words(OTHER_LOSS, [ran("stuck", reached=-50.0)] * 5, [ran("stuck", acted=1)] * 5).startswith(
        "equal shapes: R² below −1 → 0.00, 0 of 5 seeds learn (95 % interval 0–45 %); unchanged: 0 of 5; "
        "better on 5 of 5 seeds. That is better, and no learning yet."
    )
    assert words(LR, [ran("learnt")] * 5, [ran("learnt", acted=1)] * 5).endswith("It learns either way.")
    assert words(LR, [ran("stuck")], [ran("stuck")]) == (
        "the learning rate × 0.1: it didn't take hold: nothing is there"
    )
    assert words(LR, [ran("stuck")], [ran("stuck", error="ValueError: no", acted=1)]) == (
        "the learning rate × 0.1: the training fails with it: ValueError: no"
    )
