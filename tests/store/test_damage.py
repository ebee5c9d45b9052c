"""Whatever is altered in a store is said in one line, and trained again where training is what is asked."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
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
from trainlab.store.chunks import HEADS, UnfitError, chunk_from, read_blobs, read_rows
from trainlab.store.database import as_store_errors, connect

# Said on purpose: it is what these tests are about.
pytestmark = pytest.mark.filterwarnings("default::trainlab.store.chunks.DamageWarning")


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
        with pytest.warns(DamageWarning, match="They count as missing"):
            (runs,) = train_all([EXPERIMENT], SEEDS, engine=FakeEngine(), store=store, workers=1)
        assert_same(runs, made_up(EXPERIMENT, SEEDS))
        assert store.check().damage == ()


def test_that_they_are_trained_is_not_promised_before_it_is_refused(tmp_path: Path) -> None:
    fill(tmp_path)
    alter(tmp_path, ROWS[0])
    with Store.open(tmp_path) as store:
        store._db.execute("PRAGMA query_only = ON")
        told = pytest.warns(DamageWarning, match=r"they aren't what was saved\. They count as missing\.$")
        with told, pytest.raises(StoreError, match="is read-only"):
            train_all([EXPERIMENT], SEEDS, engine=FakeEngine(), store=store, workers=1)


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
    assert told.out.startswith(
        "Nothing could be kept: SQLite can't read the file, and its pages hold no chunk"
    )
    (copy,) = tmp_path.glob("store.sqlite3.damaged-*")
    assert copy.read_bytes()[100:] == bytes(len(whole) - 100)


CHUNKS, LONG = 20, 100


def fill_chunks(folder: Path) -> None:
    """Fill a store with chunks that each take pages of their own."""
    with Store.open(folder) as store:
        for chunk in range(CHUNKS):
            runs = made_up(EXPERIMENT, range(chunk * LONG, (chunk + 1) * LONG))
            store.save([runs], engine="fake")
        store.remember("study", "Mine", [EXPERIMENT.fingerprint], networks=1, seeds=CHUNKS * LONG)


def readable(file: Path) -> list[range]:
    """Return of which chunks SQLite still reads all that their digests prove, told to pass over the size."""
    found: list[range] = []
    with closing(connect(str(file))) as db:
        db.execute("PRAGMA writable_schema = ON")
        for rowid in range(1, CHUNKS + 1):
            with suppress(sqlite3.DatabaseError, UnfitError):
                head = db.execute(f"{HEADS} WHERE chunks.rowid = ?", (rowid,)).fetchone()
                chunk = chunk_from(head, EXPERIMENT.fingerprint)
                assert chunk is not None
                read_rows(db, chunk)
                read_blobs(db, chunk)
                found.append(chunk.seeds)
    return found


def kept(folder: Path) -> list[range]:
    """Return the seeds that are there after a repair, each of which is as it was saved."""
    with Store.open(folder, create=False) as store:
        assert store.check().damage == ()
        held = store.summary()
        ranges = list(held[0].ranges) if held else []
        for seeds in ranges:
            assert_same(store.load(EXPERIMENT, seeds, engine="fake"), made_up(EXPERIMENT, seeds))
    return ranges


@pytest.mark.parametrize("percent", [55, 75, 95, 99])
def test_of_a_file_cut_short_every_chunk_is_kept_that_its_digests_prove(tmp_path: Path, percent: int) -> None:
    fill_chunks(tmp_path)
    file = tmp_path / "store.sqlite3"
    os.truncate(file, file.stat().st_size * percent // 100)
    due = readable(file)
    assert len(due) > 4
    told = call("store", "repair", "--store", str(tmp_path))
    assert (told.code, told.err) == (0, "")
    there = kept(tmp_path)
    chunks = sum(map(len, there)) // LONG
    assert all(any(set(seeds) <= set(each) for each in there) for seeds in due)
    words = f"Kept {chunks} chunks ({chunks * LONG:,} runs), read page by page; at least "
    assert told.out.startswith(f"SQLite can't read the file. {words}")
    assert len(due) <= chunks < CHUNKS


@pytest.mark.parametrize(
    ("lost", "offset", "length"),
    [("page", 0, 4096), ("format", 44, 4), ("application", 68, 4), ("root of chunks", 0, 4096)],
)
def test_without_its_header_or_a_tree_every_chunk_of_a_file_is_kept(
    tmp_path: Path, lost: str, offset: int, length: int
) -> None:
    fill_chunks(tmp_path)
    file, page = tmp_path / "store.sqlite3", 1
    if lost == "root of chunks":
        with closing(sqlite3.connect(file)) as db:
            ((page,),) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'chunks'").fetchall()
    with file.open("r+b") as raw:
        raw.seek(4096 * (page - 1) + offset)
        raw.write(b"\xff" * length)
    told = call("store", "repair", "--store", str(tmp_path))
    assert (told.code, told.err) == (0, "")
    assert "Kept 20 chunks (2,000 runs), read page by page; none known to be lost. The file" in told.out
    assert kept(tmp_path) == [range(2000)]
    with Store.open(tmp_path) as store:
        assert [study.title for study in store.studies()] == ["Mine"]


def test_what_was_deleted_is_not_read_from_free_pages(tmp_path: Path) -> None:
    fill_chunks(tmp_path)
    other = Experiment.from_dict({"network": "2-4-1", "epochs": 20})
    with Store.open(tmp_path) as store:
        store.save([made_up(other, range(LONG))], engine="fake")
        store.delete([EXPERIMENT], engine="fake")
    file = tmp_path / "store.sqlite3"
    with closing(sqlite3.connect(file)) as db:
        assert db.execute("PRAGMA freelist_count").fetchone()[0] > 50
        ((page,),) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'judged_runs'").fetchall()
    with file.open("r+b") as raw:
        raw.seek(4096 * (page - 1))
        raw.write(b"\xff" * 4096)
    assert (
        "Kept 1 chunk (100 runs), read page by page" in call("store", "repair", "--store", str(tmp_path)).out
    )


def test_a_database_of_somebody_else_is_not_repaired(tmp_path: Path) -> None:
    file = tmp_path / "store.sqlite3"
    with closing(sqlite3.connect(file)) as db:
        db.execute("CREATE TABLE recipes (name TEXT)")
    before = file.read_bytes()
    told = call("store", "repair", "--store", str(tmp_path))
    assert (told.code, told.out) == (2, "")
    assert "is not a trainlab store: no page of it has runs as they were saved. Move it away" in told.err
    assert file.read_bytes()[100:] == before[100:]
    assert list(tmp_path.glob("store.sqlite3.*")) == []


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
    alter(tmp_path, NAMES[0])
    killed = (
        "import os, glob; from trainlab.store import repair; "
        f"repair({str(tmp_path)!r}, lambda *_: glob.glob('{tmp_path}/*.repaired-*') and os._exit(9))"
    )
    assert subprocess.run([sys.executable, "-c", killed], check=False).returncode == 9
    assert list(tmp_path.glob("*.repaired-*"))
    done = repair(tmp_path, lambda done, total: None)
    assert list(tmp_path.glob("*.repaired-*")) == []
    assert done.runs == len(SEEDS)


def test_a_repair_beside_another_is_refused_and_touches_nothing(tmp_path: Path) -> None:
    fill(tmp_path)
    alter(tmp_path, ROWS[0])
    theirs = tmp_path / "store.sqlite3.repaired-20260101-000000-000000"
    theirs.touch()
    before = sorted(tmp_path.iterdir())
    folder = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    told = call("store", "repair", "--store", str(tmp_path))
    assert (told.code, told.out) == (2, "")
    assert told.err.endswith(": another repair of it is under way. Wait until that has ended.\n")
    assert sorted(tmp_path.iterdir()) == before
    os.close(folder)
    assert call("store", "repair", "--store", str(tmp_path)).out.startswith("Kept 1 chunk")


REPAIRS = """\
import os, sys
from trainlab.errors import StoreError
from trainlab.store import repair

waiting, go = os.pipe()
started = []
for _ in range(6):
    process = os.fork()
    if not process:
        os.close(go)
        os.read(waiting, 1)
        try:
            done = repair(sys.argv[1], lambda done, total: None)
            said = "mended" if done.copy else "was mended"
        except StoreError as error:
            said = str(error).rpartition(": ")[2]
        os.write(1, f"{said}\\n".encode())
        os._exit(0)
    started.append(process)
os.close(go)
for process in started:
    os.waitpid(process, 0)
"""


@pytest.mark.process
@pytest.mark.parametrize("how", ["altered", "cut"])
def test_of_repairs_at_once_one_mends_it_and_the_others_say_what_is_so(tmp_path: Path, how: str) -> None:
    fill_chunks(tmp_path)
    file = tmp_path / "store.sqlite3"
    if how == "altered":
        alter(tmp_path, ROWS[0])
    else:
        os.truncate(file, file.stat().st_size * 9 // 10)
    ended = subprocess.run(
        [sys.executable, "-c", REPAIRS, tmp_path], capture_output=True, text=True, timeout=60, check=False
    )
    said = ended.stdout.splitlines()
    assert (ended.stderr, len(said)) == ("", 6)
    assert said.count("mended") == 1
    others = {"was mended", "another repair of it is under way. Wait until that has ended."}
    assert set(said) <= {"mended", *others}
    assert len(list(tmp_path.glob("store.sqlite3.*-*"))) == 1
    with Store.open(tmp_path) as store:
        assert store.check().damage == ()
        assert store.summary()[0].seeds >= 1200


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
    assert line.endswith("They count as missing.")
    again = call(*asked)
    assert (answer(again), again.err) == (before, "")
