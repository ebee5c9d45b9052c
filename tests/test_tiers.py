"""The tiers of tests: which are named as expensive, and that every test is run by something."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest
from tiers import CHOSEN, HOLDING, KINDS, WHOLE, mark

HERE = Path(__file__).parent


@dataclass(kw_only=True)
class MadeUp:
    """What `mark` asks of a test."""

    path: Path
    nodeid: str
    marks: list[str] = field(default_factory=list)

    def iter_markers(self) -> Iterator[SimpleNamespace]:
        return (SimpleNamespace(name=name) for name in self.marks)

    def add_marker(self, name: str) -> None:
        self.marks.append(name)


TIMED = {
    "conftest.py": "import tiers\n\ntiers.LIMIT = 0.5\n",
    "test_timed.py": """
import subprocess, sys, time
import pytest

BURN = "import time\\nend = time.process_time() + 0.8\\nwhile time.process_time() < end: pass"

def test_call(): exec(BURN)

def test_child(): subprocess.run([sys.executable, "-c", BURN], check=True)

@pytest.mark.trains
def test_marked(): exec(BURN)

def test_asleep(): time.sleep(0.8)
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
        (folder / name).write_text(text, encoding="utf-8")
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


@pytest.mark.process
def test_cpu_times_name_what_costs_much_and_fail_nothing(tmp_path: Path):
    found = outcomes(tmp_path, TIMED, "--as-checked", f"--cpu-times={tmp_path / 'times.tsv'}")
    assert set(found.values()) == {"PASSED"}
    rows = [line.split("\t") for line in (tmp_path / "times.tsv").read_text(encoding="utf-8").splitlines()]
    assert {name.partition("::")[2]: bool(odd) for _, name, *odd in rows} == {
        "test_call": True,
        "test_child": True,
        "test_marked": False,
        "test_asleep": False,
    }
    assert all(float(seconds) > 0.5 for seconds, name, *_ in rows if "asleep" not in name)


@pytest.mark.process
@pytest.mark.parametrize(
    ("options", "new"), [((), "PASSED"), (("--as-checked",), "FAILED - UserWarning: new")]
)
def test_new_warnings_fail_in_scripts_check_only(tmp_path: Path, options: tuple[str, ...], new: str):
    assert outcomes(tmp_path, WARNING, *options) == {"test_known": "PASSED", "test_new": new}
    assert "scripts/test --as-checked" in (HERE.parent / "scripts" / "check").read_text(encoding="utf-8")


def test_no_test_is_run_by_nothing():
    """What is asked for by no marker is asked for by scripts/test --all, and by plain pytest."""
    settings = tomllib.loads((HERE.parent / "pyproject.toml").read_text(encoding="utf-8"))
    addopts = settings["tool"]["pytest"]["ini_options"]["addopts"]
    assert not re.search(r"(^|\s)(-m|-k|--ignore|--deselect)\b", addopts)
    script = (HERE.parent / "scripts" / "test").read_text(encoding="utf-8")
    assert re.findall(r"-m [a-z]\w*", script.replace("-m pytest", "")) == ["-m quick"]


@pytest.mark.parametrize("name", [*HOLDING, *CHOSEN])
def test_what_is_named_is_there(name: str):
    file, _, function = name.partition("::")
    text = (HERE / file).read_text(encoding="utf-8")
    if function:
        assert f"def {function.partition('[')[0]}(" in text


@pytest.mark.parametrize(
    ("name", "quick"),
    [
        ("docs/test_site.py::test_it_can_be_searched", False),
        ("docs/test_json.py::test_any", True),
        ("diagnosis/test_rules.py::test_a_fault_is_found_and_blamed_first[dead_relu]", True),
        ("diagnosis/test_rules.py::test_the_same_mended_is_healthy[dead_relu]", False),
        ("diagnosis/test_styles.py::test_a_style[scripted]", True),
        ("diagnosis/test_styles.py::test_a_style[other]", False),
        ("stats/test_rate.py::test_any", True),
        ("crash/test_signals.py::test_any", False),
    ],
)
def test_files_functions_and_cases_that_are_named_are_quick(name: str, quick: bool):
    file, _, case = name.partition("::")
    item = MadeUp(path=HERE / file, nodeid=f"tests/{file}::{case}")
    mark([item], whole_files=False)  # type: ignore[list-item]
    assert ("quick" in item.marks) == quick


def test_whole_files_are_there():
    assert WHOLE.keys() <= KINDS.keys()
    places = [place for whole in WHOLE.values() for place in whole]
    assert len(set(places)) == len(places)
    assert [place for place in places if not (HERE / place).exists()] == []
