"""A verdict as it prints itself, and that it can be told without a statement."""

from trainlab.stats import Verdict, rate


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
