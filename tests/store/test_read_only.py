"""A store that can't be written can be read; what would have to be written is refused in one line."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from execution.fake_engine import FakeEngine, assert_same, made_up

from trainlab.errors import StoreError
from trainlab.execution import train_all
from trainlab.spec import Experiment
from trainlab.store import Store

EXPERIMENT = Experiment.from_dict({"network": "2-3-1", "epochs": 100})
NOBODY = 65534


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose parents anybody may pass, unlike those of `tmp_path`."""
    made = Path(tempfile.mkdtemp())
    made.chmod(0o755)
    with Store.open(made) as store:
        store.save([made_up(EXPERIMENT, range(10))], engine="fake")
    yield made
    shutil.rmtree(made)


@contextmanager
def only_read(folder: Path) -> Generator[None]:
    """Take away the right to write, and be somebody whom that binds."""
    for each in (*folder.iterdir(), folder):
        each.chmod(0o555)
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o755)


def test_everything_in_it_can_be_read(folder: Path) -> None:
    before = sorted(each.name for each in folder.iterdir())
    with only_read(folder), Store.open(folder) as store:
        assert store.read_only
        assert_same(store.load(EXPERIMENT, range(10), engine="fake"), made_up(EXPERIMENT, range(10)))
        assert store.summary()[0].seeds == 10
        assert store.check().damage == ()
        store.remember("study", "Mine", [EXPERIMENT.fingerprint], networks=1, seeds=10)
        store.save_judged(EXPERIMENT, 4, b"{}", engine="fake", rules="r")
        assert (store.studies(), store.judged(EXPERIMENT, engine="fake", rules="r")) == ([], {})
    assert sorted(each.name for each in folder.iterdir()) == before


def test_what_is_missing_is_refused_before_it_is_trained(folder: Path) -> None:
    engine = FakeEngine()
    with only_read(folder), Store.open(folder) as store:
        (runs,) = train_all([EXPERIMENT], range(10), engine=engine, store=store)
        assert_same(runs, made_up(EXPERIMENT, range(10)))
        with pytest.raises(StoreError, match=r"is read-only\. Name another folder with --store"):
            train_all([EXPERIMENT], range(11), engine=engine, store=store)
        with pytest.raises(StoreError, match=r"is read-only\. Name another folder with --store"):
            store.delete([EXPERIMENT], engine="fake")
    assert engine.asked == []


def test_runs_that_were_not_folded_in_are_not_passed_over(folder: Path) -> None:
    with Store.open(folder) as store:
        store.save([made_up(EXPERIMENT, range(10, 20))], engine="fake")
        # As a program leaves it that is killed: a copy of the file without the index of the log.
        copy = Path(f"{folder}-copy")
        copy.mkdir()
        for name in ("store.sqlite3", "store.sqlite3-wal"):
            shutil.copy(folder / name, copy / name)
    try:
        with only_read(copy), pytest.raises(StoreError, match=r"newest runs are still in store\.sqlite3-wal"):
            Store.open(copy)
    finally:
        shutil.rmtree(copy)


def test_while_another_program_writes_the_newest_runs_are_seen(folder: Path) -> None:
    with Store.open(folder) as writer:
        writer.save([made_up(EXPERIMENT, range(10, 20))], engine="fake")
        with only_read(folder), Store.open(folder) as reader:
            assert reader.missing(EXPERIMENT, range(20), engine="fake") == []


def test_an_older_version_can_not_be_upgraded_there(folder: Path) -> None:
    with Store.open(folder) as store:
        store._db.execute("PRAGMA user_version = 9")
    with only_read(folder), pytest.raises(StoreError, match="version 9, which would be upgraded") as caught:
        Store.open(folder)
    assert "\n" not in str(caught.value)


def test_an_empty_file_can_not_become_a_store_there(folder: Path) -> None:
    (folder / "store.sqlite3").write_bytes(b"")
    with only_read(folder), pytest.raises(StoreError, match="is empty, and can't become a store: the file"):
        Store.open(folder, create=False)
