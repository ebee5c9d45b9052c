"""Which verdicts a study gets, in which order, and that they follow its cells."""

import numpy as np
import pytest
from studies.made_up import TINY, cells_of, flags, runs_of, study_of

from trainlab.spec import Cell, Study
from trainlab.studies.effects import effects_of
from trainlab.studies.judge import verdicts_of
from trainlab.studies.verdicts import Verdict

SEEDS = 200


def judged(study: Study, share: dict[tuple[str, ...], float], **kwargs: float) -> tuple[Verdict, ...]:
    """Judge cells that solve these shares of their seeds; a cell that isn't named solves none."""

    def make(cell: Cell):
        k = round(SEEDS * share.get(cell.changes, 0.0))
        return runs_of(cell.experiment, flags((k, True), (SEEDS - k, False)), **kwargs)

    cells = cells_of(study, make)
    return verdicts_of(study, cells, effects_of(study, cells)[0])


def by_topic(verdicts: tuple[Verdict, ...], topic: str) -> list[str]:
    return [verdict.outcome for verdict in verdicts if verdict.topic == topic]


TWO = {"networks": ("2-3-1", "2-2-2-1")}


def test_the_verdicts_come_in_the_order_of_the_conclusions():
    verdicts = judged(study_of("A", "B", **TWO), {("A", "B"): 0.9})
    assert [verdict.topic for verdict in verdicts] == (
        ["parameters"] + ["together"] * 2 + ["change"] * 4 + ["vanishing"] * 2 + ["predictions"] * 2
    )


@pytest.mark.parametrize(
    ("share", "together", "changes", "predictions"),
    [
        ({("A",): 1.0, ("A", "B"): 1.0}, "upheld", ["upheld", "refuted"], "upheld"),
        ({(): 1.0, ("B",): 1.0}, "refuted", ["refuted", "refuted"], "refuted"),
        ({("A", "B"): 0.5}, "mixed", ["upheld", "upheld"], "mixed"),
        ({}, "refuted", ["refuted", "refuted"], "refuted"),
    ],
)
def test_they_follow_the_cells(share, together: str, changes: list[str], predictions: str):
    verdicts = judged(study_of("A", "B"), share)
    assert by_topic(verdicts, "together") == [together]
    assert by_topic(verdicts, "change") == changes
    assert by_topic(verdicts, "predictions") == [predictions]


def test_vanishing_is_asked_of_the_deepest_network_at_both_ends():
    low = judged(study_of("A", **TWO), {("A",): 0.5}, gradient=0.0)
    high = judged(study_of("A", **TWO), {("A",): 0.5}, gradient=0.1)
    gone = judged(study_of("A", **TWO), {("A",): 1.0}, gradient=0.0)
    assert by_topic(low, "vanishing") == ["upheld", "upheld"]
    assert by_topic(high, "vanishing") == ["refuted", "refuted"]
    assert by_topic(gone, "vanishing") == ["upheld", "refuted"]
    statements = [verdict.statement for verdict in low if verdict.topic == "vanishing"]
    assert statements == [
        "Net 2's failures at the baseline are vanishing gradients.",
        "Net 2's failures with A are vanishing gradients.",
    ]


def test_the_single_runs_of_vanishing_are_the_failed_ones():
    verdicts = judged(study_of("A"), {("A",): 0.25}, gradient=0.0)
    last = [verdict for verdict in verdicts if verdict.topic == "vanishing"][-1]
    assert last.opposite is not None
    assert (last.opposite.k, last.opposite.n) == (0, 150)


def test_networks_of_different_size_are_told():
    assert by_topic(judged(study_of("A", **TWO), {}), "parameters") == ["refuted"]
    assert by_topic(judged(study_of("A", networks=("2-3-1", "2-3-1")), {}), "parameters") == ["upheld"]


def test_a_study_without_changes_says_what_it_can():
    verdicts = judged(Study(baseline=TINY), {(): 1.0})
    assert [verdict.topic for verdict in verdicts] == ["parameters", "vanishing", "predictions"]
    assert verdicts[1].sentence == "2-3-1 has no failed run, so there is none to explain."
    assert verdicts[2].sentence.startswith(
        "2-3-1's predictions round to 0, 1, 1, 0 almost always: 200 of 200"
    )


def test_a_study_of_one_change_averages_over_nothing():
    verdicts = judged(study_of("A"), {("A",): 1.0})
    change = next(verdict for verdict in verdicts if verdict.topic == "change")
    assert change.sentence.endswith(" in the success rate.")
    assert change.statement == "Change A (change A) helps Net 1."


def test_cells_left_out_leave_out_their_verdicts():
    study = study_of("A", "B")
    cells = cells_of(study, lambda cell: runs_of(cell.experiment, np.ones(9, dtype=np.bool_)))
    some = [item for item in cells if item.cell.name in ("Net 1:A", "Net 1:none")]
    verdicts = verdicts_of(study, some, effects_of(study, some)[0])
    assert [verdict.topic for verdict in verdicts] == ["parameters", "vanishing"]


def test_the_single_runs_of_a_change_are_made_at_the_baseline():
    # A helps on all 200 seeds where B is made too, but alone on 150 only: 50 single runs say it doesn't.
    verdicts = judged(study_of("A", "B"), {("A",): 0.75, ("A", "B"): 1.0})
    first, second = (verdict for verdict in verdicts if verdict.topic == "change")
    assert first.opposite is not None
    assert second.opposite is not None
    assert (first.outcome, first.opposite.k) == ("upheld", 50)
    # B helps by a quarter of the seeds where A is made; alone it never does, so every single run says no.
    assert (second.outcome, second.opposite.k) == ("upheld", 200)
