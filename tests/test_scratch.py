"""Temporary folders: gone after their block, swept once their owner is dead, and nobody else's touched."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from trainlab.scratch import OWNER, remove_all, scratch_folder, sweep

OWNING = """
import sys, time
from trainlab.scratch import scratch_folder
with scratch_folder("test") as folder:
    print(folder, flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_it_is_gone_after_the_block(tmp_path: Path) -> None:
    with scratch_folder("test") as folder:
        Path(folder, "deep").mkdir()
        Path(folder, "deep", "file").write_text("x")
        assert Path(folder).parent == tmp_path
        assert Path(folder).name.startswith("trainlab-test-")
    assert list(tmp_path.iterdir()) == []


def test_one_that_is_in_use_is_not_swept(tmp_path: Path) -> None:
    with scratch_folder("test") as folder:
        Path(folder, "file").write_text("x")
        sweep(str(tmp_path))
        assert Path(folder, "file").exists()


def test_what_only_looks_like_one_stays(tmp_path: Path) -> None:
    (tmp_path / "trainlab-doctor-notes").mkdir()
    (tmp_path / "trainlab-file").write_text("x")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / OWNER).touch()
    (tmp_path / "trainlab-link").symlink_to(elsewhere)
    linked = tmp_path / "trainlab-linked-owner"
    linked.mkdir()
    (linked / OWNER).symlink_to(elsewhere / OWNER)
    before = sorted(tmp_path.rglob("*"))
    sweep(str(tmp_path))
    assert sorted(tmp_path.rglob("*")) == before


def test_a_process_forked_inside_leaves_it_alone(tmp_path: Path) -> None:
    code = f"""
import os, sys
sys.path[:0] = {sys.path!r}
from pathlib import Path
from trainlab.scratch import scratch_folder
with scratch_folder("test") as folder:
    if (child := os.fork()) == 0:
        sys.exit(0)
    os.waitpid(child, 0)
    print(Path(folder).exists())
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "True\n"


def test_whoever_ends_inside_of_blocks_can_remove_all(tmp_path: Path) -> None:
    with scratch_folder("one"), scratch_folder("other"):
        remove_all()
        assert list(tmp_path.iterdir()) == []


@pytest.mark.process
def test_one_whose_owner_was_killed_goes_with_the_next(tmp_path: Path) -> None:
    paths = os.pathsep.join(sys.path)
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": paths}
    with subprocess.Popen(
        [sys.executable, "-c", OWNING], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        sweep(str(tmp_path))
        assert folder.exists()
        process.send_signal(signal.SIGKILL)
    assert folder.exists()
    until = time.monotonic() + 60
    while folder.exists() and time.monotonic() < until:
        sweep(str(tmp_path))
    assert not folder.exists()
