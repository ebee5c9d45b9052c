"""The process of a script where its report can't be written, or nothing was listened to."""

from __future__ import annotations

import json
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from trainlab.diagnosis.script import child
from trainlab.diagnosis.script.child import Child
from trainlab.diagnosis.script.plan import Plan


@pytest.fixture
def one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Child:
    """Return one whose script may take no time."""
    monkeypatch.setattr(child, "GRACE", 0.0)
    monkeypatch.setattr(child, "_thread", SimpleNamespace(interrupt_main=lambda: None))
    made = Child(str(tmp_path / "report.json"), Plan(script="train.py", seconds=1e-9))
    made.probe = SimpleNamespace(read=lambda: None)  # pyright: ignore
    return made


def report_of(found: Child) -> dict[str, Any]:
    return json.loads(Path(found.report).read_bytes())


def test_a_snapshot_that_cant_be_written_isnt_tried_at_each_step(one: Child, monkeypatch: pytest.MonkeyPatch):
    tried: list[Any] = []

    def write(ended: dict[str, Any]) -> None:
        tried.append(ended)
        raise OSError("No space left on device")

    monkeypatch.setattr(one, "write", write)
    one.snapshot_at = time.monotonic() - 1
    with pytest.raises(OSError, match="No space"):
        one._at_step()
    for _ in range(3):
        one._at_step()
    assert len(tried) == 1


def test_out_of_time_it_ends_though_the_script_changes_what_is_being_read(
    one: Child, monkeypatch: pytest.MonkeyPatch
):
    class Ended(BaseException):
        pass

    def end(code: int) -> None:
        raise Ended

    class Growing(list[Any]):
        def __iter__(self):
            raise RuntimeError("dictionary changed size during iteration")

    monkeypatch.setattr(child, "exit_at_once", end)
    one.record.backwards = 1
    one.record.losses = Growing([1])
    with pytest.raises(Ended):
        one._end_in_time()
    report = report_of(one)
    assert report["ended"] == {"how": "time", "code": 0}
    assert report["troubles"] == ["RuntimeError: dictionary changed size during iteration"]


def test_pytorch_that_came_past_the_hook_is_told(one: Child):
    assert torch.__version__
    one.probe = None
    one.write({"how": "end", "code": 0})
    report = report_of(one)
    assert report["looked_at"]["torch_imported"]
    assert report["troubles"] == [child._PAST_THE_HOOK]


def test_pytorch_that_the_script_forbids_isnt_there(one: Child, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(child.sys.modules, "torch", None)
    one.probe = None
    assert not one._is_loading()
