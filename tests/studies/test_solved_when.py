"""Solved at some time, at the end, and stayed so: counted, judged, and told where many runs lost it."""

from __future__ import annotations

import io
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from studies.made_up import TINY, cells_of, flags, runs_of, study_of
from studies.scored import made

from trainlab import StudyResult
from trainlab.engine import Runs
from trainlab.engine.runs import UNKNOWN
from trainlab.report import study_html
from trainlab.report.study_terminal import print_study
from trainlab.spec import Cell, Experiment, Record, Study
from trainlab.stats import Estimate, ReadEstimate, Reading, Side, Verdict, rate
from trainlab.studies.answer_by_score import answer_of
from trainlab.studies.cells import solved_when, summarise
from trainlab.studies.effects import Effect, effects_of, ever_effects
from trainlab.studies.verdicts.change_verdicts import judge_change

CELL = Study(baseline=TINY).cells()[0]
NONE = flags((100, False))


def runs(solved: int, unlearnt: int, lapsed: int = 0, *, experiment: Experiment = TINY, n: int = 100) -> Runs:
    """Return runs of which some are solved, of these some not throughout, and others were solved before."""
    return runs_of(
        experiment,
        flags((solved, True), (n - solved, False)),
        unlearnt=flags((solved, False), (unlearnt, True), (n - solved - unlearnt, False)),
        lapsed=flags((lapsed, True), (n - lapsed, False)),
    )


def study_with(counts: dict[tuple[str, ...], tuple[int, int]], *names: str) -> StudyResult:
    """Return a result whose cells have so many runs solved, and unlearnt, of 100."""
    study = study_of(*names, ask=())
    return made(study, cells_of(study, lambda cell: of_cell(cell, counts)))


def of_cell(cell: Cell, counts: dict[tuple[str, ...], tuple[int, int]]) -> Runs:
    return runs(*counts.get(cell.changes, (50, 0)), experiment=cell.experiment)


def test_the_three_rates_and_how_many_lost_it():
    when = solved_when([runs(60, 9, lapsed=5)])
    assert when is not None
    assert (when.ever, when.stayed, when.unlearnt) == (rate(69, 100), rate(55, 100), 9)
    assert when.first == (10, 10, 10)
    data = summarise(CELL, runs(60, 9, lapsed=5)).to_dict()
    assert data["ever"] == rate(69, 100).to_dict()
    assert (data["solved"]["k"], data["stayed"]["k"], data["unlearnt"]) == (60, 55, 9)
    assert data["ever_epoch"] == {"q05": 10, "median": 10, "q95": 10}


def test_the_epoch_first_solved_is_of_all_that_ever_were():
    epochs = np.r_[np.arange(0, 101), -np.ones(19)].astype(np.int64)
    spread = replace(runs(50, 51, n=120), solved_epoch=epochs)
    when = solved_when([spread])
    assert when is not None
    assert when.first == (5, 50, 95)


def test_over_several_splits_all_runs_count():
    when = solved_when([runs(60, 9), runs(20, 30, lapsed=20)])
    assert when is not None
    assert (when.ever, when.stayed, when.unlearnt) == (rate(119, 200), rate(60, 200), 39)


def test_none_ever_solved_has_no_epoch():
    data = summarise(CELL, runs(0, 0)).to_dict()
    assert data["ever_epoch"] is None
    assert (data["ever"]["k"], data["stayed"]["k"], data["unlearnt"]) == (0, 0, 0)


def test_where_only_the_end_was_read_nothing_is_told():
    quiet = msgspec.structs.replace(TINY, record=Record(solved_every=0))
    cell = Study(baseline=quiet).cells()[0]
    item = summarise(cell, replace(runs(60, 0, experiment=quiet), solved_epoch=np.full(100, -1)))
    assert item.when is None
    assert [item.to_dict()[name] for name in ("ever", "stayed", "unlearnt", "ever_epoch")] == [None] * 4
    assert ever_effects(Study(baseline=quiet), [item]) == ()


def test_of_runs_an_older_trainlab_kept_it_is_not_told_whether_they_stayed():
    settled = np.where(np.arange(100) < 3, UNKNOWN, runs(60, 9).settled_epoch)
    old = summarise(CELL, replace(runs(60, 9), settled_epoch=settled))
    assert old.when is not None
    assert (old.when.ever.k, old.when.stayed, old.when.unlearnt) == (69, None, 9)
    assert old.to_dict()["stayed"] is None
    # A run that isn't solved hasn't stayed so, whatever was kept.
    settled = np.where(np.arange(100) > 90, UNKNOWN, runs(60, 9).settled_epoch)
    failed = summarise(CELL, replace(runs(60, 9), settled_epoch=settled))
    assert failed.when is not None
    assert failed.when.stayed == rate(60, 100)


@pytest.mark.parametrize(("unlearnt", "many"), [(0, False), (1, False), (2, True), (40, True)])
def test_more_than_one_in_a_hundred_is_many(unlearnt: int, many: bool):
    when = solved_when([runs(50, unlearnt)])
    assert when is not None
    assert when.many_unlearnt == many
    told = "unlearnt" in " ".join(answer_of(study_with({(): (50, unlearnt)}, "A")).remarks)
    assert told == many


def test_the_answer_tells_the_end_that_lost_most_and_counts_the_others():
    counts = {("A",): (20, 70), ("A", "B"): (91, 9), (): (10, 2)}
    remarks = answer_of(study_with(counts, "A", "B")).remarks
    assert remarks[0] == (
        "Net 1 with all changes was solved at some time on 100 of 100 seeds; 9 of them had unlearnt it by "
        "the last epoch. More than 1 % did in 2 other cells, too."
    )
    (before,) = [words for words in answer_of(study_with({(): (10, 2)}, "A")).remarks if "unlearnt" in words]
    assert before.startswith(
        "Net 1 at the baseline was solved at some time on 12 of 100 seeds; 2 of them had"
    )
    assert "other" not in before


# Effects


def test_effects_on_solved_at_some_time_count_what_was_lost():
    # A solves no more at the end, but 40 more at some time; B is the other way round.
    result = study_with({(): (50, 0), ("A",): (50, 40), ("B",): (90, 0), ("A", "B"): (90, 0)}, "A", "B")
    ends = {effect.change: effect for effect in result.effects}
    ever = {effect.change: effect for effect in result.ever_effects}
    for found, alone, last in ((ends, 0.0, 0.0), (ever, 0.4, 0.0)):
        effect = found["A"]
        assert effect.alone is not None
        assert effect.last is not None
        assert effect.alone.value.estimate == pytest.approx(alone)
        assert effect.last.value.estimate == pytest.approx(last)
    assert ever["A"].alone is not None
    assert ever["A"].alone.reading == "helps"
    told = result.to_dict()
    assert [one["change"] for one in told["ever_effects"]] == ["A", "B"]
    assert told["ever_effects"][0]["alone"]["estimate"] == pytest.approx(0.4)


def test_last_is_a_change_after_all_the_others():
    counts = {(): (10, 0), ("A",): (60, 0), ("B",): (90, 0), ("A", "B"): (70, 0)}
    (a, b) = study_with(counts, "A", "B").effects
    assert a.last is not None
    assert b.last is not None
    assert (a.last.value.estimate, b.last.value.estimate) == (pytest.approx(-0.2), pytest.approx(0.1))
    # Without the cell that has all the others it isn't told.
    study = study_of("A", "B", ask=())
    some = [
        item for item in cells_of(study, lambda cell: of_cell(cell, counts)) if "B" not in item.cell.changes
    ]
    (alone,) = effects_of(study, some)[0]
    assert (alone.change, alone.last) == ("A", None)


def test_what_helps_on_average_and_hurts_at_last_is_told_in_a_line_of_its_own():
    counts = {(): (0, 0), ("A",): (80, 0), ("B",): (100, 0), ("A", "B"): (70, 30)}
    effects = dict(answer_of(study_with(counts, "A", "B")).effects)
    assert effects["Helps"].startswith("A +25.0")
    assert effects["But"].startswith("A hurts Net 1 when made after all the others: −30.0 (")
    fine = {**counts, ("A", "B"): (100, 0)}
    assert "But" not in dict(answer_of(study_with(fine, "A", "B")).effects)


def test_where_a_change_turns_round_is_told_first():
    counts = {(): (0, 0), ("A",): (80, 0), ("B",): (100, 0), ("A", "B"): (70, 30)}
    sides = tuple(
        Side(words=words, outcome="refuted", turns=True)
        for words in ("at 300 epochs", "in float64", "counting runs solved at some time")
    )
    turned = Verdict(topic="change", sentence="", outcome="mixed", about=("Net 1", "A"), sides=sides)
    result = replace(study_with(counts, "A", "B"), verdicts=(turned,))
    but = dict(answer_of(result).effects)["But"]
    assert but.startswith("A doesn't help Net 1 at 300 epochs and in float64; A hurts Net 1 when made after")


# Verdicts


def read(reading: Reading, estimate: float) -> ReadEstimate:
    value = Estimate(estimate=estimate, low=estimate - 0.1, high=estimate + 0.1, p=0.001, p_small=1.0, n=10)
    return ReadEstimate(value=value, p_adjusted=0.001, p_small_adjusted=1.0, reading=reading, together=3)


def effect(main: ReadEstimate, last: ReadEstimate | None = None) -> Effect:
    return Effect(network="Net", change="D", alone=main, main=main, last=last)


UP, DOWN = read("helps", 0.2), read("hurts", -0.2)
SMALL = read("shown to be small", 0.0)
EVER = " Counting runs solved at some time, not only at the end, it {}."
LAST = " Made after all the others, it hurts: −20.0 points (−30.0 to −10.0)."


@pytest.mark.parametrize(
    ("end", "ever", "words"),
    [
        (effect(UP), effect(UP), ""),
        (effect(UP), None, ""),
        (effect(UP), effect(DOWN), EVER.format("hurts: −20.0 points (−30.0 to −10.0)")),
        (effect(DOWN), effect(UP), EVER.format("helps: +20.0 points (+10.0 to +30.0)")),
        (effect(UP, UP), effect(UP, DOWN), ""),
        (effect(UP, DOWN), effect(UP, DOWN), LAST),
        (effect(UP, DOWN), None, LAST),
        (effect(UP, DOWN), effect(UP, UP), LAST + EVER.format("helps: +20.0 points (+10.0 to +30.0)")),
        (
            effect(UP, DOWN),
            effect(UP, SMALL),
            LAST
            + " Counting runs solved at some time, not only at the end, its effect is shown to be within 2 "
            "points: 0.0 points (−10.0 to +10.0).",
        ),
    ],
)
def test_a_change_says_where_the_readings_disagree(end: Effect, ever: Effect | None, words: str):
    verdict = judge_change(end, "", NONE, NONE, ever=ever)
    assert verdict.sentence.split("the other changes.")[1] == words
    # The verdict is that of the end, averaged.
    assert verdict.outcome == ("upheld" if end.main is UP else "refuted")
    # An only change is made after no other.
    assert "after all" not in judge_change(end, "", NONE, NONE, others=False, ever=ever).sentence


def test_a_study_hands_its_effects_at_some_time_to_the_verdicts():
    counts = {(): (50, 0), ("A",): (50, 45), ("B",): (50, 0), ("A", "B"): (50, 45)}
    told = [
        verdict.sentence for verdict in study_with(counts, "A", "B").verdicts if verdict.topic == "change"
    ]
    assert "Counting runs solved at some time, not only at the end, it helps: +45.0 points" in told[0]
    assert "Counting" not in told[1]


# Pages


def details(result: StudyResult, width: int) -> str:
    from rich.console import Console

    console = Console(file=io.StringIO(), width=width)
    print_study(result, console=console, details=True)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_page_and_details_have_the_table_where_runs_lost_it():
    lost, kept = study_with({("A",): (91, 9)}, "A"), study_with({("A",): (91, 0)}, "A")
    page = study_html(lost)
    assert "When runs were solved, looked at every 10 epochs" in page
    assert page.index("First solved, epoch") < page.index("Net 1:A", page.index("First solved, epoch"))
    assert "Change of the success rate (solved at some time) in points" in page
    assert "When runs were solved" not in study_html(kept)
    assert "--seeds 100 --spike" in page
    assert "--spike" not in study_html(kept)
    for width in (80, 160):
        told = details(lost, width)
        assert "When runs were solved" in told
        row = next(line for line in told.split("Unlearnt")[1].splitlines() if "Net 1:A" in line)
        assert row.split()[-3 if width == 160 else -2] == "9"
        assert "In 1 other cell none lost it" in " ".join(told.split())
        assert "trainlab run FILE --cell 'Net 1:A' --seeds 100 --spike" in " ".join(told.split())
        assert "Unlearnt" not in details(kept, width)


def test_of_runs_kept_before_the_table_says_why_it_is_not_known():
    study = study_of("A", ask=())

    def make(cell: Cell) -> Runs:
        found = of_cell(cell, {("A",): (91, 9)})
        return replace(found, settled_epoch=np.full(100, UNKNOWN))

    page = study_html(made(study, cells_of(study, make)))
    assert "not known" in page
    assert "--fresh trains them anew" in page
