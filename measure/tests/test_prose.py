"""Shares and counts that the pages put in words are those of the tables and sentences beside them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import pairwise

from measure.blocks import ROOT

FRACTIONS = {"a fifth": 0.2, "two fifths": 0.4, "half": 0.5, "four pairs of five": 0.8, "nine in ten": 0.9}
NEAR = 0.05
"""So near a share has to be to the fraction that it is called; half as near as two of these are apart."""


def page(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def prose(path: str) -> str:
    """Return a page with its line breaks as spaces."""
    return " ".join(page(path).split())


def block(path: str, name: str) -> str:
    """Return what stands between the lines of a block: ``assignment: cause``."""
    return page(path).partition(f"<!-- {name} -->\n")[2].partition("<!-- end -->")[0]


def rows(path: str, name: str) -> Iterator[list[str]]:
    """Yield the cells of each row of a block's tables, but their heads and rules."""
    lines = block(path, name).splitlines()
    for line, after in pairwise([*lines, ""]):
        if line.startswith("| ") and not {*line} <= {*"|- "} and not after.startswith(("| ---", "|---")):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def share(text: str) -> float:
    """Return the first share in per cent, or the first difference in points."""
    found = re.search(r"([−+]?[0-9.]+) (%|points)", text)
    assert found is not None, text
    return float(found[1].replace("−", "-")) / 100


def says(path: str, words: str, fraction: str, *shares: float) -> None:
    """Assert that a page says a fraction in these words, and that every share is near it."""
    assert fraction in words
    assert words in prose(path)
    assert shares
    for each in shares:
        assert abs(each - FRACTIONS[fraction]) < NEAR, (words, each)


def test_readme_says_how_many_are_rescued_and_lost():
    _, line, _ = (each for each in block("docs/assignment.md", "assignment: cause").splitlines() if each)
    rescued, lost = re.findall(r"([0-9.]+) %, ", line)[:2]
    words = "rescues a fifth of the runs that still fail with all five changes"
    says("README.md", words, "a fifth", float(rescued) / 100)
    says("README.md", "breaks two fifths of the solved ones", "two fifths", float(lost) / 100)


def test_readme_says_how_few_parameters_are_enough():
    counts = {cells[0]: cells[1] for cells in rows("docs/race.md", "race: fewest")}
    assert counts["A to E: sigmoid, 2,001 epochs"] == "10"
    assert "Why 44? [Ten are enough](docs/race.md)" in prose("README.md")


def test_readme_counts_the_cells_that_pytorch_trained():
    kept = json.loads(page("measure/fidelity.json"))["torch"]["rows"]
    assert {row["seeds"] for row in kept} == {1000}
    assert f"{len(kept)} cells, 1,000 seeds each" in prose("README.md")


def test_where_a_change_helps_on_a_fifth_four_pairs_of_five_show_nothing():
    pairs = {
        share(cells[1]): share(cells[3])
        for cells in rows("docs/assignment.md", "assignment: changes")
        if ": helps" in cells[1] and cells[3] != "–"
    }
    fifth = {effect: said for effect, said in pairs.items() if abs(effect - 0.2) < NEAR / 2}
    words = "Where a change helps on a fifth of the seeds, four pairs of five show nothing."
    says("docs/assignment.md", words, "a fifth", *fifth)
    says("docs/assignment.md", words, "four pairs of five", *fifth.values())


def test_answers_that_round_to_minus_zero_are_about_half_under_l1_and_fewer_under_mse():
    at_one_one = {cells[0]: share(cells[2]) for cells in rows("docs/assignment.md", "assignment: notebook")}
    l1 = [value for name, value in at_one_one.items() if "L1" in name and "MSE" not in name]
    mse = [value for name, value in at_one_one.items() if "MSE" in name]
    says("docs/assignment.md", "about half under L1, fewer under MSE", "half", *l1)
    assert (len(l1), len(mse)) == (2, 3)
    assert max(mse) < min(l1)


def test_every_run_of_the_second_notebook_solves_xor():
    solved = [cells[1] for cells in rows("docs/assignment.md", "assignment: notebook")]
    assert "Every run of these five cells solves XOR at the end." in prose("docs/assignment.md")
    assert len(solved) == 5
    assert all(each.startswith("100.0 % ") for each in solved)


def test_which_network_has_a_better_combination_than_all_five():
    best = {
        cells[0]: cells[3] for cells in rows("docs/assignment.md", "assignment: together") if len(cells) == 4
    }
    better = [name for name, lead in best.items() if re.search(r"\(\+[0-9.]+ to \+", lead)]
    assert better == ["Model 2", "Model 3"]
    words = (
        "For Models 2 and 3 another combination solves more than the five together; for Model 1 none is shown"
    )
    assert words in prose("docs/assignment.md")


def test_most_runs_of_model_1_lose_it_again_at_the_baseline():
    cells = next(
        each
        for each in rows("docs/assignment.md", "assignment: solved_when")
        if each[0] == "Model 1, baseline"
    )
    assert int(cells[4]) / 1000 > share(cells[1]) / 2
    assert "At the baseline most runs of Model 1 that solve it at some time have lost it" in prose(
        "docs/assignment.md"
    )


def test_the_courses_own_demand_is_met_on_nearly_every_seed_at_some_time():
    ever = {cells[0]: share(cells[6]) for cells in rows("docs/assignment.md", "assignment: demand")}
    assert "Models 1 and 2 come by a solution on nearly every seed, as the last column says" in prose(
        "docs/assignment.md"
    )
    assert min(ever["Model 1"], ever["Model 2"]) > 0.99


def test_with_a_v_that_forgets_sooner_nearly_every_run_loses_it():
    lost = [cells for cells in rows("docs/unlearning.md", "unlearning: cause") if "β₂ = 0.99" in cells[0]]
    assert "With a v that forgets ten times sooner nearly every run loses it." in prose("docs/unlearning.md")
    assert len(lost) == 2
    for cells in lost:
        assert int(cells[2].replace(",", "")) > 0.9 * int(cells[1].split()[0].replace(",", ""))
