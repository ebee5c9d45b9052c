"""How tests run: files with Chromium apart and one at a time, a red test told as it happens."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from running import spread

HERE = Path(__file__).parent
ALONE = """
import os, time
import pytest

@pytest.fixture
def chromium(): pass

def test_alone(chromium):
    os.close(os.open("{room}/busy", os.O_CREAT | os.O_EXCL))
    time.sleep(0.5)
    os.unlink("{room}/busy")
"""
RED = """
import time

def test_red():
    assert 1 == 2, "in other words"

def test_green(): pass
"""


def carried_out(folder: Path, files: dict[str, str]) -> str:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "running", "-n", "2", "--dist", "loadfile", "-q", str(folder)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path]), "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
    )
    return done.stdout


@pytest.mark.process
def test_two_files_with_chromium_are_never_at_work_at_once(tmp_path: Path):
    text = ALONE.replace("{room}", str(tmp_path))
    said = carried_out(tmp_path, {f"test_{name}.py": text for name in ("one", "two", "three")})
    assert "3 passed" in said, said


@pytest.mark.process
def test_a_red_test_is_told_before_the_end(tmp_path: Path):
    said = carried_out(tmp_path, {"test_it.py": RED})
    told = said.partition("FAILURES")[0]
    assert "RED test_it.py::test_red (call): AssertionError: in other words" in told, said
    assert "1 failed, 1 passed" in said


def test_files_that_are_to_be_apart_stand_far_from_each_other():
    items: list[Any] = [SimpleNamespace(path=Path(name)) for name in "AABBCCDDdefghij" for _ in (1, 2)]
    order = list(dict.fromkeys(str(item.path) for item in spread(items, {Path(name) for name in "ABC"})))
    places = [order.index(name) for name in "ABC"]
    assert min(b - a for a, b in pairwise(places)) >= 2
    assert sorted(order) == sorted("ABCDdefghij")
