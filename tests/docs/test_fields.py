"""docs/study_file.md and the table in README say what a study file may say, and nothing else."""

from __future__ import annotations

import re
import typing

import pytest
from docs.pages import ROOT

from measure import blocks
from trainlab import Experiment
from trainlab.maths import ACTIVATIONS, INITS, LOSSES, OPTIMIZERS, SCHEDULES
from trainlab.maths.gradients import KEPT_SIZE
from trainlab.spec import study_from_toml
from trainlab.spec.study import Statement
from trainlab.tasks import TASKS

TABLES = {
    "activations": ACTIVATIONS,
    "inits": INITS,
    # A function of the user's own stands in no table of formulas.
    "losses": {**LOSSES, "custom": None},
    "optimizers": OPTIMIZERS,
    "schedules": SCHEDULES,
    "tasks": TASKS,
}


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_pages_are_what_the_structs_give():
    wanted = blocks.files({"fields": None})
    assert {str(path) for path in wanted} == {"README.md", "docs/study_file.md"}
    assert blocks.stale(wanted) == [], "out of date: run scripts/measure fields"


def test_every_field_of_an_experiment_has_a_block():
    of_one_value = {"epochs", "after", "gradient", "frozen", "redraw"}
    assert set(Experiment.__struct_fields__) - of_one_value <= set(
        blocks.used(blocks.pages().values())["fields"]
    )


def test_what_is_done_to_single_layers_has_a_section_with_the_formula():
    page = read("docs/study_file.md")
    section = page.partition("## gradient, frozen and redraw\n")[2].partition("\n## ")[0]
    assert f"sᵢ ← {KEPT_SIZE:g} sᵢ + mᵢ" in section
    assert "frozen = [1, 2]" in section
    assert "redraw = 1" in section


def test_whatever_a_study_may_ask_is_on_the_page():
    for word in typing.get_args(Statement):
        assert f"| `{word}` | that " in read("docs/study_file.md")


@pytest.mark.parametrize("what", TABLES)
def test_the_readme_names_what_the_code_has(what: str):
    (row,) = re.findall(rf"^\| {what} \| (.+) \|$", read("README.md"), re.MULTILINE)
    assert sorted(re.findall(r"`(\w+)`", row)) == sorted(TABLES[what])


def test_the_study_on_the_page_is_one():
    text, going_on = re.findall(r"```toml\n(.+?)```", read("docs/study_file.md"), re.DOTALL)
    lengths = [len(cell.experiment.phases) for cell in study_from_toml(going_on).cells()]
    assert lengths == [2, 3]
    study = study_from_toml(text)
    assert len(study.cells()) == 2 * 4
    assert study.experiment("small", ("A", "B")).optimizer.weight_decay == 0.01
    assert study.race is not None
