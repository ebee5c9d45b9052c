"""What is said of made-up endings: each rule comes out every way."""

from __future__ import annotations

import json
from dataclasses import replace
from math import comb

import pytest
from studies.landscape.made_up import NUMBERS, made_ending, made_result

from trainlab.studies import EndingsResult
from trainlab.studies.endings_result import notes
from trainlab.studies.landscape import KINDS, Kind


def told(result: EndingsResult, topic: str) -> tuple[str, str]:
    (found,) = [verdict for verdict in result.verdicts if verdict.topic == topic]
    return found.outcome, found.sentence


def test_made_up_endings_are_what_they_are_named():
    assert list(NUMBERS) == list(KINDS)
    assert [made_ending(kind).kind() for kind in KINDS] == list(KINDS)


@pytest.mark.parametrize(
    ("topic", "kind"), [("local minimum", "minimum"), ("plateau", "plateau"), ("saddle", "saddle")]
)
@pytest.mark.parametrize(("runs", "outcome"), [(60, "upheld"), (5, "refuted"), (32, "mixed")])
def test_a_word_is_upheld_refuted_or_mixed(topic: str, kind: Kind, runs: int, outcome: str):
    result = made_result({kind: (runs, 0), "still moving": (64 - runs, 0)})
    found, sentence = told(result, topic)
    assert found == outcome
    assert sentence.startswith(f"{runs} of 64 failed runs of small (")


def test_kinks_may_be_minima_so_they_refute_none():
    assert told(made_result({"still moving": (20, 0), "plateau": (40, 0)}), "local minimum")[0] == "refuted"
    outcome, sentence = told(made_result({"kink": (40, 0), "plateau": (20, 0)}), "local minimum")
    assert outcome == "mixed"
    assert sentence.endswith("end at a minimum; 40 more end at a kink, which may be one.")


@pytest.mark.parametrize(
    ("saddles", "minima", "outcome"),
    [((15, 20), (1, 20), "upheld"), ((1, 20), (15, 20), "refuted"), ((5, 20), (4, 20), "mixed")],
)
def test_saddles_against_minima(saddles: tuple[int, int], minima: tuple[int, int], outcome: str):
    counts: dict[Kind, tuple[int, int]] = {"saddle": saddles[::-1], "minimum": minima[::-1]}
    found, sentence = told(made_result(counts), "saddles escape")
    assert found == outcome
    assert sentence.startswith(f"{saddles[0]} of 20 runs at a saddle (")
    # Of 40 runs 16 are solved later; that 15 or 16 of them are on one side has p = 10⁻⁵, on either.
    tail = comb(20, 15) * comb(20, 1) + comb(20, 16)
    if outcome != "mixed":
        assert 2 * tail / comb(40, 16) == pytest.approx(1e-5, rel=0.01)
        assert "p = 10⁻⁵ by" in sentence


def test_of_few_runs_nothing_is_compared():
    outcome, sentence = told(made_result({"saddle": (4, 4), "minimum": (20, 0)}), "saddles escape")
    assert outcome == ""
    assert sentence.endswith("can't be told: 4 runs at a saddle, 20 at a minimum.")


def test_the_answer_counts_and_says_where_none_ends():
    result = made_result({"plateau": (30, 2), "still moving": (10, 5)})
    answer = result.verdicts[0].sentence
    assert answer.startswith("small: 30 of 40 failed runs (75.0 %, 59.8 to 85.8 %) end on a plateau and 10 ")
    assert answer.endswith("are still moving; none at a minimum or at a saddle.")
    assert told(result, "escapes")[1] == (
        "After 1,000 epochs instead of 100, 7 of 40 (17.5 %, 8.5 to 31.9 %) are solved: 2 of 30 on a plateau "
        "and 5 of 10 still moving."
    )


def test_thresholds_that_turn_the_answer_are_named():
    steady = told(made_result({"plateau": (30, 0)}), "thresholds")[1]
    assert steady == "If each threshold is ten times larger or smaller, 30 to 30 of 30 are on a plateau; " + (
        "it stays the commonest."
    )
    result = made_result({"minimum": (30, 0)})
    near = tuple(made_ending("minimum", seed, slope=0.05) for seed in range(30))
    turned = told(replace(result, endings=near), "thresholds")[1]
    assert turned.endswith("30 are still moving if the slope counts from 1 % of the loss on.")


def test_without_failures_or_longer_training():
    result = made_result({}, solved=7)
    assert result.verdict == ("No run of small has a failed end to be read: 7 of 7 seeds are solved.",)
    assert result.kinds == ()
    alone = made_result({"plateau": (3, 0)}, longer=1)
    assert {verdict.topic for verdict in alone.verdicts} == {
        "endings",
        "local minimum",
        "plateau",
        "saddle",
        "thresholds",
    }
    assert all(each.escaped is None for each in alone.kinds)
    assert json.loads(alone.to_json())["endings"][0]["escaped"] is None


def test_what_makes_the_reading_another_one_is_said():
    plain = made_result({"plateau": (3, 0)})
    assert notes(plain) == ()
    changes = {
        "stopping": {"name": "patience"},
        "schedule": "cosine_annealing",
        "optimizer": {"name": "sgd", "weight_decay": 0.1},
    }
    said = notes(made_result({"plateau": (3, 0)}, **changes))
    assert [words.split()[-1] for words in said] == ["start.", "on.", "it."]


def test_it_shows_and_frames_itself():
    result = made_result({"plateau": (3, 1), "minimum": (2, 0)})
    frame = result.to_frame(library="pandas")
    assert frame.kind.tolist() == ["plateau"] * 3 + ["minimum"] * 2
    assert frame.escaped.sum() == 1
    assert str(result).splitlines() == list(result.verdict)
    assert "on a plateau" in result._repr_html_()
    assert repr(result) == "<EndingsResult 'small': 5 failed of 15 seeds>"
    assert "4 of 9 directions are flat (median)" in str(result)
