"""Whether vanishing gradients are the cause: every outcome from made-up results, and which changes ask it."""

from __future__ import annotations

import numpy as np
import pytest
from studies.made_up import cells_of, flags, runs_of
from studies.scored import made

from trainlab.engine import Runs
from trainlab.spec import Cell, Study, study_from_dict
from trainlab.stats import Verdict
from trainlab.studies.effects import changes_but_interventions, interventions
from trainlab.studies.verdicts.failure_verdicts import judge_need, judge_rescue


def outcomes(*, failed: int, rescued: int, solved: int, lost: int) -> tuple[np.ndarray, np.ndarray]:
    """Return which runs are solved without and with the change: so many of each kind."""
    plain = np.repeat([False, True], [failed, solved])
    changed = np.repeat([True, False, False, True], [rescued, failed - rescued, lost, solved - lost])
    return plain, changed


def rescue(**counts: int) -> Verdict:
    return judge_rescue("Deep", "at the baseline", *outcomes(**counts))


def need(**counts: int) -> Verdict:
    return judge_need("Deep", "with A", (1, 2), *outcomes(**counts))


@pytest.mark.parametrize(
    ("counts", "outcome", "words"),
    [
        # Most failures are solved.
        ({"failed": 80, "rescued": 70, "solved": 20, "lost": 2}, "upheld", "Most of Deep's failures"),
        # Whatever becomes of the few that were solved.
        ({"failed": 95, "rescued": 90, "solved": 5, "lost": 5}, "upheld", "Most of Deep's failures"),
        # Few are, and what worked goes on working.
        (
            {"failed": 80, "rescued": 6, "solved": 120, "lost": 9},
            "refuted",
            "the cause of about 6 of 80 failures",
        ),
        (
            {"failed": 80, "rescued": 0, "solved": 120, "lost": 0},
            "refuted",
            "the cause of at most 0 of 80 failures",
        ),
        # Few are, but it breaks what worked.
        ({"failed": 80, "rescued": 1, "solved": 120, "lost": 119}, "mixed", "breaks so many"),
        # Of those that it doesn't solve it may have broken as many as of the others.
        ({"failed": 80, "rescued": 25, "solved": 120, "lost": 50}, "mixed", "breaks so many"),
        # Nothing worked before, so nobody knows whether it would have broken.
        (
            {"failed": 80, "rescued": 1, "solved": 0, "lost": 0},
            "mixed",
            "too few runs were solved without it",
        ),
        (
            {"failed": 80, "rescued": 1, "solved": 3, "lost": 1},
            "mixed",
            "too few runs were solved without it",
        ),
        # As many are lost as found: it shuffles them.
        ({"failed": 80, "rescued": 70, "solved": 80, "lost": 70}, "mixed", "any change reshuffles runs"),
        # So does another seed where 93 % are solved, if 90 % were: more are solved, which explains few.
        ({"failed": 100, "rescued": 93, "solved": 900, "lost": 63}, "mixed", "any change reshuffles runs"),
        ({"failed": 80, "rescued": 40, "solved": 80, "lost": 10}, "mixed", "neither most nor a minority"),
    ],
)
def test_rescue_comes_out_every_way(counts: dict[str, int], outcome: str, words: str) -> None:
    verdict = rescue(**counts)
    assert (verdict.topic, verdict.outcome) == ("cause", outcome)
    assert words in verdict.sentence
    assert verdict.share is not None
    assert (verdict.share.k, verdict.share.n) == (counts["rescued"], counts["failed"])


@pytest.mark.parametrize(
    ("counts", "outcome", "words"),
    [
        (
            {"failed": 60, "rescued": 1, "solved": 100, "lost": 90},
            "upheld",
            "need what layers 1 and 2 learn:",
        ),
        ({"failed": 60, "rescued": 1, "solved": 100, "lost": 10}, "refuted", "don't need layers 1 and 2"),
        ({"failed": 60, "rescued": 1, "solved": 100, "lost": 52}, "mixed", "It can't be said whether"),
        ({"failed": 100, "rescued": 90, "solved": 100, "lost": 90}, "mixed", "any change reshuffles runs"),
        ({"failed": 800, "rescued": 120, "solved": 200, "lost": 170}, "mixed", "any change reshuffles runs"),
    ],
)
def test_need_comes_out_every_way(counts: dict[str, int], outcome: str, words: str) -> None:
    verdict = need(**counts)
    assert (verdict.topic, verdict.outcome) == ("cause", outcome)
    assert words in verdict.sentence


def test_the_numbers_stand_in_the_sentence() -> None:
    assert rescue(failed=80, rescued=6, solved=120, lost=9).sentence == (
        "Only a minority of Deep's failures at the baseline can be due to vanishing gradients: with every "
        "layer's gradient made as large as the last one's, 6 of 80 failed runs (7.5 %, 3.3 to 15.4 %) are "
        "solved. 9 of 120 solved runs (7.5 %, 4.0 to 13.6 %) are lost by it. Even if it broke as many of the "
        "others, vanishing gradients would be the cause of about 6 of 80 failures. In all, 117 of 200 are "
        "solved with it, 120 without."
    )
    assert need(failed=60, rescued=1, solved=100, lost=90).sentence == (
        "Most solved runs of Deep with A need what layers 1 and 2 learn: frozen as they began, 90 of 100 "
        "solved runs (90.0 %, 82.6 to 94.5 %) are lost. 1 of 60 failed runs (1.7 %, 0.1 to 8.9 %) is solved "
        "by it. In all, 11 of 160 are solved with it, 100 without."
    )


def test_one_layer_is_told_as_one() -> None:
    one = judge_need("Deep", "", (1,), *outcomes(failed=20, rescued=0, solved=100, lost=90))
    assert "need what layer 1 learns: frozen as it began" in one.sentence


def test_nothing_to_rescue_and_nothing_to_lose_are_no_questions() -> None:
    with pytest.raises(ValueError, match="nothing to rescue"):
        rescue(failed=0, rescued=0, solved=9, lost=0)
    with pytest.raises(ValueError, match="nothing to lose"):
        need(failed=9, rescued=0, solved=0, lost=0)


def study(**changes: dict[str, object]) -> Study:
    return study_from_dict(
        {
            "baseline": {"task": "xor", "epochs": 2},
            "networks": {"Deep": {"widths": "2-2-2-1"}},
            "changes": {name: {"set": edits} for name, edits in changes.items()},
        }
    )


def test_a_change_that_sets_more_than_one_field_is_no_intervention() -> None:
    asked = study(
        A={"optimizer": "adam"},
        even={"gradient": "equalised"},
        fixed={"frozen": [1]},
        both={"gradient": "equalised", "optimizer": {"lr": 0.1}},
        plain={"gradient": "plain"},
    )
    assert interventions(asked) == {"even": "gradient", "fixed": "frozen"}
    assert changes_but_interventions(asked) == ("A", "both", "plain")


def test_a_study_asks_it_at_the_baseline_and_with_what_is_no_intervention() -> None:
    asked = study(A={"optimizer": "adam"}, even={"gradient": "equalised"}, fixed={"frozen": [1]})
    share = {(): 0.3, ("A",): 0.9, ("even",): 0.9, ("fixed",): 0.0, ("A", "even"): 1.0, ("A", "fixed"): 0.8}

    def make(cell: Cell) -> Runs:
        k = round(300 * share.get(cell.changes, 0.0))
        return runs_of(cell.experiment, flags((k, True), (300 - k, False)))

    result = made(asked, cells_of(asked, make))
    found = [verdict for verdict in result.verdicts if verdict.topic == "cause"]
    assert [(verdict.outcome, verdict.statement) for verdict in found] == [
        ("upheld", "Most of Deep's failures at the baseline are due to vanishing gradients."),
        ("upheld", "Most solved runs of Deep at the baseline need layer 1 to learn."),
        ("upheld", "Most of Deep's failures with A are due to vanishing gradients."),
        ("refuted", "Most solved runs of Deep with A need layer 1 to learn."),
    ]
    # What intervenes is judged by that alone, and all changes together are those that don't.
    assert [v.statement for v in result.verdicts if v.topic == "together"] == ["A made Deep learn."]
    assert [v.statement[:8] for v in result.verdicts if v.topic == "change"] == ["Change A"]
    assert result.answer.startswith(
        "Most of Deep's failures at the baseline are due to vanishing gradients: with"
    )
