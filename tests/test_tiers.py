"""The tiers of tests: what an unmarked test may cost, and that every test is run by something."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import cpu_time
import pytest
from tiers import CHOSEN, KINDS, WHOLE

HERE = Path(__file__).parent

BURN = """
import time
from cpu_time import yardstick

def burn(times=28, seconds=1.4):
    # Seconds of the usual machine on a slower one, and of its own on one that is faster.
    end = time.process_time() + seconds
    while times > 0 or time.process_time() < end:
        yardstick()
        times -= 1
"""
BURNING = {
    "burn.py": BURN,
    "conftest.py": """
from burn import burn
from trainlab.engine.kernel import compiled_units

compiled_units._compiled = lambda unit, *, kept_on_disk=True: burn()
""",
    "test_burning.py": """
import gc, subprocess, sys, time
import burn as module
import pytest
from burn import burn
from trainlab.engine.kernel import compiled_units

@pytest.fixture(scope="module")
def dear_to_all(): burn()

@pytest.fixture
def dear(): burn()

def test_call(): burn()

def test_setup(dear): pass

def test_first_of_two(dear_to_all): pass

def test_second_of_two(dear_to_all): pass

def test_child(): subprocess.run([sys.executable, "-c", "import burn; burn.burn()"], cwd=FOLDER, check=True)

def test_compilation(): compiled_units._compiled(None, kept_on_disk=False)

def test_compilation_for_all(): compiled_units._compiled(None)

class Cycle:
    def __init__(self): self.itself = self
    def __del__(self): burn()

loaded = []

def test_what_is_loaded_once(tmp_path):
    (tmp_path / "made").mkdir()
    if not loaded:
        burn()
    loaded.append(1)

def test_garbage():
    Cycle()
    gc.collect()

@pytest.mark.trains
def test_marked(): burn()

def test_asleep(): time.sleep(1.2)

def test_wrong():
    burn()
    assert False, "as it says"
""",
}


WARNING = {
    "pytest.ini": "[pytest]\nfilterwarnings = ignore:known\n",
    "test_warning.py": """
import warnings

def test_known(): warnings.warn("known of old", UserWarning)

def test_new(): warnings.warn("new", UserWarning)
""",
}


def outcomes(folder: Path, files: dict[str, str], *options: str) -> dict[str, str]:
    """Run the tests in some files: by test, its outcome and the words beside it."""
    for name, text in files.items():
        (folder / name).write_text(text.replace("FOLDER", repr(str(folder))), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "tiers", "-p", "no:cacheprovider", "-rA", *options]
    done = subprocess.run(
        [*command, "--rootdir", str(folder), str(folder)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path]), "COLUMNS": "300"},
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.findall(r"^(PASSED|FAILED) \S*\.py::(\w+)(.*)$", done.stdout, re.MULTILINE)
    assert found, done.stdout + done.stderr
    return {name: outcome + words for outcome, name, words in found}


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What is said of tests that burn CPU time."""
    return outcomes(tmp_path_factory.mktemp("burning"), BURNING, "--as-checked")


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
def test_on_a_users_machine_none_fails_for_what_it_costs(tmp_path: Path):
    assert outcomes(tmp_path, BURNING)["test_call"] == "PASSED"


@pytest.mark.process
@pytest.mark.parametrize(
    "name", ["marked", "asleep", "compilation_for_all", "garbage", "what_is_loaded_once"]
)
def test_others_may_take_their_time(said: dict[str, str], name: str):
    assert said[f"test_{name}"] == "PASSED"


@pytest.mark.process
def test_a_failure_keeps_its_own_words(said: dict[str, str]):
    assert "as it says" in said["test_wrong"]
    assert "CPU" not in said["test_wrong"]


@pytest.mark.process
@pytest.mark.parametrize(
    ("options", "new"), [((), "PASSED"), (("--as-checked",), "FAILED - UserWarning: new")]
)
def test_new_warnings_fail_in_scripts_check_only(tmp_path: Path, options: tuple[str, ...], new: str):
    assert outcomes(tmp_path, WARNING, *options) == {"test_known": "PASSED", "test_new": new}
    assert "scripts/test --as-checked" in (HERE.parent / "scripts" / "check").read_text(encoding="utf-8")


@pytest.mark.parametrize(("yardstick", "usual"), [(0.05, 1.6), (0.1, 0.8), (0.01, 1.6)])
def test_seconds_of_a_slow_machine_count_less(
    monkeypatch: pytest.MonkeyPatch, yardstick: float, usual: float
):
    monkeypatch.setattr(cpu_time, "yardstick", lambda: yardstick)
    assert cpu_time.usual_seconds(1.6) == pytest.approx(usual)


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
