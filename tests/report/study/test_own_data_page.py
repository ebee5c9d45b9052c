"""The page of a study on data with many rows speaks of its measure, as its answer does."""

from __future__ import annotations

import numpy as np
from studies.scored import lossy, near, scored

from trainlab.report import study_html
from trainlab.report.study_answer import answer_picture
from trainlab.report.study_cells import scores_table
from trainlab.report.study_page import intervals_words
from trainlab.studies.answer_by_score import answer_of


def section(page: str, name: str) -> str:
    return page.partition(f'<section id="{name}"')[2].partition("</section>")[0]


def test_effects_are_those_on_the_measure() -> None:
    page = study_html(scored({(): near(0.8), ("A",): near(0.85)}, "A"))
    effects = section(page, "effects")
    assert "Change of the held-out accuracy, with 95 % intervals" in effects
    assert "+5.0 points (" in effects
    # What is solved wasn't asked, and no run is.
    assert "success rate" not in effects
    assert "Share of seeds solved" not in page
    assert "A run is solved" not in section(page, "answer")
    assert "Held-out accuracy at the end" in section(page, "rates")


def test_what_was_asked_to_be_solved_comes_after_the_accuracies() -> None:
    goal = {"name": "accuracy", "accuracy": 0.9}
    page = study_html(scored({(): near(0.8), ("A",): near(0.85)}, "A", solved=goal, reached=3))
    rates = section(page, "rates")
    assert 0 < rates.index("Held-out accuracy at the end") < rates.index("Share of seeds solved")
    assert "success rate" in section(page, "effects")
    assert "A run is solved" in section(page, "answer")


def test_picture_and_tables_agree_where_some_runs_diverge() -> None:
    # Of those that didn't diverge A does best; of all runs B.
    diverging = np.where(np.arange(40) % 5 < 3, np.inf, 0.1)
    cells = {(): near(0.9), ("A",): diverging, ("B",): near(0.5), ("A", "B"): near(0.7)}
    result = lossy(cells, "A", "B")
    picture = answer_picture(result)
    assert picture is not None
    assert "best of 4: B" in picture.svg
    assert "best of 4: A" not in picture.svg
    assert "Not drawn, as half of the runs or more diverged: 1 cell." in picture.text
    found = answer_of(result)
    rows = {row[0]: row for row in found.table.rows()}
    table = scores_table(result)
    column = table.headings(result.cells).index("Held-out loss")
    held_out = {str(row[0]).partition(":")[2]: row[column] for row in table.rows(result.cells)}
    assert (held_out["A"], held_out["B"]) == (rows["A"][1], rows["B"][1])
    frame = result.to_frame()
    assert frame[frame.A & ~frame.B].held_out_loss.tolist() == [np.inf]


def test_the_method_names_the_intervals_that_are_shown() -> None:
    accuracies = intervals_words(scored({(): near(0.8), ("A",): near(0.85)}, "A"))
    losses = intervals_words(lossy({(): near(0.9), ("A",): near(0.5)}, "A"))
    for words in (accuracies, losses):
        assert "Bonett" not in words
        assert "one contrast a seed" in words
    assert "within ±2 points" in accuracies
    assert "points" not in losses
    assert "is small is never said" in losses


def test_an_interval_without_an_end_is_drawn_to_the_edge() -> None:
    few = np.where(np.arange(40) % 5 == 0, np.inf, 0.4)
    picture = answer_picture(lossy({(): near(0.9), ("A",): few}, "A"))
    assert picture is not None
    assert "inf" not in picture.svg
    assert "nan" not in picture.svg
    assert "Where some runs diverged" in picture.text
