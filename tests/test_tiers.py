"""The tiers of tests: what an unmarked test may cost, and that every test is run by something."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from tiers import CHOSEN, KINDS, WHOLE

HERE = Path(__file__).parent

BURN = """
import time

def burn(seconds=1.2):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
"""
BURNING = {
    "burn.py": BURN,
    "conftest.py": """
from burn import burn
from trainlab.engine.kernel import units

units._compiled = lambda unit, *, kept_on_disk=True: burn()
""",
    "test_burning.py": """
import subprocess, sys, time
import burn as module
import pytest
from burn import burn
from trainlab.engine.kernel import units

@pytest.fixture(scope="module")
def dear_to_all(): burn()

@pytest.fixture
def dear(): burn()

def test_call(): burn()

def test_setup(dear): pass

def test_first_of_two(dear_to_all): pass

def test_second_of_two(dear_to_all): pass

def test_child(): subprocess.run([sys.executable, "-c", "import burn; burn.burn()"], cwd=FOLDER, check=True)

def test_compilation(): units._compiled(None, kept_on_disk=False)

def test_compilation_for_all(): units._compiled(None)

@pytest.mark.trains
def test_marked(): burn()

def test_asleep(): time.sleep(1.2)

def test_wrong():
    burn()
    assert False, "as it says"
""",
}


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What pytest says of tests that burn CPU time: by test, its outcome and the words beside it."""
    folder = tmp_path_factory.mktemp("burning")
    for name, text in BURNING.items():
        (folder / name).write_text(text.replace("FOLDER", repr(str(folder))), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tiers", "-p", "no:cacheprovider", "-rA", "--rootdir"]
        + [str(folder)] * 2,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path]), "COLUMNS": "300"},
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.findall(r"^(PASSED|FAILED) \S*test_burning\.py::(\w+)(.*)$", done.stdout, re.MULTILINE)
    assert done.returncode == 1, done.stdout + done.stderr
    return {name: outcome + words for outcome, name, words in found}


@pytest.mark.process
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("call", "trains"),
        ("setup", "trains"),
        ("first_of_two", "trains"),
        ("second_of_two", "trains"),
        ("child", "process"),
        ("compilation", "compiles"),
    ],
)
def test_an_unmarked_test_above_a_cpu_second_fails(said: dict[str, str], name: str, kind: str):
    words = said[f"test_{name}"]
    assert words.startswith("FAILED - ")
    assert re.search(rf"It took 1\.\d CPU seconds, .*may take 1: .* mark it @pytest\.mark\.{kind}$", words)


@pytest.mark.process
@pytest.mark.parametrize("name", ["marked", "asleep", "compilation_for_all"])
def test_others_may_take_their_time(said: dict[str, str], name: str):
    assert said[f"test_{name}"] == "PASSED"


@pytest.mark.process
def test_a_failure_keeps_its_own_words(said: dict[str, str]):
    assert "as it says" in said["test_wrong"]
    assert "CPU" not in said["test_wrong"]


def test_no_test_is_run_by_nothing():
    """What is asked for by no marker is asked for by scripts/test --all, and by plain pytest."""
    settings = tomllib.loads((HERE.parent / "pyproject.toml").read_text(encoding="utf-8"))
    addopts = settings["tool"]["pytest"]["ini_options"]["addopts"]
    assert not re.search(r"(^|\s)(-m|-k|--ignore|--deselect)\b", addopts)
    script = (HERE.parent / "scripts" / "test").read_text(encoding="utf-8")
    assert re.findall(r"-m [a-z]\w*", script.replace("-m pytest", "")) == ["-m quick"]


def test_one_of_each_kind_is_quick():
    assert CHOSEN.keys() | {"slow"} == KINDS.keys()
    for kind, names in CHOSEN.items():
        assert names, kind
        for name in names:
            file, _, function = name.partition("::")
            text = (HERE / file).read_text(encoding="utf-8")
            assert f"def {function.partition('[')[0]}(" in text, name


def test_whole_files_are_there():
    assert WHOLE.keys() <= KINDS.keys()
    places = [place for whole in WHOLE.values() for place in whole]
    assert len(set(places)) == len(places)
    assert [place for place in places if not (HERE / place).exists()] == []
