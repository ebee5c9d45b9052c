"""docs/study_file.md and the table in README say what a study file may say, and nothing else."""

from __future__ import annotations

import re
from types import ModuleType

import pytest
from docs.pages import ROOT, load_script

from trainlab import Experiment
from trainlab.maths import ACTIVATIONS, INITS, LOSSES, OPTIMIZERS, SCHEDULES
from trainlab.spec import study_from_toml
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


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return load_script("docs_fields")


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_pages_are_what_the_structs_give(script: ModuleType):
    for name in script.PAGES:
        assert script.render(read(name)) == read(name), f"{name} is out of date: run scripts/docs_fields"


def test_every_block_is_made_and_used(script: ModuleType):
    used = re.findall(r"<!-- fields: (\w+) -->", "".join(map(read, script.PAGES)))
    assert sorted(used) == sorted(maker.__name__ for maker in script.BLOCKS)
    assert set(Experiment.__struct_fields__) - {"epochs"} <= set(used)


def test_a_block_without_a_maker_is_an_error(script: ModuleType):
    with pytest.raises(KeyError, match="nonsense"):
        script.render("<!-- fields: nonsense -->\n<!-- end -->")


@pytest.mark.parametrize("what", TABLES)
def test_the_readme_names_what_the_code_has(what: str):
    (row,) = re.findall(rf"^\| {what} \| (.+) \|$", read("README.md"), re.MULTILINE)
    assert sorted(re.findall(r"`(\w+)`", row)) == sorted(TABLES[what])


def test_the_study_on_the_page_is_one():
    (text,) = re.findall(r"```toml\n(.+?)```", read("docs/study_file.md"), re.DOTALL)
    study = study_from_toml(text)
    assert len(study.cells()) == 2 * 4
    assert study.experiment("small", ("A", "B")).optimizer.weight_decay == 0.01
    assert study.race is not None
