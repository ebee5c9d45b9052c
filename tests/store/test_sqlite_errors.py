"""Whatever is wrong with the file, the user gets one line that names it and says what to do."""

import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from execution.fake_engine import made_up
from store.flipped import call

from trainlab.errors import StoreError
from trainlab.spec import Experiment
from trainlab.store import Store, store
from trainlab.store.database import REASONS

EXPERIMENT = Experiment.from_dict({"network": "2-11-1", "epochs": 100})


def complaint(folder: Path, *, create: bool = True) -> str:
    with pytest.raises(StoreError) as caught:
        read_all(folder, create=create)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(str(folder))
    return message


def read_all(folder: Path, *, create: bool) -> None:
    with Store.open(folder, create=create) as opened:
        opened.summary()
        opened.load(EXPERIMENT, range(200), engine="fake")


def filled(folder: Path) -> Path:
    with Store.open(folder) as opened:
        opened.save([made_up(EXPERIMENT, range(200))], engine="fake")
    return folder / "store.sqlite3"


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "store.sqlite3").write_bytes(b"I am a diary. " * 1000)
    words = complaint(tmp_path)
    assert "is not a trainlab store. Move it away" in words
    assert "If it was one, 'trainlab store repair' keeps what can be read." in words
    assert (tmp_path / "store.sqlite3").read_bytes().startswith(b"I am a diary.")


def test_random_bytes(tmp_path: Path) -> None:
    (tmp_path / "store.sqlite3").write_bytes(os.urandom(20_000))
    assert "is not a trainlab store" in complaint(tmp_path)


def test_a_database_of_somebody_else(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "store.sqlite3") as db:
        db.execute("CREATE TABLE recipes (name TEXT)")
    db.close()
    assert "is a database, but not a trainlab store" in complaint(tmp_path)


def test_a_store_of_an_older_version(tmp_path: Path) -> None:
    with sqlite3.connect(filled(tmp_path)) as db:
        db.execute("PRAGMA user_version = 1")
    db.close()
    assert "is a store of version 1, of an older trainlab; this one writes version 10." in complaint(tmp_path)


def test_a_store_of_a_newer_version(tmp_path: Path) -> None:
    with sqlite3.connect(filled(tmp_path)) as db:
        db.execute("PRAGMA user_version = 11")
    db.close()
    assert "is a store of version 11, but this trainlab reads version 10. Update trainlab" in complaint(
        tmp_path
    )


def test_a_store_cut_short(tmp_path: Path) -> None:
    file = filled(tmp_path)
    os.truncate(file, file.stat().st_size // 2)
    assert "is damaged" in complaint(tmp_path)


@pytest.mark.parametrize("page", [1, 2, 3, 4, 5])
def test_a_store_with_a_page_overwritten(tmp_path: Path, page: int) -> None:
    file = filled(tmp_path)
    with file.open("r+b") as raw:
        raw.seek(4096 * page)
        raw.write(b"\xff" * 4096)
    assert "store" in complaint(tmp_path)


@pytest.mark.parametrize(
    "damage",
    ["UPDATE chunks SET predictions = x'00'", "DELETE FROM runs WHERE seed = 7"],
)
def test_a_store_that_contradicts_itself(tmp_path: Path, damage: str) -> None:
    with sqlite3.connect(filled(tmp_path)) as db:
        db.execute(damage)
    db.close()
    assert "is damaged" in complaint(tmp_path)


def test_runs_of_two_formats(tmp_path: Path) -> None:
    with Store.open(tmp_path) as opened:
        opened.save([made_up(EXPERIMENT, range(100))], engine="fake")
        opened.save([made_up(EXPERIMENT, range(100, 200), dtype="f8")], engine="fake")
    assert "engine 'fake' saved runs in different formats" in complaint(tmp_path)


@pytest.mark.parametrize("left", ["", "-journal", "-wal", "-shm"])
def test_an_empty_file_is_a_store_to_be_whatever_a_full_disk_left_beside_it(
    tmp_path: Path, left: str
) -> None:
    for name in {"store.sqlite3", f"store.sqlite3{left}"}:
        (tmp_path / name).touch()
    with Store.open(tmp_path, create=False) as opened:
        assert opened.summary() == []
    assert filled(tmp_path).stat().st_size > 0


@pytest.mark.parametrize("command", [("show",), ("store", "check"), ("store", "repair")])
def test_a_command_takes_an_empty_file_for_a_store_with_nothing_in_it(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "store.sqlite3").touch()
    told = call(*command, "--store", str(tmp_path))
    assert (told.code, told.err) == (0, "")
    assert told.out.startswith(("Nothing in ", "No damage in ", "Nothing to repair in "))


STARTS = """\
import os, sys
from trainlab.cli.study import left_over
from trainlab.spec import load_study
from trainlab.store import Store

plan = load_study("xor44")
for folder in "123":
    waiting, go = os.pipe()
    started = []
    for number in range(8):
        process = os.fork()
        if not process:
            os.close(go)
            os.read(waiting, 1)
            try:
                left_over(plan, folder)
                with Store.open(folder) as store:
                    store.remember("study", plan.title, [str(number)], networks=1, seeds=2)
            except BaseException as error:
                print(error, file=sys.stderr, flush=True)
            os._exit(0)
        started.append(process)
    os.close(go)
    for process in started:
        os.waitpid(process, 0)
"""


@pytest.mark.process
def test_first_studies_that_start_side_by_side_all_work(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", STARTS], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    for folder in "123":
        with Store.open(tmp_path / folder) as store:
            assert len(store.studies()) == 8


def test_no_store_where_none_is_to_be_made(tmp_path: Path) -> None:
    assert "holds no store" in complaint(tmp_path / "nothing", create=False)
    assert not (tmp_path / "nothing").exists()


def test_the_folder_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("hello")
    assert "is a file; the store needs a folder" in complaint(tmp_path / "notes")
    assert "can't make this folder (Not a directory)" in complaint(tmp_path / "notes" / "below")


def test_the_file_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "store.sqlite3").mkdir()
    assert "can't be opened" in complaint(tmp_path)


def test_a_folder_that_can_not_be_made() -> None:
    assert "can't make this folder" in complaint(Path("/proc/trainlab"))


def test_a_folder_name_that_can_not_be() -> None:
    with pytest.raises(StoreError, match="can't make this folder"):
        Store.open("a\0b")


def test_locked_by_another_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "BUSY_SECONDS", 0.05)
    other = sqlite3.connect(filled(tmp_path), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with (
        Store.open(tmp_path) as opened,
        pytest.raises(StoreError, match="is locked: another process keeps writing"),
    ):
        opened.save([made_up(EXPERIMENT, range(300))], engine="fake")
    other.close()


def test_a_lock_that_ends_is_waited_for(tmp_path: Path) -> None:
    other = sqlite3.connect(filled(tmp_path), isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    threading.Timer(0.2, lambda: other.execute("ROLLBACK")).start()
    with Store.open(tmp_path) as opened:
        opened.save([made_up(EXPERIMENT, range(300))], engine="fake")
        assert opened.missing(EXPERIMENT, range(300), engine="fake") == []
    other.close()


def test_a_full_disk_keeps_what_was_finished(tmp_path: Path) -> None:
    filled(tmp_path)
    with Store.open(tmp_path) as opened:
        database: sqlite3.Connection = opened._db
        database.execute("PRAGMA max_page_count = 60")
        with pytest.raises(StoreError, match="the disk is full"):
            opened.save([made_up(EXPERIMENT, range(200, 900))], engine="fake")
        assert opened.missing(EXPERIMENT, range(900), engine="fake") == [range(200, 900)]
        database.execute("PRAGMA max_page_count = 60000")
        opened.save([made_up(EXPERIMENT, range(200, 900))], engine="fake")
        assert opened.missing(EXPERIMENT, range(900), engine="fake") == []


def test_a_read_only_store(tmp_path: Path) -> None:
    filled(tmp_path)
    with Store.open(tmp_path) as opened:
        opened._db.execute("PRAGMA query_only = ON")
        with pytest.raises(StoreError, match=r"is read-only\. Name another folder with --store"):
            opened.save([made_up(EXPERIMENT, range(300))], engine="fake")


def test_a_closed_store(tmp_path: Path) -> None:
    opened = Store.open(tmp_path)
    opened.close()
    with pytest.raises(StoreError, match="can't be used"):
        opened.summary()


def test_a_seed_that_sqlite_can_not_count(tmp_path: Path) -> None:
    with Store.open(tmp_path) as opened, pytest.raises(StoreError, match="seeds must be below"):
        opened.missing(EXPERIMENT, range(2**64, 2**64 + 1), engine="fake")


def test_many_may_make_the_same_store_at_once(tmp_path: Path) -> None:
    failures: list[BaseException] = []

    def open_and_save(first: int) -> None:
        try:
            with Store.open(tmp_path) as opened:
                opened.save([made_up(EXPERIMENT, range(first, first + 3))], engine="fake")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=open_and_save, args=(2 * index,)) for index in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with Store.open(tmp_path) as opened:
        assert opened.missing(EXPERIMENT, range(25), engine="fake") == []


def test_every_reason_is_one_sentence_or_two() -> None:
    for text in REASONS.values():
        assert text.endswith((".", "?"))
        assert "\n" not in text


def test_a_store_that_another_process_is_just_making_is_waited_for(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "store.sqlite3", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    threading.Timer(0.2, lambda: other.execute("ROLLBACK")).start()
    with Store.open(tmp_path) as opened:
        assert opened.summary() == []
    other.close()
