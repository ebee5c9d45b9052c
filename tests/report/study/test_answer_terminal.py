"""Answers in the terminal: at most thirty lines of 80 columns, words whole, names defined before use."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from report.printing import printed_by
from studies.made_up import cells_of, flags, runs_of, study_of
from studies.scored import made, near, scored

from trainlab.report import print_study
from trainlab.report.common import LINES, labelled
from trainlab.spec import load_study
from trainlab.studies import StudyResult, UntilWidth


def printed(result: StudyResult, *, width: int = 80, details: bool = False) -> list[str]:
    return printed_by(print_study, result, width, details=details).splitlines()


@cache
def assignment(seeds: int = 40) -> StudyResult:
    """Return the assignment's study, its runs made up: each network fares otherwise, failures vanish."""
    study, rng = load_study("xor44"), np.random.default_rng(0)
    often = {"Model 1": 0.9, "Model 2": 0.6, "Model 3": 0.2}

    def runs(cell):
        share = often[cell.network] * (len(cell.changes) + 0.2) / 5.2
        return runs_of(cell.experiment, rng.random(seeds) < share, gradient=0.0, last_gradient=0.1)

    return made(study, cells_of(study, runs))


def large(networks: int, changes: int) -> StudyResult:
    """Return a study of many networks and changes with long names."""
    names = [f"a rather long change number {place}" for place in range(changes)]
    study = study_of(*names, networks=tuple(f"2-{n}-1" for n in range(2, 2 + networks)), ask=())
    rng = np.random.default_rng(1)
    return made(study, cells_of(study, lambda cell: runs_of(cell.experiment, rng.random(20) < 0.5)))


@pytest.mark.parametrize(
    "make",
    [
        assignment,
        lambda: large(1, 6),
        lambda: large(9, 3),
        lambda: large(2, 5),
        lambda: scored({(): near(0.8)}),
        lambda: scored({(): near(0.8), ("A",): near(0.85)}, "A", networks=("2-3-1", "2-4-1", "2-5-1")),
    ],
    ids=["assignment", "six changes", "nine networks", "five changes", "one cell", "own data"],
)
def test_an_answer_has_thirty_lines_of_eighty_columns(make):
    lines = printed(make())
    assert len(lines) <= LINES
    assert max(map(len, lines)) <= 80


def test_the_assignment_s_answer_defines_what_it_names():
    lines = [line.rstrip() for line in printed(assignment())]
    text = "\n".join(lines)
    assert lines[0] == "XOR with exactly 44 parameters"
    answer = " ".join(lines[1 : lines.index("")])
    for name, widths in {"Model 1": "2-5-4-1", "Model 2": "2-11-1", "Model 3": "2-2-2-2-2-2-2-2-1"}.items():
        assert f"{name} ({widths})" in answer
        assert text.index(f"{name} ({widths})".split()[0]) < text.index("Solved, share of 40 seeds")
    table = text.index("Solved, share of 40 seeds")
    for change in ("A  optimizer: SGD", "B  loss: L1", "C  activation", "D  epochs", "E  last layer"):
        assert text.index(change) < table
    for words in (
        "Best of 32",
        "All 5 changes",
        "picked on these same seeds",
        "Helps",
        "Upheld",
        "--details",
    ):
        assert words in text
    assert len(printed(assignment(), details=True)) > 100


def test_words_stay_whole_and_percent_signs_with_their_number():
    for result in (assignment(), scored({(): near(0.8), ("A",): near(0.85)}, "A")):
        # Where there is no room intervals are left out, and lines cut at the end: "+15" for "+15;".
        whole = {word.rstrip(";,.") for line in printed(result, width=400) for word in line.split()}
        for width in (60, 80, 100):
            lines = printed(result, width=width)
            assert not any(line.strip().startswith("% ") or line.strip() == "%" for line in lines)
            words = {word.rstrip(";,.") for line in lines for word in line.split()}
            assert {word for word in words if not set(word) <= set("─…")} <= whole


def test_networks_that_the_sentence_leaves_out_are_named_before_the_table():
    lines = printed(large(9, 3))
    (place,) = [index for index, line in enumerate(lines) if line.startswith("Networks: Net 1 (2-2-1)")]
    assert place < next(index for index, line in enumerate(lines) if line.startswith("Solved, share"))


def test_why_is_offered_where_solved_means_something():
    assert "--why 20" in printed(assignment())[-1]
    assert "--why" not in " ".join(printed(scored({(): near(0.8)})))
    goal = {"accuracy": 0.9, "on": "held_out"}
    # A goal that no run reaches says less than the accuracies do.
    assert "--why" not in " ".join(printed(scored({(): near(0.8)}, solved=goal)))
    asked = scored({(): near(0.8)}, solved=goal, reached=3)
    assert "--why" in " ".join(printed(asked))
    assert "Solved" in " ".join(printed(asked))
    full = made(
        study_of(ask=()), cells_of(study_of(ask=()), lambda c: runs_of(c.experiment, flags((9, True))))
    )
    assert "--why" not in " ".join(printed(full))


def test_lines_are_cut_at_what_they_list():
    pairs = [("Helps", "; ".join(f"change {place} on all" for place in range(30))), ("Hurts", "one")]
    lines = labelled(pairs, 60, most=4)
    assert len(lines) == 4
    assert lines[2].endswith(" …")
    assert lines[3] == " Hurts  one"


def test_a_long_name_neither_breaks_nor_takes_the_room():
    name = "x" * 90
    lines = labelled(
        [(name, "optimizer: SGD → Adam, and what is said of it takes more than one line"), ("B", "b")],
        80,
    )
    assert lines[0] == f" {name}"
    assert len(lines) == 4
    assert all(line.startswith(" " * 26) for line in lines[1:3])
    assert lines[-1] == " B".ljust(26) + "b"
    assert any(name in line for line in labelled([("B", f"{name} helps")], 80))


def test_details_have_the_effects_on_the_measure():
    text = " ".join(" ".join(printed(scored({(): near(0.8), ("A",): near(0.85)}, "A"), details=True)).split())
    assert "Effect of each change on the held-out accuracy" in text
    assert "+5.0 points (" in text


def test_details_have_how_seeds_were_added():
    until = UntilWidth(width=0.2, most=40, looks=2, seeds=40, widest=0.31, where="2-3-1:A", likely=99)
    result = replace(scored({(): near(0.8), ("A",): near(0.85)}, "A"), until=until)
    for details in (False, True):
        text = " ".join(" ".join(printed(result, details=details)).split())
        assert "The interval of 2-3-1:A is still 31 points wide, not 20 points: 40 seeds are the most" in text


def test_ranges_are_explained_where_they_stand_only():
    study = study_of("A", "B", networks=("2-3-1", "2-4-1"), ask=())
    result = made(study, cells_of(study, lambda cell: runs_of(cell.experiment, flags((3, True), (1, False)))))
    (wide,) = [line for line in printed(result, width=120) if line.startswith("Solved, share of")]
    assert wide.endswith(" (95 % interval)")
    assert any("75.0 % (" in line for line in printed(result, width=120))
    (narrow,) = [line for line in printed(result, width=80) if line.startswith("Solved, share of")]
    assert "interval" not in narrow
    assert any("75.0 %" in line for line in printed(result, width=80))
