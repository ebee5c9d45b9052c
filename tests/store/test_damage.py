"""Whatever is altered in a store is said in one line, and trained again where training is what is asked."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest
from cli.calling import TINY
from execution.fake_engine import FakeEngine, assert_same, made_up
from store.flipped import answer, call

from trainlab.errors import StoreError
from trainlab.execution import train_all, train_and_read
from trainlab.spec import Experiment
from trainlab.store import DamagedError, DamageWarning, Store, repair
from trainlab.store.check import MOST_LINES, integrity
from trainlab.store.schema import transaction
from trainlab.store.sqlite_errors import as_store_errors

# Said on purpose: it is what these tests are about.
pytestmark = pytest.mark.filterwarnings("default::trainlab.store.damage.DamageWarning")


EXPERIMENT = Experiment.from_dict({"network": "2-3-1", "epochs": 20, "record": {"curves": 4}})
SEEDS = range(20)
ROWS = [
    "UPDATE runs SET solved = 1 - solved WHERE seed = 3",
    "UPDATE runs SET loss = 'much' WHERE seed = 3",
    "UPDATE runs SET solved_epoch = CAST(x'ff80' AS TEXT) WHERE seed = 3",
    "DELETE FROM runs WHERE seed = 3",
    "UPDATE chunks SET dtype = 'O' WHERE first_seed = 0",
    "UPDATE chunks SET shapes = '[' WHERE first_seed = 0",
    "UPDATE chunks SET shapes = CAST(x'ff80' AS TEXT) WHERE first_seed = 0",
    "UPDATE chunks SET count = count + 3 WHERE first_seed = 0",
    "DELETE FROM digests WHERE first_seed = 0",
    "UPDATE digests SET outcomes = NULL WHERE first_seed = 0",
]
BLOBS = [
    "UPDATE chunks SET parameters = zeroblob(length(parameters)) WHERE first_seed = 0",
    "UPDATE chunks SET loss_curve = 'a text' WHERE first_seed = 0",
    "UPDATE chunks SET coarse_loss = NULL WHERE first_seed = 0",
]
RECORDS = [
    "UPDATE experiments SET experiment = '{'",
    "UPDATE experiments SET experiment = CAST(x'ff80' AS TEXT)",
    "UPDATE experiments SET experiment = replace(experiment, '20', '30')",
]
NAMES = [
    "UPDATE studies SET question = '{'",
    "UPDATE studies SET seeds = 'many'",
    "UPDATE studies SET changes = 4000000000000",
    "UPDATE studies SET networks = -1",
    "UPDATE studies SET asked = 'long ago'",
    "UPDATE studies SET kind = 'poem'",
    "DELETE FROM study_experiments",
]


def alter(folder: Path, change: str) -> None:
    db = sqlite3.connect(folder / "store.sqlite3")
    with db:
        db.execute(change)
    db.close()


def fill(folder: Path) -> None:
    with Store.open(folder) as store:
        train_all([EXPERIMENT], SEEDS, engine=FakeEngine(), store=store, workers=1)
        store.remember("study", "Mine", [EXPERIMENT.fingerprint], networks=1, seeds=20)


@pytest.mark.parametrize("change", [*ROWS, *BLOBS])
def test_altered_runs_are_trained_again_and_it_is_said(tmp_path: Path, change: str) -> None:
    fill(tmp_path)
    alter(tmp_path, change)
    with Store.open(tmp_path) as store:
        with pytest.raises(DamagedError, match=r"is damaged: seeds 0 to \d+ of 2-3-1, 20 epochs") as caught:
            store.load(EXPERIMENT, SEEDS, engine="fake")
        assert "\n" not in str(caught.value)
        with pytest.warns(DamageWarning, match="They are trained again"):
            (runs,) = train_all([EXPERIMENT], SEEDS, engine=FakeEngine(), store=store, workers=1)
        assert_same(runs, made_up(EXPERIMENT, SEEDS))
        assert store.check().damage == ()


def test_a_damaged_chunk_costs_no_look_at_the_others(tmp_path: Path) -> None:
    looks: list[int] = []
    for chunks in (10, 80):
        with Store.open(tmp_path / str(chunks)) as store:
            store.save([made_up(EXPERIMENT, range(at, at + 1)) for at in range(chunks)], engine="fake")
            store._db.execute("UPDATE chunks SET dtype = 'O' WHERE first_seed = 0")
            with pytest.raises(DamagedError) as caught:
                store.load(EXPERIMENT, range(chunks), engine="fake")
            told: list[int] = []
            store._db.set_progress_handler(lambda told=told: told.append(1), 10)
            store.discard(caught.value.chunks)
            store._db.set_progress_handler(None, 0)
            assert store.missing(EXPERIMENT, range(chunks), engine="fake") == [range(1)]
            looks.append(len(told))
    assert looks[1] < 2 * looks[0]


@pytest.mark.parametrize("change", BLOBS)
def test_rates_are_read_without_the_arrays(tmp_path: Path, change: str) -> None:
    fill(tmp_path)
    alter(tmp_path, change)
    with Store.open(tmp_path) as store:
        ended = store.outcomes(EXPERIMENT, SEEDS, engine="fake")
    assert ended["solved"].tolist() == made_up(EXPERIMENT, SEEDS).solved.tolist()


def test_outcomes_are_trained_again_too(tmp_path: Path) -> None:
    fill(tmp_path)
    alter(tmp_path, ROWS[0])
    engine = FakeEngine()
    with Store.open(tmp_path) as store, pytest.warns(DamageWarning):
        # Twice the same, as two cells may be.
        both = train_and_read([EXPERIMENT] * 2, SEEDS, store.outcomes, engine=engine, store=store, workers=1)
    assert [seeds for seeds, *_ in engine.asked] == [range(10)]
    assert all(each["solved"].tolist() == made_up(EXPERIMENT, SEEDS).solved.tolist() for each in both)


@pytest.mark.parametrize("change", [*ROWS, *BLOBS, *RECORDS, *NAMES])
def test_a_check_names_it_and_a_repair_mends_it(tmp_path: Path, change: str) -> None:
    fill(tmp_path)
    alter(tmp_path, change)
    before = (tmp_path / "store.sqlite3").read_bytes()
    checked = call("store", "check", "--store", str(tmp_path))
    assert (checked.code, checked.err) == (1, ""), checked
    assert checked.out.splitlines()[-1].startswith("Damaged: ")
    repaired = call("store", "repair", "--store", str(tmp_path))
    lost = change not in NAMES
    assert (repaired.code, repaired.err) == (1 if change in RECORDS else 0, ""), repaired
    assert (" lost, to be trained again when asked for. " in repaired.out) == lost
    assert ("; none lost. " in repaired.out) != lost
    (copy,) = tmp_path.glob("store.sqlite3.damaged-*")
    assert str(copy) in repaired.out
    assert len(copy.read_bytes()) == len(before)
    checked = call("store", "check", "--store", str(tmp_path))
    assert (checked.code, checked.err) == (0, ""), checked
    assert checked.out.startswith("No damage in")


@pytest.mark.parametrize("change", [*RECORDS, *NAMES])
def test_show_says_it_and_goes_on(tmp_path: Path, change: str) -> None:
    fill(tmp_path)
    alter(tmp_path, change)
    shown = call("show", "--details", "--store", str(tmp_path))
    assert shown.code == 0, shown
    (line,) = shown.err.splitlines()
    assert line.startswith(f"trainlab: {tmp_path}/store.sqlite3: is damaged: ")


def test_what_was_said_of_a_failed_run_is_passed_over(tmp_path: Path) -> None:
    fill(tmp_path)
    with Store.open(tmp_path) as store:
        store.save_judged(EXPERIMENT, 4, b"{}", engine="fake", rules="r")
        alter(tmp_path, "UPDATE judged_runs SET found = '[]'")
        with pytest.warns(DamageWarning, match="what was said of the failed run of seed 4 is passed over"):
            assert store.judged(EXPERIMENT, engine="fake", rules="r") == {}
        assert len(store.check().damage) == 1


def test_what_was_said_of_a_discarded_run_is_not_said_of_another_experiment(tmp_path: Path) -> None:
    other = Experiment.from_dict({"network": "2-4-1", "epochs": 20})
    with Store.open(tmp_path) as store:
        store.save([made_up(EXPERIMENT, range(5))], engine="fake")
        store.save_judged(EXPERIMENT, 4, b"{}", engine="fake", rules="r")
        alter(tmp_path, "UPDATE chunks SET dtype = 'O'")
        with pytest.raises(DamagedError) as caught:
            store.load(EXPERIMENT, range(5), engine="fake")
        store.discard(caught.value.chunks)
        store.delete([other], engine="fake")  # with which experiments without runs go
        store.save([made_up(other, range(5))], engine="fake")
        assert store.judged(other, engine="fake", rules="r") == {}
        assert store.damage == []


def test_chunks_of_an_older_version_are_counted_and_get_digests_from_a_repair(tmp_path: Path) -> None:
    fill(tmp_path)
    alter(tmp_path, "UPDATE digests SET outcomes = NULL, blobs = NULL")
    with Store.open(tmp_path) as store:
        found = store.check()
    assert (found.chunks, found.unchecked, found.damage) == (2, 2, ())
    assert "saved 2 of them without a digest" in call("store", "check", "--store", str(tmp_path)).out
    done = repair(tmp_path, lambda done, total: None)
    assert (done.chunks, done.runs) == (2, 20)
    with Store.open(tmp_path) as store:
        assert store.check().unchecked == 0
        assert_same(store.load(EXPERIMENT, SEEDS, engine="fake"), made_up(EXPERIMENT, SEEDS))


def test_the_file_as_it_was_is_kept_in_no_time_or_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot(*names: Path) -> None:
        raise PermissionError

    for folder in (tmp_path / "links", tmp_path / "none"):
        fill(folder)
        alter(folder, ROWS[0])
        file = folder / "store.sqlite3"
        before, place = file.read_bytes(), file.stat().st_ino
        done = repair(folder, lambda done, total: None)
        assert done.copy
        # But for the header: the write-ahead log was folded in.
        assert done.copy.read_bytes()[100:] == before[100:]
        assert (done.copy.stat().st_ino == place) == (folder.name == "links")
        assert file.stat().st_ino != place
        monkeypatch.setattr(os, "link", cannot)


def test_a_store_without_damage_stays_as_it_is(tmp_path: Path) -> None:
    fill(tmp_path)
    place = (tmp_path / "store.sqlite3").stat().st_ino
    told = call("store", "repair", "--store", str(tmp_path))
    assert (told.code, told.err) == (0, "")
    assert told.out.startswith(f"Nothing to repair in {tmp_path}: ")
    assert (tmp_path / "store.sqlite3").stat().st_ino == place
    assert [file.name for file in tmp_path.iterdir() if "-" in file.suffix] == []
    with Store.open(tmp_path) as store:
        assert_same(store.load(EXPERIMENT, SEEDS, engine="fake"), made_up(EXPERIMENT, SEEDS))


def test_an_altered_trigger_is_damage_and_mended(tmp_path: Path) -> None:
    fill(tmp_path)
    with closing(sqlite3.connect(tmp_path / "store.sqlite3")) as db:
        db.execute("PRAGMA writable_schema = ON")
        change = "UPDATE sqlite_schema SET sql = replace(sql, 'NEW.engine', 'NER.engine') WHERE name = ?"
        assert db.execute(change, ("unchecked",)).rowcount == 1
        db.commit()
    checked = call("store", "check", "--store", str(tmp_path))
    assert (checked.code, checked.err) == (1, "")
    assert "the trigger 'unchecked' isn't what was made" in checked.out
    assert call("store", "repair", "--store", str(tmp_path)).out.startswith("Kept 2 chunks")
    assert call("store", "check", "--store", str(tmp_path)).code == 0


def test_a_file_that_cannot_be_read_keeps_nothing_and_it_is_said(tmp_path: Path) -> None:
    fill(tmp_path)
    file = tmp_path / "store.sqlite3"
    whole = file.read_bytes()
    file.write_bytes(whole[:100] + b"\0" * (len(whole) - 100))
    told = call("store", "repair", "--store", str(tmp_path))
    assert (told.code, told.err) == (1, "")
    assert told.out.startswith("Nothing could be kept: SQLite can't read the file. ")
    (copy,) = tmp_path.glob("store.sqlite3.damaged-*")
    assert copy.read_bytes()[100:] == bytes(len(whole) - 100)


def test_of_what_sqlite_finds_a_few_lines_are_shown(tmp_path: Path) -> None:
    file = tmp_path / "pages.sqlite3"
    with closing(sqlite3.connect(file)) as db:
        db.execute("CREATE TABLE pages (content)")
        db.executemany("INSERT INTO pages VALUES (zeroblob(3000))", [()] * 40)
        db.commit()
        db.execute("PRAGMA writable_schema = ON")
        db.execute("DELETE FROM sqlite_schema")
        db.commit()
    with closing(sqlite3.connect(file)) as db:
        lines = integrity(db)
    assert len(lines) == MOST_LINES + 1
    assert re.fullmatch(r"and \d+ more of the kind", lines[-1])


@pytest.mark.process
def test_what_a_killed_repair_left_is_gone_after_the_next(tmp_path: Path) -> None:
    fill(tmp_path)
    killed = (
        f"import os; from trainlab.store import repair; repair({str(tmp_path)!r}, lambda *_: os._exit(9))"
    )
    assert subprocess.run([sys.executable, "-c", killed], check=False).returncode == 9
    assert list(tmp_path.glob("*.repaired-*"))
    done = repair(tmp_path, lambda done, total: None)
    assert list(tmp_path.glob("*.repaired-*")) == []
    assert done.runs == len(SEEDS)


def test_of_two_repairs_the_later_one_deletes_nothing_of_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path)
    file, theirs = tmp_path / "store.sqlite3", tmp_path / "store.sqlite3.repaired-20260101-000000-000000"
    theirs.touch()
    with closing(sqlite3.connect(file, isolation_level=None)) as other:

        def begun_after_the_other(db: sqlite3.Connection) -> AbstractContextManager[None]:
            if db.execute("PRAGMA database_list").fetchone()[2] == str(file):
                other.execute("BEGIN IMMEDIATE")
            return transaction(db)

        monkeypatch.setattr(sys.modules["trainlab.store.repair"], "transaction", begun_after_the_other)
        with pytest.raises(StoreError, match="is in use"):
            repair(tmp_path, lambda done, total: None)
    assert theirs.exists()


def test_who_waits_for_a_repair_is_told_to_try_again(tmp_path: Path) -> None:
    fill(tmp_path)
    file, other = tmp_path / "store.sqlite3", tmp_path / "other"
    with closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA journal_mode = DELETE")
        shutil.copy(file, other)
        os.replace(other, file)
        told = pytest.raises(StoreError, match=r"^here: was replaced, as by a repair, while it was opened\.")
        with told, as_store_errors("here"):
            db.execute("UPDATE studies SET seeds = 3")


def test_a_store_in_use_and_what_is_none_are_not_repaired(tmp_path: Path) -> None:
    fill(tmp_path)
    with Store.open(tmp_path) as store:
        store.summary()
        with pytest.raises(StoreError, match="is in use"):
            repair(tmp_path, lambda done, total: None)
    (tmp_path / "store.sqlite3").write_bytes(b"I am a diary. " * 1000)
    with pytest.raises(StoreError, match="is not a trainlab store"):
        repair(tmp_path, lambda done, total: None)
    with pytest.raises(StoreError, match="holds no store"):
        repair(tmp_path / "none", lambda done, total: None)
    assert [file.name for file in tmp_path.iterdir() if "-" in file.suffix] == []


def test_a_study_of_an_altered_store_has_the_same_answer(tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(TINY)
    asked = ("study", str(tmp_path / "tiny.toml"), "--store", str(tmp_path), "--workers", "1", "--json", "-")
    before = answer(call(*asked))
    alter(tmp_path, "UPDATE runs SET solved = 1 - solved WHERE seed = 3 AND experiment = 1")
    told = call(*asked)
    assert (told.code, answer(told)) == (0, before)
    (line,) = told.err.splitlines()
    assert "is damaged: seeds 0 to 4 of 2-" in line
    assert line.endswith("They are trained again.")
    again = call(*asked)
    assert (answer(again), again.err) == (before, "")
