"""The tables of a study: a row a cell, a run, an effect, and what stands in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from studies.made_up import TINY, cells_of, flags, runs_of, study_of
from studies.scored import near, scored

from trainlab import StudyResult, TrainlabError
from trainlab.engine import Runs
from trainlab.engine.runs import UNKNOWN
from trainlab.execution.provenance import Provenance
from trainlab.spec import Cell, Study
from trainlab.stats import rate
from trainlab.studies.cells import summarise
from trainlab.studies.effects import effects_of

HOW = Provenance(
    engine="fast",
    engine_reason="asked for",
    first_seed=0,
    seeds=10,
    workers=1,
    versions={},
    machine="",
    seconds=0.0,
    trained_steps=0,
    trained_seconds=0.0,
)


def made(plan: Study) -> StudyResult:
    """A study in which 9 of 10 seeds are solved with A, else 5: of the others 4 vanish and 1 diverges."""

    def make(cell: Cell) -> Runs:
        if "A" in cell.changes:
            return runs_of(cell.experiment, flags((9, True), (1, False)))
        diverged = flags((9, False), (1, True))
        found = runs_of(cell.experiment, flags((5, True), (5, False)), diverged=diverged, gradient=1.0)
        slopes = found.gradient.copy()
        slopes[5:9, 0] = 1e-6
        return replace(found, gradient=slopes)

    cells = cells_of(plan, make)
    effects, interactions = effects_of(plan, cells)
    return StudyResult(
        study=plan, cells=cells, effects=effects, interactions=interactions, verdicts=(), how=HOW
    )


@pytest.fixture(scope="module")
def result() -> StudyResult:
    return made(study_of("A", "B", networks=("2-3-1", "2-4-1")))


def test_a_row_a_cell(result: StudyResult):
    frame = result.to_frame()
    assert len(frame) == len(result.cells) == 8
    assert list(frame.columns[:9]) == ["cell", "network", "A", "B", "epochs", "solved", "n", "share", "low"]
    row = frame[frame.A & ~frame.B & (frame.network == "Net 2")].iloc[0]
    rate = result.cell("Net 2", "A").solved
    assert row.cell == "Net 2:A"
    assert (row.solved, row.n, row.share, row.low, row.high) == (9, 10, 0.9, rate.low, rate.high)
    bare = frame.iloc[0]
    assert (bare.solved, bare.diverged, bare.vanishing, bare.standing_still) == (5, 1, 4, 0)
    assert bare.final_loss == np.median([0] * 5 + [1] * 4 + [np.inf])
    assert bare.epochs_until_solved == 10
    # Nothing is held out, so nothing can be said of it.
    assert "held_out_accuracy" not in frame.columns


def test_a_row_a_run(result: StudyResult):
    frame = result.to_frame("runs")
    assert len(frame) == 80
    assert frame.groupby("cell").solved.sum().to_dict() == {
        item.cell.name: item.solved.k for item in result.cells
    }
    first = frame[frame.cell == "Net 1:none"]
    assert first.seed.tolist() == list(range(10))
    assert first.outcome.tolist() == ["solved"] * 5 + ["vanishing gradient"] * 4 + ["diverged"]
    assert first.epochs_until_solved.isna().tolist() == [False] * 5 + [True] * 5
    assert first.first_layer_gradient[5:9].tolist() == pytest.approx([1e-6] * 4)
    assert frame[frame.B].cell.unique().tolist() == ["Net 1:B", "Net 1:A+B", "Net 2:B", "Net 2:A+B"]


def test_three_rows_an_effect(result: StudyResult):
    frame = result.to_frame("effects")
    # Alone, averaged and after the others, of solved at the end and of solved at some time.
    assert len(frame) == 2 * 3 * len(result.effects)
    row = frame[
        (frame.measure == "solved")
        & (frame.network == "Net 1")
        & (frame.change == "A")
        & (frame.kind == "alone")
    ].iloc[0]
    read = result.effects[0].alone
    assert read is not None
    assert (row.difference, row.low, row.high) == (read.value.estimate, read.value.low, read.value.high)
    assert row.difference == pytest.approx(0.4)
    assert (row.p_adjusted, row.reading, row.n) == (read.p_adjusted, read.reading, 10)


def test_effects_on_the_measure_have_rows_too(result: StudyResult):
    assert set(result.to_frame("effects").measure) == {"solved", "ever solved"}
    told = scored({(): near(0.8), ("A",): near(0.9)}, "A")
    frame = told.to_frame("effects")
    assert frame.measure.tolist() == ["solved"] * 3 + ["ever solved"] * 3 + ["held-out accuracy"] * 3
    assert frame.kind.tolist() == ["alone", "main", "last"] * 3
    read = told.score_effects[0].last
    assert read is not None
    assert frame.difference.tolist()[-1] == read.value.estimate == pytest.approx(0.1)
    (told_as_json,) = told.to_dict()["score_effects"]
    assert told_as_json == told.score_effects[0].to_dict()


def test_what_was_solved_and_lost_again_has_columns(result: StudyResult):
    plan = study_of("A")

    def make(cell: Cell) -> Runs:
        lost = flags((5, False), (3, True), (2, False))
        lapsed = flags((1, True), (9, False))
        return runs_of(cell.experiment, flags((5, True), (5, False)), unlearnt=lost, lapsed=lapsed)

    cells = cells_of(plan, make)
    told = StudyResult(study=plan, cells=cells, effects=(), interactions=(), verdicts=(), how=HOW)
    row = told.to_frame().iloc[0]
    assert (row.solved, row.ever, row.stayed, row.unlearnt) == (5, 8, 4, 3)
    assert (row.ever_low, row.ever_high) == (rate(8, 10).low, rate(8, 10).high)
    assert row.epochs_until_ever_solved == 10
    runs = told.to_frame("runs").iloc[:10]
    assert runs.epochs_until_ever_solved.isna().tolist() == [False] * 8 + [True] * 2
    assert runs.epochs_until_settled.tolist()[:5] == [20, 10, 10, 10, 10]
    assert runs.epochs_until_settled[5:].isna().all()
    # Of what an older trainlab kept nothing is made up.
    settled = np.full(10, UNKNOWN)
    kept = [summarise(item.cell, replace(item.runs, settled_epoch=settled)) for item in cells]
    old = replace(told, cells=(kept[0], cells[1])).to_frame()
    assert np.isnan(old.stayed[0])
    assert (old.ever[0], old.stayed[1]) == (8, 4)


def test_polars_has_the_same_rows(result: StudyResult):
    ours, theirs = result.to_frame("runs"), result.to_frame("runs", library="polars")
    assert theirs.columns == list(ours.columns)
    assert theirs["solved"].to_list() == ours.solved.tolist()
    assert theirs["epochs_until_solved"].null_count() == ours.epochs_until_solved.isna().sum()


def test_a_change_named_as_a_column_keeps_apart():
    frame = made(study_of("solved", "A")).to_frame()
    assert list(frame.columns[2:4]) == ["change solved", "A"]
    assert frame["change solved"].tolist() == [False, True, False, True]
    assert frame.solved.tolist() == [5, 5, 9, 9]


def test_a_wrong_table_is_told(result: StudyResult):
    with pytest.raises(TrainlabError, match=r"^of = 'cels': must be 'cells', 'runs' or 'effects'\."):
        result.to_frame("cels")  # pyright: ignore[reportArgumentType]


def test_what_holds_much_has_a_short_repr(result: StudyResult):
    assert repr(result.cells[1].runs) == "<Runs of 10 seeds from 0: 9 solved>"
    assert repr(result.cells[1]).startswith("<CellResult 'Net 1:A': 9 of 10")
    assert repr(result.study) == "<Study 'a study': 8 cells × 100 seeds>"
    assert repr(Study(baseline=TINY, title="One", seeds=1)) == "<Study 'One': 1 cell × 1 seed>"
