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
        "solved with it, 120 without. What chance alone does wasn't asked: a change with set.redraw = 1 "
        "would tell."
    )
    assert need(failed=60, rescued=1, solved=100, lost=90).sentence == (
        "Most solved runs of Deep with A need what layers 1 and 2 learn: frozen as they began, 90 of 100 "
        "solved runs (90.0 %, 82.6 to 94.5 %) are lost. 1 of 60 failed runs (1.7 %, 0.1 to 8.9 %) is solved "
        "by it. In all, 11 of 160 are solved with it, 100 without. What chance alone does wasn't asked: a "
        "change with set.redraw = 1 would tell."
    )


def kinds(*, failed: tuple[int, int, int], solved: tuple[int, int, int]) -> tuple[np.ndarray, ...]:
    """Return which runs are solved as they are, with a change and with the placebo, each kind apart.

    Of those that failed, and of those that were solved, so many: how many there are, how many the change
    solves, how many the placebo solves, the latter from the other end.
    """

    def solved_by(first: tuple[int, int], last: tuple[int, int]) -> np.ndarray:
        return np.concatenate([np.arange(n) < k for n, k in (first, last)])

    plain = np.repeat([False, True], [failed[0], solved[0]])
    changed = solved_by(failed[:2], solved[:2])
    redrawn = np.concatenate([np.arange(n)[::-1] < k for n, k in (failed[::2], solved[::2])])
    return plain, changed, redrawn


@pytest.mark.parametrize(
    ("failed", "solved", "outcome"),
    [
        # Of 160 that chance doesn't solve, most are solved beyond it.
        ((200, 160, 40), (100, 60, 60), "upheld"),
        # Few are, and it breaks no more than chance does.
        ((200, 70, 40), (100, 60, 60), "refuted"),
        # It solves most, but so does chance.
        ((200, 120, 110), (100, 60, 60), "refuted"),
        # It breaks far more than chance does: of those that it leaves it may have broken as many.
        ((200, 70, 40), (100, 5, 60), "mixed"),
        ((200, 120, 40), (100, 60, 60), "mixed"),
        # Nobody knows what it breaks.
        ((200, 20, 10), (5, 3, 3), "mixed"),
    ],
)
def test_beside_a_placebo_what_chance_does_is_no_rescue(
    failed: tuple[int, int, int], solved: tuple[int, int, int], outcome: str
) -> None:
    verdict = judge_rescue("Deep", "", *kinds(failed=failed, solved=solved))
    assert verdict.outcome == outcome
    chance = f"with nothing but the draws made anew, {failed[2]} of 200 failed runs"
    assert chance in verdict.sentence
    assert ("too few runs were solved" in verdict.sentence) == (solved[0] < 20)


def test_beside_a_placebo_what_chance_loses_is_no_need() -> None:
    plain, changed, redrawn = kinds(failed=(200, 10, 10), solved=(100, 2, 55))
    needed = judge_need("Deep", "", (1,), plain, changed, redrawn)
    assert needed.outcome == "upheld"
    assert needed.sentence == (
        "Most solved runs of Deep need what layer 1 learns: frozen as it began, 98 of 100 solved runs (98.0 "
        "%, 93.0 to 99.6 %) are lost; with nothing but the draws made anew, 45 of 100 solved runs (45.0 %, "
        "35.6 to 54.8 %): a difference of +53.0 points (+41.2 to +62.7). 10 of 200 failed runs (5.0 %, 2.7 "
        "to 9.0 %) are solved by it. In all, 12 of 300 are solved with it, 100 without, 65 with other draws."
    )
    # Most are lost, but chance loses nearly as many: of 45 that it keeps, 35 stay.
    assert judge_need("Deep", "", (1,), *kinds(failed=(9, 0, 0), solved=(200, 70, 90))).outcome == "refuted"
    assert judge_need("Deep", "", (1,), *kinds(failed=(9, 0, 0), solved=(200, 50, 90))).outcome == "mixed"


def test_a_change_at_the_border_is_seldom_called_either() -> None:
    """A rescue of exactly half of what chance leaves: at most one in twenty is called, on whichever side."""
    rng = np.random.default_rng(0)
    for n in (40, 200, 800):
        for chance in (0.02, 0.1, 0.4):
            called = 0
            for _ in range(400):
                plain = np.repeat([False, True], [n, 100])
                redrawn = rng.random(n + 100) < chance
                changed = rng.random(n + 100) < chance + (1 - chance) / 2
                changed[n:], redrawn[n:] = True, True
                called += judge_rescue("Deep", "", plain, changed, redrawn).outcome != "mixed"
            assert called <= 0.05 * 400 + 3 * (400 * 0.05 * 0.95) ** 0.5, (n, chance, called)


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
