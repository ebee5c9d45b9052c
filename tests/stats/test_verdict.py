"""Verdicts, and how often one run says the opposite."""

from __future__ import annotations

import numpy as np
import pytest

from trainlab.errors import StatsError
from trainlab.stats import HALF, Verdict, almost_always, disagreement, more_than, rate


def test_it_prints_statement_outcome_and_sentence():
    made = {"topic": "change", "statement": "A helps.", "sentence": "A helps: +10 points."}
    assert str(Verdict(**made, outcome="upheld")) == "UPHELD. A helps: +10 points."
    assert str(Verdict(**made, outcome="mixed")) == "Open: whether A helps. MIXED. A helps: +10 points."


def test_an_open_question_has_a_sentence_alone():
    found = Verdict(topic="learns", sentence="It learns at 3 points.")
    assert str(found) == "It learns at 3 points."
    assert (found.statement, found.outcome, found.claim, found.opposite) == ("", "", "", None)


def test_its_json():
    told = Verdict(topic="t", sentence="s", statement="c", outcome="refuted", opposite=rate(1, 4)).to_dict()
    assert list(told) == [
        "topic",
        "statement",
        "outcome",
        "sentence",
        "single_run_opposite",
        "share",
        "sides",
    ]
    assert told["single_run_opposite"] == rate(1, 4).to_dict()


def test_more_than_a_share_is_said_of_the_whole_interval_alone():
    most, half, few = rate(90, 100), rate(50, 100), rate(10, 100)
    assert [more_than(HALF, each) for each in (most, half, few)] == ["upheld", "mixed", "refuted"]
    assert more_than(0.05, few) == "upheld"
    assert more_than(0.95, most) == "refuted"
    # What may be so has to be a minority, too, before it is refuted.
    assert more_than(HALF, few, possible=half) == "mixed"
    assert more_than(HALF, most, possible=rate(95, 100)) == "upheld"


def test_almost_always_is_from_nine_in_ten_on_and_refuted_below_a_half():
    shares = rate(1000, 1000), rate(930, 1000), rate(900, 1000), rate(600, 1000), rate(100, 1000)
    assert [almost_always(each) for each in shares] == ["upheld", "upheld", "mixed", "mixed", "refuted"]


@pytest.mark.parametrize(("verdict", "k"), [(True, 2), (False, 3)])
def test_counts_the_seeds_that_say_the_opposite(verdict, k):
    conclusions = np.array([True, False, True, True, False])
    assert disagreement(conclusions, verdict) == rate(k, 5)


def test_accepts_numpy_s_bool():
    assert disagreement(np.array([True, True]), np.bool_(False)).k == 2


@pytest.mark.parametrize("conclusions", [np.zeros(3), np.zeros((2, 2), bool), [0, 1]])
def test_refuses_what_is_not_one_conclusion_a_seed(conclusions):
    with pytest.raises(StatsError, match=r"single_run_conclusions is .*, but must be bool \[n\]"):
        disagreement(conclusions, True)


def test_refuses_no_seeds():
    with pytest.raises(StatsError, match="n is 0"):
        disagreement(np.zeros(0, bool), True)
