"""The rule on vanishing gradients, from counts made up to its sentence."""

import pytest
from studies.made_up import causes, flags

from trainlab.studies.verdicts import judge_vanishing

NO, YES = False, True


def test_no_failures_nothing_to_explain():
    verdict = judge_vanishing("Net", "with A", causes(0, 0), flags((0, NO)))
    assert (verdict.outcome, verdict.opposite) == ("mixed", None)
    assert verdict.statement == "Net's failures with A are vanishing gradients."
    assert verdict.sentence == (
        "Net has no run with A that failed without diverging (0 diverged), so the rule says nothing."
    )


def test_runs_that_all_diverged_are_told_and_not_judged():
    verdict = judge_vanishing("Net", "", causes(0, 0), flags((0, NO)), diverged=1234)
    assert (verdict.outcome, verdict.opposite) == ("mixed", None)
    assert verdict.sentence == (
        "Net has no run that failed without diverging (1,234 diverged), so the rule says nothing."
    )


def test_most_failures_vanish():
    verdict = judge_vanishing(
        "Net", "with A and B", causes(80, 100, more=90, less=7, everywhere=35), flags((80, YES), (20, NO))
    )
    assert verdict.outcome == "upheld"
    assert verdict.opposite is not None
    assert (verdict.opposite.k, verdict.opposite.n) == (20, 100)
    assert verdict.statement == "Net's failures with A and B are vanishing gradients."
    assert verdict.sentence == (
        "Most of Net's failures with A and B are vanishing gradients: 80 of 100 failed runs (80.0 %, "
        "71.1 to 86.7 %) have a high loss and a first-layer gradient below 1e-4. With the threshold at 1e-3 "
        "it is 90 %, at 1e-5 7 %. At 1e-4 by layer, first to last: 80 %, 100 %. In 35 % every layer is below "
        "1e-4, the last included."
    )


def test_other_networks_are_told_for_comparison_but_do_not_decide():
    single = flags((80, YES), (20, NO))
    alone = judge_vanishing("Net", "", causes(80, 100), single)
    others = {"One": causes(100, 2000), "Two": causes(0, 0), "Three": causes(3, 4)}
    compared = judge_vanishing("Net", "", causes(80, 100), single, others=others)
    # Two has no failed run, so nothing can be said of it.
    assert compared.sentence == (
        f"{alone.sentence} The same rule finds vanishing gradients in 5 % of 2,000 failed runs of One and "
        "75 % of 4 failed runs of Three."
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
    assert "at 1e-3 it is 100 %, at 1e-5 0 %" in wide.sentence
