"""Outcomes over seeds: shares with intervals, causes, spread, and where the script's own run stands."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from diagnosis.seeds.made import population, run
from rich.console import Console

from trainlab.diagnosis.judge.diagnose import diagnose
from trainlab.diagnosis.observed.record import TrainingRecord
from trainlab.diagnosis.seeds.population import FEW_CAUSES, rest_line, seeds_lines, show_seeds
from trainlab.diagnosis.seeds.population_words import notes_of, seeds_sections
from trainlab.diagnosis.seeds.seed_run import Success, run_from_report
from trainlab.diagnosis.signals.learnt import rule_from
from trainlab.draw import json_text
from trainlab.report import seeds_html
from trainlab.stats import rate

DEAD = {"state": "stuck", "reached": 0.5, "fault": "dead_relu", "title": "units are dead", "link": "docs/x"}


def mixed():
    return population(
        *(run(seed) for seed in range(1, 7)),
        run(7, **DEAD),
        run(8, **DEAD),
        run(9, state="poor", reached=0.6, behind=True),
        run(10, state="unknown", failed=True, ended="error", fault="ValueError", message="ValueError: no"),
    )


def test_the_share_has_wilsons_interval_and_errors_are_failures():
    assert mixed().to_dict()["success"]["rate"] == rate(6, 10).to_dict()


def test_failed_runs_are_grouped_by_their_first_finding_the_unexplained_last():
    failures = mixed().to_dict()["failures"]
    assert failures["count"] == 4
    told = [(one["kind"], one["name"], one["rate"]["k"], one["seeds"]) for one in failures["causes"]]
    assert told == [
        ("finding", "dead_relu", 2, [7, 8]),
        ("error", "ValueError", 1, [10]),
        ("unexplained", "unexplained", 1, [9]),
    ]
    assert failures["causes"][0]["rate"] == rate(2, 4).to_dict()


def test_a_finding_in_a_run_that_succeeds_is_no_failure():
    assert population(run(1, fault="overfitting")).to_dict()["failures"]["count"] == 0


def test_what_the_doctor_could_not_judge_is_in_no_share():
    data = population(run(1), run(2, state="unknown")).to_dict()
    assert data["success"]["rate"] == rate(1, 1).to_dict()
    assert data["success"]["not_judged"] == 1


def test_a_run_between_a_constant_answer_and_learnt_is_no_success_and_no_failure():
    part = {"state": "poor", "reached": 0.3}
    data = population(run(1), run(2, **part), run(3, **DEAD), yours=run(None, **part)).to_dict()
    assert data["success"]["rate"] == rate(1, 3).to_dict()
    assert data["success"]["between"] == 1
    assert data["failures"]["count"] == 1
    assert "succeed, 1 learns a part;" in data["verdict"]
    assert "Your run learns a part: that counts as neither success nor failure." in data["verdict"]
    (table,) = seeds_sections(data)[-1].tables
    assert [row[1] for row in table.rows] == ["neither", "yes", "neither", "no"]
    threshold = population(run(1, **part), yours=run(None, **part), success=Success(at_least=0.2)).to_dict()
    assert threshold["success"]["between"] == 0
    assert threshold["runs"][0]["success"]


def test_without_a_judgement_a_threshold_is_asked_for():
    verdict = population(run(1, state="unknown"), yours=run(None, state="unknown")).to_dict()["verdict"]
    assert verdict.startswith("No outcome was judged")
    assert "--at-least" in verdict


@pytest.mark.parametrize(
    ("success", "good"),
    [
        (Success(at_least=0.5), [False, True, True, False]),
        (Success(at_most=0.5), [True, True, False, False]),
        (Success(at_least=0.5, at_most=0.6), [False, True, False, False]),
    ],
)
def test_thresholds_decide_and_a_run_without_a_number_fails(success: Success, good: list[bool]):
    runs = [run(seed, value=value) for seed, value in enumerate((0.1, 0.5, 0.9, None))]
    data = population(*runs, metric="x", success=success).to_dict()
    assert [one["success"] for one in data["runs"]] == good


def test_where_the_rules_number_could_not_be_read_a_run_is_neither_success_nor_failure():
    rule = rule_from("x > 0.8")
    unread = run(2, value=None, unread="the script prints no number after this name.")
    runs = [run(1, value=0.9), unread, run(3, value=None), run(4, value=0.1)]
    data = population(*runs, metric="x", success=Success(rule=rule), yours=run(None, value=0.9)).to_dict()
    assert [one["success"] for one in data["runs"]] == [True, None, False, False]
    assert data["success"]["not_judged"] == 1
    assert data["success"]["rate"] == rate(1, 3).to_dict()
    notes = notes_of(run(None), runs, early="", from_start=False, metric="x")
    assert notes == (
        "1 run ended without a finite number for x.",
        "1 run is counted as neither success nor failure, since the number couldn't be read; seed 2: "
        "the script prints no number after this name.",
    )
    none = population(unread, metric="x", success=Success(rule=rule), yours=run(None, value=0.9)).to_dict()
    assert none["verdict"] == "No other run could be judged by x > 0.8: its number couldn't be read."


@pytest.mark.parametrize(
    ("solved", "value", "unread"),
    [(None, None, "why"), (False, None, ""), (True, 0.9, "")],
    ids=["not read", "NaN", "read"],
)
def test_a_run_has_the_reason_from_its_report(solved: bool | None, value: float | None, unread: str):
    report = diagnose(TrainingRecord(), ended={"how": "end", "code": 0}).to_dict()
    ruled = {"solved": solved, "value": value, "read_from": "printed", "where": "", "trouble": unread}
    report["outcome"]["solved"] = ruled
    made = run_from_report(report, seed=1, printed="", metric="x", seconds=0.0)
    assert (made.value, made.unread) == (value, unread)


def test_the_spread_is_that_of_the_numbers_there_are():
    values = (0.0, 0.1, 0.2, 0.3, 0.4, float("nan"))
    measure = population(*(run(1, value=value) for value in values), metric="x").to_dict()["measure"]
    assert [measure[key] for key in ("min", "q25", "median", "q75", "max")] == [0, 0.1, 0.2, 0.3, 0.4]
    assert measure["runs"] == 5
    assert sum(measure["picture"]["counts"]) == 5


@pytest.mark.parametrize(
    ("metric", "own", "words"),
    [
        ("accuracy", 96.5, "is better than with 96 % of the seeds, worse than with 4 %: a lucky seed."),
        (
            "accuracy",
            3.0,
            "is better than with 2 % of the seeds, the same as with 1 %, worse than with 97 %: an unlucky "
            "seed.",
        ),
        ("loss", 3.5, "is better than with 97 % of the seeds, worse than with 3 %: a lucky seed."),
        ("temperature", 50.5, "is above that of 50 % of the seeds, below that of 50 %."),
    ],
)
def test_where_yours_stands(metric: str, own: float, words: str):
    runs = [run(seed, value=float(seed)) for seed in range(1, 101)]
    verdict = population(*runs, yours=run(None, value=own), metric=metric).to_dict()["verdict"]
    assert verdict.endswith(words)


@pytest.mark.parametrize(
    ("good", "yours", "words", "outcome"),
    [
        (98, "stuck", "nearly every seed succeeds: it was the seed.", "upheld"),
        (98, "learnt", "so does nearly every seed: it wasn't the seed.", "refuted"),
        (2, "learnt", "hardly any other seed does: it was the seed.", "upheld"),
        (2, "stuck", "so does nearly every seed: it wasn't the seed.", "refuted"),
        (
            50,
            "stuck",
            "Your run fails, but some seeds succeed: whether it succeeds depends on the seed.",
            "upheld",
        ),
        (50, "unknown", "50 of 100 seeds (50.0 %, 40.4 to 59.6 %) succeed; success: the doctor", ""),
    ],
)
def test_was_it_the_seed(good: int, yours: str, words: str, outcome: str):
    runs = [run(seed, state="learnt" if seed <= good else "stuck") for seed in range(1, 101)]
    found = population(*runs, yours=run(None, state=yours))
    assert words in found.to_dict()["verdict"]
    assert words in found.verdicts[0].sentence
    assert found.verdicts[0].outcome == outcome
    assert found.verdicts[0].statement == ("It was the seed." if outcome else "")
    assert " ".join(one.sentence for one in found.verdicts) == found.verdict == found.to_dict()["verdict"]


def test_equal_numbers_have_no_histogram():
    data = population(run(1), run(2), run(3)).to_dict()
    assert (data["measure"]["min"], data["measure"]["picture"]) == (data["measure"]["max"], None)
    assert mixed().to_dict()["measure"]["picture"] is not None


@pytest.mark.parametrize(("count", "ranked"), [(4, False), (5, True)])
def test_a_rank_is_among_five_seeds_at_least(count: int, ranked: bool):
    verdict = population(*(run(seed) for seed in range(1, count + 1))).to_dict()["verdict"]
    assert ("every one of the 5 seeds" in verdict) == ranked
    assert "of the seeds" not in verdict


def test_few_seeds_say_little():
    verdict = population(run(1), run(2), run(3)).to_dict()["verdict"]
    assert "3 of 3 seeds (100.0 %, 36.8 to 100.0 %) succeed" in verdict
    assert "3 seeds are too few to say more" in verdict
    assert population(run(1), run(2), run(3)).verdicts[0].outcome == "mixed"


def test_notes_tell_of_data_drawn_anew_lengths_and_missing_numbers():
    runs = [run(1, rows=(9, 8), steps=90), run(2, rows=(7,))]
    told = notes_of(run(None, seeded=False), runs, early="", from_start=True, metric="acc")
    for words in ("differ from seed to seed (2 of 2 runs)", "90 to 100", "2 runs ended without", "no seed"):
        assert any(words in note for note in told), words
    assert any("from the start" in note for note in told)
    assert notes_of(run(None), [run(1)], early="", from_start=False, metric="") == ()


def test_a_seed_that_changes_nothing_is_told_of():
    (note,) = notes_of(run(None), [run(1)], early="alike", from_start=False, metric="")
    assert note.startswith("The seed changes nothing: 1 of 1 runs")


def test_the_terminal_has_80_columns_and_names_a_seed():
    lines = [line for line, _ in seeds_lines(mixed().to_dict(), details=True)]
    assert max(map(len, lines)) <= 80
    text = "\n".join(lines)
    assert "Look at one: trainlab seeds train.py --seed 7" in text
    assert "- dead_relu: units are dead. 2 of 4 failed runs (50.0 %, 9.8 to 90.2 %)" in text
    out = io.StringIO()
    show_seeds(mixed().to_dict(), Console(file=out, width=80, force_terminal=True, color_system="256"))
    assert "dead_relu" in out.getvalue()


def test_in_short_it_is_verdict_histogram_causes_and_one_note():
    data = mixed().to_dict()
    data["failures"]["causes"] *= 3
    data["notes"] = ["The seed decides.", "A second note."]
    lines = [line for line, _ in seeds_lines(data)]
    assert len(lines) <= 28
    text = "\n".join(lines)
    assert "histogram" in text
    assert "measure" in text
    assert len([line for line in lines if line.startswith("- ")]) == FEW_CAUSES + 1 + 1
    assert "The seed decides." in text
    assert "second note" not in text
    assert not any(line.startswith("time ") for line in lines)
    assert "1 more note" in rest_line(data)


def test_the_page_and_the_json_hold_it_all():
    data = json.loads(json_text(mixed().to_dict()))
    page = seeds_html(data, title="Seeds of train.py")
    assert page == seeds_html(mixed(), title="Seeds of train.py")
    for words in ("Was it the seed?", "dead_relu", "<svg", "your run", "ValueError", "Every run"):
        assert words in page
    assert len(data["runs"]) == 10


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (
            {"state": "poor", "behind": True, "neighbours_reach": 0.97},
            "5 nearest neighbours reach 0.97 on these data, and a network that is more than 0.1 behind them "
            "hasn't learnt what the data allow.",
        ),
        (
            {"state": "stuck", "relative_loss": 0.96},
            "its loss is 96 % of that of the best constant answer; above 90 % of it hardly anything was "
            "learnt.",
        ),
        (
            {"state": "poor", "relative_loss": 0.6, "data_allow": 1.0, "behind": True},
            "the data are a table, as XOR's is, of which each row has to be answered right.",
        ),
        (
            {"state": "poor", "relative_loss": 0.6, "data_allow": 0.98},
            "its loss is 60 % of that of the best constant answer; success begins at 50 % of it, or 0.1 "
            "below what the data are seen to allow, 0.98.",
        ),
    ],
)
def test_where_none_succeeds_it_says_why_the_best_run_does_not_count(part: dict[str, Any], said: str):
    runs = [run(seed, reached=0.8 + seed / 100, **part) for seed in range(5)]
    data = population(*runs, yours=run(None, reached=0.7, **part)).to_dict()
    assert data["notes"] == [f"The best run reaches accuracy 0.84, and that is no success: {said}"]
    assert population(*runs, yours=run(None)).to_dict()["notes"] == []


@pytest.mark.parametrize(
    ("finished", "asked", "words"),
    [
        (0, 100, "0 of 100 seeds are finished: too few to tell, 8 are needed."),
        (1, 100, "1 of 100 seeds is finished: too few to tell, 8 are needed."),
        (7, 8, "7 of 8 seeds are finished: too few to tell, 8 are needed."),
        (2, 3, "2 of 3 seeds are finished: too few to tell, 3 are needed."),
        (8, 100, None),
        (3, 3, None),
    ],
)
def test_of_too_few_runs_there_is_no_answer_where_it_was_stopped(
    finished: int, asked: int, words: str | None
):
    runs = [run(seed) for seed in range(1, finished + 1)]
    stopped = population(*runs, asked=asked, interrupted=True)
    if words is not None:
        assert [(one.sentence, one.outcome) for one in stopped.verdicts] == [(words, "")]
        assert stopped.verdict == words
    else:
        assert stopped.verdict == population(*runs, asked=asked).verdict
        assert "succeed" in stopped.verdict
