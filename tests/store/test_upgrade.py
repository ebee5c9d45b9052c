"""Stores of older versions are upgraded to this one; their runs lack what wasn't kept then."""

from __future__ import annotations

import json
import sqlite3
import threading
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from execution.fake_engine import assert_same, made_up

from trainlab.engine import Runs, concatenate, select
from trainlab.engine.runs import MISSING, UNKNOWN
from trainlab.errors import StoreError
from trainlab.spec import Experiment
from trainlab.store import DamagedError, Store, database
from trainlab.store.chunks import COLUMNS

EXPERIMENT = Experiment.from_dict(
    {
        "network": "2-3-1",
        "sampling": "single",
        "epochs": 100,
        "record": {"curves": 8, "loss_every": 10, "gradient_every": 50},
    }
)
OLD_COLUMNS = [name for name in COLUMNS if name != "settled_epoch"]
BLOBS = ("predictions", "parameters", "gradient", "loss_curve", "gradient_curve")
WITHOUT_LATER = """
ALTER TABLE runs DROP COLUMN settled_epoch;
ALTER TABLE chunks DROP COLUMN step_gradient;
"""
WITHOUT_TOTALS = """
DROP TRIGGER uncounted;
DROP TABLE totals;
"""
WITHOUT_DIGESTS = f"""{WITHOUT_TOTALS}
DROP TRIGGER unchecked;
DROP TABLE digests;
ALTER TABLE experiments DROP COLUMN digest;
"""
WITHOUT_JUDGED_DIGEST = "ALTER TABLE judged_runs DROP COLUMN digest;"
WITHOUT_QUESTION = "ALTER TABLE studies DROP COLUMN question;"
VERSION_2 = """
CREATE TABLE experiments (id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL UNIQUE, experiment TEXT NOT NULL);
CREATE TABLE chunks (
    experiment INTEGER NOT NULL REFERENCES experiments (id), engine TEXT NOT NULL,
    first_seed INTEGER NOT NULL, count INTEGER NOT NULL CHECK (count > 0), saved TEXT NOT NULL,
    dtype TEXT NOT NULL, shapes TEXT NOT NULL,
    predictions BLOB NOT NULL, parameters BLOB NOT NULL, gradient BLOB NOT NULL, loss_curve BLOB NOT NULL,
    gradient_curve BLOB NOT NULL, UNIQUE (experiment, engine, first_seed)
);
CREATE TABLE runs (
    experiment INTEGER NOT NULL REFERENCES experiments (id), engine TEXT NOT NULL, seed INTEGER NOT NULL,
    solved INTEGER NOT NULL, solved_epoch INTEGER NOT NULL, stopped_epoch INTEGER NOT NULL,
    diverged_step INTEGER NOT NULL, loss REAL, accuracy REAL, held_out_loss REAL, held_out_accuracy REAL,
    PRIMARY KEY (experiment, engine, seed)
) WITHOUT ROWID;
PRAGMA application_id = 1953259874;
PRAGMA user_version = 2;
"""


def save_as_version_2(db: sqlite3.Connection, runs: Runs) -> None:
    arrays = [getattr(runs, name) for name in BLOBS]
    shapes = json.dumps({name: array.shape[1:] for name, array in zip(BLOBS, arrays, strict=True)})
    db.execute(
        "INSERT INTO chunks (experiment, engine, first_seed, count, saved, dtype, shapes, "
        f"{', '.join(BLOBS)}) VALUES (1, 'fake', ?, ?, '2026-01-01T00:00:00+00:00', '<f4', ?, ?, ?, ?, ?, ?)",
        (runs.first_seed, len(runs.seeds), shapes, *(array.tobytes() for array in arrays)),
    )
    names = f"experiment, engine, seed, {', '.join(OLD_COLUMNS)}"
    for row in zip(runs.seeds, *(getattr(runs, name).tolist() for name in OLD_COLUMNS), strict=True):
        db.execute(f"INSERT INTO runs ({names}) VALUES (1, 'fake', {', '.join('?' * len(row))})", row)


def version_2(folder: Path, *chunks: range) -> sqlite3.Connection:
    db = sqlite3.connect(folder / "store.sqlite3", isolation_level=None)
    db.executescript(VERSION_2)
    text = msgspec.json.encode(EXPERIMENT.to_dict(), order="sorted").decode()
    db.execute("INSERT INTO experiments VALUES (1, ?, ?)", (EXPERIMENT.fingerprint, text))
    for seeds in chunks:
        save_as_version_2(db, made_up(EXPERIMENT, seeds))
    return db


def without_settled(runs: Runs) -> Runs:
    return replace(runs, settled_epoch=np.full_like(runs.settled_epoch, UNKNOWN))


def without_step_gradient(runs: Runs) -> Runs:
    return replace(runs, step_gradient=np.full_like(runs.step_gradient, np.nan))


def as_version_5_has(runs: Runs) -> Runs:
    return without_settled(without_step_gradient(runs))


def as_version_2_has(runs: Runs) -> Runs:
    return replace(as_version_5_has(runs), coarse_loss=np.full_like(runs.coarse_loss, MISSING))


def columns(file: Path) -> list[tuple[str, str, int]]:
    found: list[tuple[str, str, int]] = []
    with sqlite3.connect(file) as db:
        for table in ("experiments", "chunks", "digests", "totals", "runs", "judged_runs", "studies"):
            found += db.execute(
                f"SELECT name, type, \"notnull\" FROM pragma_table_info('{table}')"
            ).fetchall()
    db.close()
    return found


def version(file: Path) -> int:
    with sqlite3.connect(file) as db:
        (number,) = db.execute("PRAGMA user_version").fetchone()
    db.close()
    return number


def test_everything_that_was_there_is_there_and_coarse_curves_are_missing(tmp_path: Path) -> None:
    version_2(tmp_path, range(5), range(5, 12), range(12, 20)).close()
    whole = as_version_2_has(made_up(EXPERIMENT, range(20)))
    assert whole.coarse_loss.shape == (12, 11)
    for _ in range(2):
        with Store.open(tmp_path) as store:
            assert_same(store.load(EXPERIMENT, range(20), engine="fake"), whole)
            assert_same(store.load(EXPERIMENT, range(6, 15), engine="fake"), select(whole, range(6, 15)))
            (row,) = store.summary()
            assert row.seeds == 20
            assert row.bytes == sum(getattr(whole, name).nbytes for name in BLOBS)
    assert version(tmp_path / "store.sqlite3") == database.VERSION


def test_what_is_saved_from_then_on_has_them(tmp_path: Path) -> None:
    version_2(tmp_path, range(10)).close()
    with Store.open(tmp_path) as store:
        store.save([made_up(EXPERIMENT, range(5, 20))], engine="fake")
        loaded = store.load(EXPERIMENT, range(20), engine="fake")
    old, new = made_up(EXPERIMENT, range(10)), made_up(EXPERIMENT, range(10, 20))
    assert_same(loaded, concatenate([as_version_2_has(old), new]))


def test_a_program_of_version_2_that_has_the_file_open_goes_on(tmp_path: Path) -> None:
    old = version_2(tmp_path, range(10))
    with Store.open(tmp_path) as store:
        save_as_version_2(old, made_up(EXPERIMENT, range(10, 13)))
        whole = as_version_2_has(made_up(EXPERIMENT, range(13)))
        assert_same(store.load(EXPERIMENT, range(13), engine="fake"), whole)
    old.close()


def test_it_has_the_columns_of_a_new_one(tmp_path: Path) -> None:
    version_2(tmp_path).close()
    Store.open(tmp_path).close()
    Store.open(tmp_path / "new").close()
    assert columns(tmp_path / "store.sqlite3") == columns(tmp_path / "new" / "store.sqlite3")


def test_an_upgrade_that_fails_leaves_version_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    version_2(tmp_path, range(10)).close()
    before = columns(tmp_path / "store.sqlite3")
    upgrade = database._upgrade

    def fails(db: sqlite3.Connection) -> None:
        upgrade(db)
        raise sqlite3.OperationalError("no more")

    with monkeypatch.context() as patch:
        patch.setattr(database, "_upgrade", fails)
        with pytest.raises(StoreError, match="can't be used"):
            Store.open(tmp_path)
    assert (version(tmp_path / "store.sqlite3"), columns(tmp_path / "store.sqlite3")) == (2, before)
    Store.open(tmp_path).close()
    assert version(tmp_path / "store.sqlite3") == database.VERSION


def test_one_of_version_3_gets_the_table_of_judged_runs(tmp_path: Path) -> None:
    runs = made_up(EXPERIMENT, range(10))
    with Store.open(tmp_path) as store:
        store.save([runs], engine="fake")
    with sqlite3.connect(tmp_path / "store.sqlite3") as db:
        db.executescript(
            "DROP TABLE judged_runs; DROP TABLE studies; DROP TABLE study_experiments; "
            f"{WITHOUT_LATER} {WITHOUT_DIGESTS} PRAGMA user_version = 3;"
        )
    db.close()
    with Store.open(tmp_path) as store:
        assert_same(store.load(EXPERIMENT, range(10), engine="fake"), as_version_5_has(runs))
        store.save_judged(EXPERIMENT, 4, b"{}", engine="fake", rules="r")
        assert store.judged(EXPERIMENT, engine="fake", rules="r") == {4: "{}"}
    assert version(tmp_path / "store.sqlite3") == database.VERSION


def test_many_may_open_it_at_once(tmp_path: Path) -> None:
    version_2(tmp_path, range(10)).close()
    failures: list[BaseException] = []

    def open_it() -> None:
        try:
            with Store.open(tmp_path) as store:
                store.load(EXPERIMENT, range(10), engine="fake")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_coarse_curves_cut_short_are_damage(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        store.save([made_up(EXPERIMENT, range(12))], engine="fake")
        # As if an older trainlab had saved it: only the size tells.
        store._db.execute("UPDATE chunks SET coarse_loss = x''")
        store._db.execute("UPDATE digests SET outcomes = NULL, blobs = NULL")
        with pytest.raises(StoreError, match=r"is damaged: .*coarse_loss has 0 bytes where 4 runs"):
            store.load(EXPERIMENT, range(12), engine="fake")


def test_one_of_version_4_gets_the_names_of_studies(tmp_path: Path) -> None:
    runs = made_up(EXPERIMENT, range(10))
    with Store.open(tmp_path) as store:
        store.save([runs], engine="fake")
    with sqlite3.connect(tmp_path / "store.sqlite3") as db:
        db.executescript(
            f"DROP TABLE studies; DROP TABLE study_experiments; {WITHOUT_LATER} {WITHOUT_DIGESTS} "
            f"{WITHOUT_JUDGED_DIGEST} PRAGMA user_version = 4;"
        )
    db.close()
    with Store.open(tmp_path) as store:
        assert store.studies() == []
        store.remember("study", "Mine", [EXPERIMENT.fingerprint], networks=1, changes=2, seeds=10)
        assert_same(store.load(EXPERIMENT, range(10), engine="fake"), as_version_5_has(runs))
        (one,) = store.studies()
    assert (one.title, one.fingerprints) == ("Mine", {EXPERIMENT.fingerprint})
    assert version(tmp_path / "store.sqlite3") == database.VERSION


def test_of_runs_of_version_5_since_when_they_are_solved_is_unknown(tmp_path: Path) -> None:
    old, new = made_up(EXPERIMENT, range(10)), made_up(EXPERIMENT, range(10, 20))
    with Store.open(tmp_path) as store:
        store.save([old], engine="fake")
    with sqlite3.connect(tmp_path / "store.sqlite3") as db:
        db.executescript(
            f"{WITHOUT_LATER} {WITHOUT_QUESTION} {WITHOUT_DIGESTS} {WITHOUT_JUDGED_DIGEST} "
            "PRAGMA user_version = 5;"
        )
    db.close()
    with Store.open(tmp_path) as store:
        assert store.missing(EXPERIMENT, range(20), engine="fake") == [range(10, 20)]
        store.save([new], engine="fake")
        loaded = store.load(EXPERIMENT, range(20), engine="fake")
        ended = store.outcomes(EXPERIMENT, range(20), engine="fake")
    assert_same(loaded, concatenate([as_version_5_has(old), new]))
    np.testing.assert_array_equal(ended["settled_epoch"], loaded.settled_epoch)
    assert version(tmp_path / "store.sqlite3") == database.VERSION


@pytest.mark.parametrize("sampling", ["single", "full"])
def test_runs_of_version_6_have_no_gradient_of_a_step_unless_it_is_that_of_all_examples(
    tmp_path: Path, sampling: str
) -> None:
    experiment = Experiment.from_dict({**EXPERIMENT.to_dict(), "sampling": sampling})
    old, new = made_up(experiment, range(10)), made_up(experiment, range(10, 20))
    with Store.open(tmp_path) as store:
        store.save([old], engine="fake")
    with sqlite3.connect(tmp_path / "store.sqlite3") as db:
        db.executescript(
            f"ALTER TABLE chunks DROP COLUMN step_gradient; {WITHOUT_QUESTION} {WITHOUT_DIGESTS} "
            f"{WITHOUT_JUDGED_DIGEST} PRAGMA user_version = 6;"
        )
    db.close()
    with Store.open(tmp_path) as store:
        store.save([new], engine="fake")
        loaded = store.load(experiment, range(20), engine="fake")
    known = sampling == "full"
    assert_same(loaded, concatenate([old if known else without_step_gradient(old), new]))
    assert np.array_equal(loaded.step_gradient, loaded.gradient) == known
    assert np.isnan(loaded.step_gradient[:10]).all() != known
    assert version(tmp_path / "store.sqlite3") == database.VERSION


def test_of_studies_that_version_7_named_what_they_asked_is_unknown_until_they_are_asked_again(
    tmp_path: Path,
) -> None:
    asked = {"networks": 1, "changes": 0, "seeds": 10}
    with Store.open(tmp_path) as store:
        store.remember("study", "Mine", [EXPERIMENT.fingerprint], **asked)
    with sqlite3.connect(tmp_path / "store.sqlite3") as db:
        db.executescript(
            f"{WITHOUT_QUESTION} {WITHOUT_DIGESTS} {WITHOUT_JUDGED_DIGEST} PRAGMA user_version = 7;"
        )
    db.close()
    with Store.open(tmp_path) as store:
        (old,) = store.studies()
        store.remember("study", "Mine", [EXPERIMENT.fingerprint], **asked, question={"title": "Mine"})
        (again,) = store.studies()
        # As an older program that still has the file open names it.
        store.remember("study", "Mine", [EXPERIMENT.fingerprint], **asked)
        (kept,) = store.studies()
    assert (old.question, again.question, kept.question) == (None, {"title": "Mine"}, {"title": "Mine"})
    assert old.key == again.key == kept.key
    assert version(tmp_path / "store.sqlite3") == database.VERSION


def test_runs_of_version_8_have_no_digest_and_those_saved_from_then_on_have(tmp_path: Path) -> None:
    old, new = made_up(EXPERIMENT, range(10)), made_up(EXPERIMENT, range(10, 20))
    with Store.open(tmp_path) as store:
        store.save([old], engine="fake")
        store.save_judged(EXPERIMENT, 4, b"{}", engine="fake", rules="r")
    with sqlite3.connect(tmp_path / "store.sqlite3") as db:
        db.executescript(f"{WITHOUT_DIGESTS} {WITHOUT_JUDGED_DIGEST} PRAGMA user_version = 8;")
    db.close()
    with Store.open(tmp_path) as store:
        store.save([new], engine="fake")
        assert_same(store.load(EXPERIMENT, range(20), engine="fake"), concatenate([old, new]))
        assert store.judged(EXPERIMENT, engine="fake", rules="r") == {4: "{}"}
        assert len(store.summary()) == 1
        store._db.execute("UPDATE runs SET loss = 7 WHERE seed IN (3, 13)")
        # They can't be known to be right, so nothing is said of what was there before.
        assert store.outcomes(EXPERIMENT, range(10), engine="fake")["loss"][3] == 7
        with pytest.raises(DamagedError, match="seeds 10 to 19 of 2-3-1, 100 epochs"):
            store.outcomes(EXPERIMENT, range(20), engine="fake")
    assert version(tmp_path / "store.sqlite3") == database.VERSION


def test_runs_of_version_9_are_added_up_row_by_row_and_those_saved_from_then_on_are_not(
    tmp_path: Path,
) -> None:
    old, new = made_up(EXPERIMENT, range(10)), made_up(EXPERIMENT, range(10, 20))
    with Store.open(tmp_path) as store:
        store.save([old], engine="fake")
        (before,) = store.summary()
    with sqlite3.connect(tmp_path / "store.sqlite3") as db:
        db.executescript(f"{WITHOUT_TOTALS} PRAGMA user_version = 9;")
    db.close()
    with Store.open(tmp_path) as store:
        assert store.summary() == [before]
        store.save([new], engine="fake")
        (both,) = store.summary()
        assert (both.solved, both.ranges) == (old.solved.sum() + new.solved.sum(), (range(20),))
        assert store.solved(EXPERIMENT, range(20), engine="fake") == both.solved
        assert_same(store.load(EXPERIMENT, range(20), engine="fake"), concatenate([old, new]))
        store._db.execute("UPDATE runs SET solved = 1 - solved")
        (turned,) = store.summary()
        assert turned.solved == (~old.solved).sum() + new.solved.sum()
        assert store.check().unchecked == 0
    assert version(tmp_path / "store.sqlite3") == database.VERSION


def test_a_program_of_version_9_that_has_the_file_open_may_delete_and_save(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        store.save([made_up(EXPERIMENT, range(10))], engine="fake")
    other = sqlite3.connect(tmp_path / "store.sqlite3", isolation_level=None)
    with Store.open(tmp_path) as store:
        names = (
            "experiment, engine, first_seed, count, saved, dtype, shapes, predictions, parameters, "
            "gradient, loss_curve, gradient_curve, coarse_loss, step_gradient"
        )
        other.execute(f"CREATE TEMP TABLE kept AS SELECT {names} FROM chunks")
        other.execute("DELETE FROM chunks")
        other.execute("DELETE FROM runs WHERE seed >= 4")
        other.execute("UPDATE kept SET count = 4")
        other.execute(f"INSERT INTO chunks ({names}) SELECT {names} FROM kept")
        (row,) = store.summary()
        assert (row.ranges, row.solved) == ((range(4),), made_up(EXPERIMENT, range(4)).solved.sum())
    other.close()
