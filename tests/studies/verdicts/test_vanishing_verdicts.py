"""The rule on vanishing gradients, from counts made up to its sentence."""

from dataclasses import replace

import pytest
from studies.made_up import causes, flags

from trainlab.spec import Gradients
from trainlab.stats import Side
from trainlab.studies.causes import Causes
from trainlab.studies.verdicts.failure_verdicts import judge_vanishing
from trainlab.studies.verdicts.robustness import mixed_if_turned, own_sides

NO, YES = False, True


def test_most_failures_vanish():
    verdict = judge_vanishing(
        "Net",
        "with A and B",
        causes(80, 100, more=60, less=7, still=(15, 40, 1)),
        flags((80, YES), (20, NO)),
    )
    assert verdict.outcome == "upheld"
    assert verdict.opposite is not None
    assert (verdict.opposite.k, verdict.opposite.n) == (20, 100)
    assert verdict.statement == "Net's failures with A and B are vanishing gradients."
    assert verdict.sentence == (
        "Most of Net's failures with A and B are vanishing gradients: 80 of 100 failed runs (80.0 %, "
        "71.1 to 86.7 %) have a high loss, a first-layer gradient below 1e-4 and a last-layer gradient that "
        "isn't. 15 of 100 failed runs (15.0 %, 9.3 to 23.3 %) stand still as a whole: a high loss and every "
        "layer below 1e-4. At a threshold of 1e-3 the two shares are 60 % and 40 %, at 1e-5 7 % and 1 %. A "
        "high loss and a gradient below 1e-4 by layer, first to last: 80 %, 100 %."
    )


def test_other_networks_are_told_for_comparison_but_do_not_decide():
    single = flags((80, YES), (20, NO))
    alone = judge_vanishing("Net", "", causes(80, 100), single)
    others = {"One": causes(100, 2000, still=(20, 0, 0)), "Two": causes(0, 0), "Three": causes(1, 1)}
    compared = judge_vanishing("Net", "", causes(80, 100), single, others=others)
    # Two has no failed run, so nothing can be said of it.
    assert compared.sentence == (
        f"{alone.sentence} By the same rule the two shares are 5 % and 1 % of 2,000 failed runs of One and "
        "100 % and 0 % of 1 failed run of Three."
    )
    assert (compared.outcome, compared.opposite) == (alone.outcome, alone.opposite)
    nothing = judge_vanishing("Net", "", causes(80, 100), single, others={"Two": causes(0, 0)})
    assert nothing.sentence == alone.sentence


def test_few_failures_vanish():
    verdict = judge_vanishing("Net", "", causes(20, 100), flags((20, YES), (80, NO)))
    assert verdict.outcome == "refuted"
    assert verdict.opposite is not None
    assert (verdict.opposite.k, verdict.opposite.n) == (20, 100)
    assert verdict.sentence.startswith("Only a minority of Net's failures are vanishing gradients: 20 of 100")


def test_no_failure_vanishes():
    verdict = judge_vanishing("Net", "with A", causes(0, 100), flags((100, NO)))
    assert verdict.outcome == "refuted"
    assert verdict.sentence.startswith("None of Net's failures with A is a vanishing gradient: 0 of 100")


@pytest.mark.parametrize(("k", "n"), [(50, 100), (59, 100), (41, 100), (3, 4), (0, 1)])
def test_about_half_or_too_few_to_say(k: int, n: int):
    verdict = judge_vanishing("Net", "", causes(k, n), flags((k, YES), (n - k, NO)))
    assert (verdict.outcome, verdict.opposite) == ("mixed", None)
    assert verdict.sentence.startswith(
        "It can't be said whether most of Net's failures are vanishing gradients: "
    )


def test_the_other_thresholds_are_told_but_do_not_decide():
    single = flags((20, YES), (80, NO))
    narrow = judge_vanishing("Net", "", causes(20, 100, more=20, less=20), single)
    wide = judge_vanishing("Net", "", causes(20, 100, more=100, less=0), single)
    assert narrow.outcome == wide.outcome == "refuted"
    assert "At a threshold of 1e-3 the two shares are 100 % and 0 %, at 1e-5 0 % and 0 %." in wide.sentence


def test_runs_that_stand_still_are_no_vanishing_gradients():
    verdict = judge_vanishing("Net", "", causes(20, 100, still=(80, 80, 80)), flags((20, YES), (80, NO)))
    assert verdict.outcome == "refuted"
    assert "80 of 100 failed runs (80.0 %, 71.1 to 86.7 %) stand still as a whole" in verdict.sentence


def test_a_few_of_many_are_not_rounded_to_none_nor_nearly_all_to_all():
    verdict = judge_vanishing(
        "Net", "", causes(790, 793, more=792, less=1, still=(1, 0, 0)), flags((790, YES), (3, NO))
    )
    assert "the two shares are >99 % and 0 %, at 1e-5 <1 % and 0 %." in verdict.sentence
    assert "first to last: >99 %, 100 %." in verdict.sentence
    assert "1 of 793 failed runs (0.1 %, 0.0 to 0.7 %) stands still" in verdict.sentence


def test_a_single_layer_is_refused():
    with pytest.raises(ValueError, match="failed runs, of two layers"):
        judge_vanishing("Net", "", replace(causes(1, 2), vanishing=None), flags((1, YES), (1, NO)))


def both(step: Causes, data: Causes, *, asked: Gradients = "step") -> Causes:
    """Return counts by the gradients of a step, and by those of all examples."""
    by = {"step": replace(step, gradients="step"), "data": replace(data, gradients="data")}
    return replace(by[asked], otherwise=by["data" if asked == "step" else "step"])


READ: dict[Gradients, str] = {"step": "those of a step", "data": "those of all 4"}


def test_it_is_asked_by_both_gradients_and_says_so():
    counted = both(causes(90, 100), causes(80, 100, still=(10, 0, 0)))
    verdict = judge_vanishing("Net", "", counted, flags((90, YES), (10, NO)), read=READ)
    assert verdict.sentence.startswith(
        "By those of a step most of Net's failures are vanishing gradients: 90 of 100 failed runs"
    )
    assert " By those of all 4 it is the same: 80 % and 10 %. At a threshold of" in verdict.sentence
    assert verdict.sides[0] == Side(words="by those of all 4", outcome="upheld")
    assert mixed_if_turned(verdict) == verdict


@pytest.mark.parametrize("asked", ["step", "data"])
def test_where_they_disagree_it_is_mixed_and_the_sentence_says_why(asked: Gradients):
    counted = both(causes(85, 100), causes(26, 100, still=(60, 70, 30)), asked=asked)
    k = 85 if asked == "step" else 26
    verdict = judge_vanishing("Net", "", counted, flags((k, YES), (100 - k, NO)), read=READ)
    as_asked, otherwise = ("upheld", "refuted") if asked == "step" else ("refuted", "upheld")
    assert (verdict.outcome, verdict.sides[0].outcome) == (as_asked, otherwise)
    few = "only a minority of {} are vanishing gradients: 26 of 100 failed runs (26.0 %, 18.4 to 35.4 %)"
    most = "most of {} are vanishing gradients: 85 of 100 failed runs (85.0 %, 76.7 to 90.7 %)"
    if asked == "step":
        first, second = most, f"By those of all 4 {few}, while 60 of 100 failed runs"
    else:
        first, second = few, f"By those of a step {most}, while 0 of 100 failed runs"
    assert first.format("Net's failures") in verdict.sentence
    assert second.format("them") in verdict.sentence
    assert "Over all examples the pulls on an answer" in verdict.sentence
    turned = mixed_if_turned(replace(verdict, sides=tuple(own_sides(verdict))))
    assert (turned.outcome, turned.opposite) == ("mixed", None)
    assert f"{as_asked} as asked, {otherwise} by those of " in turned.sentence


def test_another_reason_where_it_is_the_step_that_has_none():
    counted = both(causes(10, 100, still=(90, 90, 90)), causes(90, 100))
    verdict = judge_vanishing("Net", "", counted, flags((10, YES), (90, NO)), read=READ)
    assert "may be answered right already" in verdict.sentence
    assert "cancel" not in verdict.sentence
