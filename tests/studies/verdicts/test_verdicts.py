"""Each rule, on counts made up so that it must come out one way, then the other."""

import re
from dataclasses import replace

import numpy as np
import pytest
from studies.made_up import causes, flags

from trainlab.draw.formats import join
from trainlab.spec import Accuracy, LossBelow
from trainlab.stats import Estimate, ReadEstimate, Verdict, rate
from trainlab.stats.rate import percent_words, share_words
from trainlab.studies.effects import Effect
from trainlab.studies.verdicts.change_verdicts import judge_all_changes, judge_change
from trainlab.studies.verdicts.failure_verdicts import judge_vanishing
from trainlab.studies.verdicts.study_verdicts import judge_parameters, judge_predictions, judge_solved

NO, YES = False, True


def together(before: np.ndarray, after: np.ndarray, changes: tuple[str, ...] = ("A", "B", "C")) -> Verdict:
    return judge_all_changes(changes, {"Net": (before, after)})[0]


def effect(reading: str, estimate: float, low: float, high: float, *, p: float = 0.001) -> Effect:
    value = Estimate(estimate=estimate, low=low, high=high, p=p, p_small=p, n=10)
    read = ReadEstimate(value=value, p_adjusted=p, p_small_adjusted=p, reading=reading, together=15)  # pyright: ignore[reportArgumentType]
    return Effect(network="Net", change="A", alone=read, main=read)


def opposite(verdict: Verdict) -> tuple[int, int]:
    assert verdict.opposite is not None
    return verdict.opposite.k, verdict.opposite.n


# Parameters


def test_equal_numbers_of_parameters():
    verdict = judge_parameters({"One": 44, "Two": 44})
    assert verdict.outcome == "upheld"
    assert verdict.sentence == "Every network has exactly 44 trainable parameters."
    assert verdict.opposite is None


def test_unequal_numbers_of_parameters():
    verdict = judge_parameters({"One": 44, "Two": 44, "Three": 50})
    assert verdict.outcome == "refuted"
    assert verdict.sentence == (
        "The networks differ in trainable parameters: One has 44, Two has 44, Three has 50."
    )


# All changes together


def test_together_upheld_and_its_opposite():
    # Of 100 seeds 80 are solved only with the changes, 10 either way, 10 never.
    verdict = together(flags((80, NO), (10, YES), (10, NO)), flags((80, YES), (10, YES), (10, NO)))
    assert verdict.outcome == "upheld"
    # One run shows that the changes work only where it is solved with and not without: not on 20 seeds.
    assert opposite(verdict) == (20, 100)
    assert verdict.statement == "A, B and C together made Net learn."
    assert verdict.sentence.startswith("A, B and C together make Net learn: 90 of 100 seeds solved (90.0 %, ")
    assert "against 10 of 100 at the baseline (10.0 %, 5.5 to 17.4 %)" in verdict.sentence
    assert "a difference of +80.0 points (" in verdict.sentence


def test_together_refuted_when_nothing_changes():
    verdict = together(flags((100, NO)), flags((2, YES), (98, NO)))
    assert verdict.outcome == "refuted"
    assert opposite(verdict) == (2, 100)
    assert "do not make Net learn: 2 of 100" in verdict.sentence


def test_together_refuted_when_most_seeds_still_fail():
    verdict = together(flags((100, NO)), flags((30, YES), (70, NO)))
    assert verdict.outcome == "refuted"
    assert opposite(verdict) == (30, 100)
    assert "make Net learn on a minority of seeds only" in verdict.sentence


def test_together_refuted_when_the_rate_falls_though_most_solve():
    verdict = together(flags((100, YES)), flags((70, YES), (30, NO)))
    assert verdict.outcome == "refuted"
    assert opposite(verdict) == (0, 100)
    assert "do not make Net learn but lower its success rate" in verdict.sentence
    assert "a difference of −30.0 points" in verdict.sentence


def test_together_mixed_when_half_of_the_seeds_solve():
    verdict = together(flags((100, NO)), flags((50, YES), (50, NO)))
    assert verdict.outcome == "mixed"
    assert verdict.opposite is None
    assert "can't be said to make Net learn on most seeds" in verdict.sentence


def test_together_mixed_when_it_learns_either_way():
    verdict = together(flags((90, YES), (10, NO)), flags((91, YES), (9, NO)))
    assert verdict.outcome == "mixed"
    assert "which it does on most seeds either way" in verdict.sentence


@pytest.mark.parametrize(
    ("solved", "outcome"), [(39, "refuted"), (41, "mixed"), (59, "mixed"), (61, "upheld")]
)
def test_together_flips_where_the_interval_of_the_rate_leaves_a_half(solved: int, outcome: str):
    assert together(flags((100, NO)), flags((solved, YES), (100 - solved, NO))).outcome == outcome


def test_networks_judged_together_share_the_chance_of_a_wrong_verdict():
    # 61 of 100 against none: the rate is above ½ with p = 0.028, enough for one network but not for eight.
    # The others solve half of their seeds, which decides nothing.
    before, half = flags((100, NO)), flags((50, YES), (50, NO))
    pairs = {f"Net {i}": (before, half) for i in range(7)}
    one = judge_all_changes(["A"], {"Net": (before, flags((61, YES), (39, NO)))})[0]
    among = judge_all_changes(["A"], {**pairs, "Net": (before, flags((61, YES), (39, NO)))})[-1]
    assert (one.outcome, among.outcome, among.opposite) == ("upheld", "mixed", None)
    note = " Its own intervals would decide it, but not after Holm's correction for all networks."
    assert among.sentence.endswith(note)
    assert "correction" not in one.sentence
    sure = judge_all_changes(["A"], {**pairs, "Net": (before, flags((90, YES), (10, NO)))})[-1]
    assert (sure.outcome, "correction" in sure.sentence) == ("upheld", False)
    # Likewise the difference: 12 seeds of 200 lost and 2 gained is p = 0.02 by itself.
    lost = flags((12, YES), (2, NO), (150, YES), (36, NO)), flags((12, NO), (2, YES), (150, YES), (36, NO))
    others = {f"Net {i}": (lost[0], lost[0]) for i in range(7)}
    assert judge_all_changes(["A"], {"Net": lost})[0].outcome == "refuted"
    assert judge_all_changes(["A"], {**others, "Net": lost})[-1].outcome == "mixed"


def test_one_change_alone_takes_the_singular():
    upheld = together(flags((100, NO)), flags((100, YES)), ("A",))
    refuted = together(flags((100, NO)), flags((100, NO)), ("A",))
    worse = together(flags((100, YES)), flags((100, NO)), ("A",))
    assert upheld.statement == "A made Net learn."
    assert upheld.sentence.startswith("A makes Net learn: ")
    assert refuted.sentence.startswith("A does not make Net learn: ")
    assert worse.sentence.startswith("A does not make Net learn but lowers its success rate: ")


# One change

WITH = flags((3, YES), (7, NO))
WITHOUT = flags((1, YES), (8, NO), (1, YES))  # so two seeds are solved with the change only


@pytest.mark.parametrize(
    ("reading", "numbers", "outcome", "words", "wrong"),
    [
        ("helps", (0.2, 0.1, 0.3), "upheld", "A helps Net: +20.0 points (+10.0 to +30.0)", 8),
        ("hurts", (-0.2, -0.3, -0.1), "refuted", "A hurts Net: −20.0 points (−30.0 to −10.0)", 9),
        (
            "shown to be small",
            (0.0, -0.01, 0.01),
            "refuted",
            "A is shown to change Net by less than 2 points",
            3,
        ),
        ("no difference seen", (0.0, -0.1, 0.1), "mixed", "A can't be told apart from nothing for Net", None),
    ],
)
def test_a_change(
    reading: str, numbers: tuple[float, float, float], outcome: str, words: str, wrong: int | None
):
    verdict = judge_change(effect(reading, *numbers), "more of it", WITH, WITHOUT)
    assert verdict.outcome == outcome
    assert verdict.sentence.startswith(words)
    assert verdict.sentence.endswith(", averaged over all combinations of the other changes.")
    assert verdict.statement == "Change A (more of it) helps Net."
    assert (verdict.opposite and verdict.opposite.k) == wrong


def test_a_change_without_a_label_and_without_others():
    verdict = judge_change(effect("helps", 0.2, 0.1, 0.3), "", WITH, WITHOUT, others=False)
    assert verdict.statement == "Change A helps Net."
    assert verdict.sentence == "A helps Net: +20.0 points (+10.0 to +30.0) in the success rate."


def test_an_interval_without_zero_that_holm_does_not_let_pass_is_explained():
    passed_over = effect("no difference seen", 0.2, 0.01, 0.39, p=0.12)
    sentence = judge_change(passed_over, "", WITH, WITHOUT).sentence
    assert sentence.endswith(
        " Its interval leaves out 0, but the test has p = 0.12 as one of 15 read together (Holm)."
    )


def test_an_interval_within_2_points_that_holm_does_not_let_pass_is_explained():
    small = effect("no difference seen", 0.01, 0.003, 0.019, p=0.12)
    sentence = judge_change(small, "", WITH, WITHOUT).sentence
    assert sentence.endswith(
        " Its interval lies within 2 points, but the test for that has p = 0.12 as one of 15 read together "
        "(Holm)."
    )
    # Of a loss that test isn't made.
    untold = effect("no difference seen", 0.0, -0.01, 0.01, p=1.0)
    assert "Its interval" not in judge_change(untold, "", WITH, WITHOUT).sentence


@pytest.mark.parametrize(
    ("reading", "words"),
    [
        ("helps", ""),
        ("hurts", " Made alone, it hurts: −5.0 points (−8.0 to −2.0)."),
        (
            "shown to be small",
            " Made alone, its effect is shown to be within 2 points: −5.0 points (−8.0 to −2.0).",
        ),
        (
            "no difference seen",
            " Made alone, no difference is seen: −5.0 points (−8.0 to −2.0), which leaves out 0, but the "
            "test has p = 0.001 as one of 15 read together (Holm).",
        ),
    ],
)
def test_what_a_change_does_alone_is_told_where_it_reads_otherwise(reading: str, words: str):
    alone = effect(reading, -0.05, -0.08, -0.02).alone
    both = replace(effect("helps", 0.2, 0.1, 0.3), alone=alone)
    verdict = judge_change(both, "", WITH, WITHOUT)
    assert verdict.outcome == "upheld"
    assert verdict.sentence == (
        "A helps Net: +20.0 points (+10.0 to +30.0) in the success rate, averaged over all combinations of "
        f"the other changes.{words}"
    )
    # An only change has no average to read otherwise than, and a cell left out says nothing.
    assert "alone" not in judge_change(both, "", WITH, WITHOUT, others=False).sentence
    assert "alone" not in judge_change(replace(both, alone=None), "", WITH, WITHOUT).sentence


def test_a_change_is_judged_by_its_main_effect():
    with pytest.raises(ValueError, match="main effect"):
        judge_change(Effect(network="Net", change="A", alone=None, main=None), "", WITH, WITHOUT)


# Predictions


@pytest.mark.parametrize(
    ("k", "n", "outcome", "words", "wrong"),
    [
        (98, 100, "upheld", "almost always", 2),
        (20, 100, "refuted", "on a minority of seeds", 20),
        (90, 100, "mixed", "on some seeds and not on others", None),
        (5, 5, "mixed", "on every seed tried, but these are too few to call it reliable", None),
        (0, 100, "refuted", "on no seed", 0),
        (0, 2, "mixed", "on no seed tried, but these are too few to call it rare", None),
    ],
)
def test_predictions(k: int, n: int, outcome: str, words: str, wrong: int | None):
    verdict = judge_predictions("Net", "with A", flags((k, YES), (n - k, NO)), "0, 1, 1, 0")
    assert verdict.outcome == outcome
    assert verdict.statement == "Net predicts 0, 1, 1, 0 with A."
    assert verdict.sentence.startswith(
        f"Net's predictions with A round to 0, 1, 1, 0 {words}: {k} of {n} seeds ("
    )
    assert (verdict.opposite and verdict.opposite.k) == wrong


@pytest.mark.parametrize(
    ("k", "n", "outcome", "words", "wrong"),
    [
        (98, 100, "upheld", "almost always", 2),
        (20, 100, "refuted", "on a minority of seeds", 20),
        (90, 100, "mixed", "on some seeds and not on others", None),
    ],
)
def test_solved(k: int, n: int, outcome: str, words: str, wrong: int | None):
    verdict = judge_solved("Net", "with A", flags((k, YES), (n - k, NO)), Accuracy(accuracy=0.95))
    assert (verdict.topic, verdict.outcome) == ("solved", outcome)
    assert verdict.statement == "Net is solved with A."
    assert verdict.sentence.startswith(f"Net is solved with A {words}: {k} of {n} seeds (")
    assert verdict.sentence.endswith(
        " %). A run is solved when it classifies at least 95 % of the examples correctly."
    )
    assert (verdict.opposite and verdict.opposite.k) == wrong


# Sentences


def test_a_verdict_as_json_has_it():
    verdict = together(flags((100, NO)), flags((100, YES)))
    assert verdict.opposite is not None
    data = verdict.to_dict()
    assert list(data) == [
        "topic",
        "statement",
        "outcome",
        "sentence",
        "single_run_opposite",
        "share",
        "sides",
    ]
    assert data["single_run_opposite"] == {
        "k": 0,
        "n": 100,
        "low": 0.0,
        "high": verdict.opposite.high,
    }
    assert together(flags((9, NO)), flags((5, YES), (4, NO))).to_dict()["single_run_opposite"] is None


def test_a_claim_is_not_made_twice():
    refuted = together(flags((100, NO)), flags((100, NO)))
    assert refuted.claim == refuted.statement == "A, B and C together made Net learn."
    assert together(flags((100, NO)), flags((100, YES))).claim == ""


def test_words():
    assert [join(names) for names in (["A"], ["A", "B"], ["A", "B", "C"])] == ["A", "A and B", "A, B and C"]
    assert share_words(rate(1234, 2000)) == "1,234 of 2,000 seeds (61.7 %, 59.5 to 63.8 %)"
    assert share_words(rate(9999, 10_000)).startswith("9,999 of 10,000 seeds (>99.9 %, ")
    assert share_words(rate(1, 10_000)).startswith("1 of 10,000 seeds (<0.1 %, ")
    assert share_words(rate(1, 1), "failed runs").startswith("1 of 1 failed run (100.0 %, ")
    assert share_words(rate(0, 1)).startswith("0 of 1 seed (0.0 %, ")
    told = [percent_words(rate(k, 793)) for k in (793, 792, 3, 0)]
    assert told == ["100 %", ">99 %", "<1 %", "0 %"]


def test_no_sentence_nests_parentheses_or_doubles_marks():
    hurts_alone = effect("hurts", -0.2, -0.3, -0.1).alone
    passed_over = effect("no difference seen", 0.2, 0.01, 0.39, p=0.12)
    verdicts = [
        together(flags((100, NO)), flags((100, YES))),
        judge_change(effect("helps", 0.2, 0.1, 0.3), "x", WITH, WITHOUT),
        judge_change(replace(effect("helps", 0.2, 0.1, 0.3), alone=hurts_alone), "x", WITH, WITHOUT),
        judge_change(replace(passed_over, alone=hurts_alone), "x", WITH, WITHOUT),
        judge_vanishing("Net", "with A", causes(50, 100), flags((50, YES), (50, NO))),
        judge_vanishing("Net", "with A", causes(0, 50), flags((50, NO))),
        judge_vanishing(
            "Net",
            "with A",
            causes(5, 9),
            flags((5, YES), (4, NO)),
            others={"B": causes(1, 3), "C": causes(0, 0)},
        ),
        judge_predictions("Net", "", flags((50, YES), (50, NO)), "0, 1"),
        judge_solved("Net", "", flags((50, YES), (50, NO)), LossBelow(loss=0.1)),
        judge_parameters({"One": 1, "Two": 2}),
    ]
    for verdict in verdicts:
        assert not re.search(r"\([^)]*\(|  |\.\.|\bNone\b(?! of)|nan", verdict.sentence), verdict.sentence
        assert verdict.sentence.endswith(".")
