import os
import threading
import time
from pathlib import Path

import pytest
from execution.fake_engine import FakeEngine

import trainlab.execution.compile_once as compile_once
from trainlab.execution import Chunk
from trainlab.spec import Experiment

FAST = FakeEngine(name="fast")


def chunk(**changes: object) -> Chunk:
    experiment = Experiment.from_dict({"network": "2-2-1", "epochs": 20, "loss": "mse", **changes})
    return Chunk(experiment=experiment, seeds=range(100), marks=(20,))


@pytest.fixture
def compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Chunk]:
    """What was compiled, in a node of its own."""
    done: list[Chunk] = []

    def load(engine: object, each: Chunk) -> None:
        time.sleep(0.01)
        done.append(each)

    monkeypatch.setattr(compile_once.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(compile_once, "_load", load)
    return done


def test_side_by_side_one_compiles(compiled: list[Chunk]) -> None:
    threads = [
        threading.Thread(
            target=compile_once.compile_once, args=(FAST, chunk(optimizer={"name": "sgd", "lr": lr}))
        )
        for lr in (0.1, 0.2, 0.3, 0.4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(compiled) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"loss": "l1"},
        {"optimizer": {"name": "adam", "lr": 0.1}},
        {"network": {"widths": "2-2-1", "activation": "relu"}},
        {"network": {"widths": "2-2-1", "dropout": 0.5}},
    ],
)
def test_what_needs_other_units_is_compiled_too(compiled: list[Chunk], other: dict[str, object]) -> None:
    for each in (chunk(), chunk(**other), chunk(), chunk(**other)):
        compile_once.compile_once(FAST, each)
    assert compiled == [chunk(), chunk(**other)]


def test_only_the_fast_engine_compiles(compiled: list[Chunk]) -> None:
    compile_once.compile_once(FakeEngine(name="reference"), chunk())
    assert compiled == []


@pytest.mark.parametrize("made", ["open to all", "a link", "a file"])
def test_a_folder_that_somebody_else_may_have_made_is_left_alone(
    compiled: list[Chunk], tmp_path: Path, made: str
) -> None:
    folder, mine = tmp_path / f"trainlab-kernel-{os.getuid()}", tmp_path / "mine"
    mine.write_text("kept")
    if made == "a file":
        folder.touch()
    else:
        real = tmp_path / "elsewhere" if made == "a link" else folder
        real.mkdir()
        real.chmod(0o777 if made == "open to all" else 0o700)
        (real / "lock").symlink_to(mine)
        if made == "a link":
            folder.symlink_to(real)
    compile_once.compile_once(FAST, chunk())
    assert mine.read_text() == "kept"
    assert compiled == []


def test_what_failed_is_tried_again(compiled: list[Chunk], monkeypatch: pytest.MonkeyPatch) -> None:
    load = compile_once._load
    monkeypatch.setattr(compile_once, "_load", lambda engine, each: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        compile_once.compile_once(FAST, chunk())
    monkeypatch.setattr(compile_once, "_load", load)
    compile_once.compile_once(FAST, chunk())
    assert len(compiled) == 1
