"""One store taken over into another: nothing lost, nothing doubled, nothing changed, however often."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from execution.fake_engine import assert_same, made_up
from store.flipped import call

from trainlab.engine import select, stored_name
from trainlab.errors import StoreError
from trainlab.spec import Experiment
from trainlab.store import Store, taking_over
from trainlab.store.taking_over import AT_ONCE

SMALL = Experiment.from_dict({"network": "2-3-1", "epochs": 20, "record": {"curves": 4}})
LARGE = Experiment.from_dict({"network": "2-5-1", "epochs": 20, "record": {"curves": 4}})


def filled(folder: Path, **seeds: range) -> Store:
    """Return a store with these seeds of `small` and `large`."""
    store = Store.open(folder)
    for name, which in seeds.items():
        experiment = {"small": SMALL, "large": LARGE}[name]
        store.save([select(made_up(experiment, range(40)), which)], engine="fake")
    return store


def all_of(store: Store, experiment: Experiment, seeds: range) -> None:
    assert_same(store.load(experiment, seeds, engine="fake"), select(made_up(experiment, range(40)), seeds))


def test_what_is_missing_is_taken_and_no_more(tmp_path: Path):
    filled(tmp_path / "there", small=range(20), large=range(10)).close()
    with filled(tmp_path / "here", small=range(5, 12)) as here:
        taken = here.take_over(tmp_path / "there")
        assert (taken.runs, taken.here, taken.differing, taken.left_out) == (23, 7, 0, ())
        all_of(here, SMALL, range(20))
        all_of(here, LARGE, range(10))
        assert not here.check().damage
        again = here.take_over(tmp_path / "there")
        assert (again.runs, again.here) == (0, 30)
        assert not here.check().damage


def test_into_an_empty_store_it_is_a_copy_with_its_moments(tmp_path: Path):
    with filled(tmp_path / "there", small=range(20), large=range(10)) as there, there._db as db:
        db.execute("UPDATE chunks SET saved = '2020-01-01T00:00:00+00:00'")
        db.execute("DELETE FROM totals")
        there.remember("study", "Old", [SMALL.fingerprint], networks=1, seeds=20, question={"a": 1})
        db.execute("UPDATE studies SET asked = '2020-01-02T00:00:00+00:00'")
        there.save_judged(SMALL, 3, b'{"found": "x"}', engine="fake", rules="r")
    with Store.open(tmp_path / "here") as here:
        here.take_over(tmp_path / "there")
        there = Store.open(tmp_path / "there")
        assert here.summary() == there.summary()
        (study,), (old,) = here.studies(), there.studies()
        assert (study.title, study.asked, study.question) == (old.title, old.asked, old.question)
        assert here.judged(SMALL, engine="fake", rules="r") == {3: '{"found": "x"}'}
        there.close()


def test_of_a_study_that_both_have_the_later_moment_and_question_stay(tmp_path: Path):
    for folder, moment in (("there", "2020"), ("here", "2021")):
        with filled(tmp_path / folder, small=range(4)) as store:
            question = {"asked in": moment}
            store.remember("study", "Both", [SMALL.fingerprint], networks=1, seeds=4, question=question)
            store._db.execute(f"UPDATE studies SET asked = '{moment}-01-01T00:00:00+00:00'")
    with Store.open(tmp_path / "here") as here:
        here.take_over(tmp_path / "there")
        (study,) = here.studies()
        assert (study.asked.year, study.question) == (2021, {"asked in": "2021"})


def test_stopped_on_the_way_it_goes_on(tmp_path: Path):
    with Store.open(tmp_path / "there") as there:
        for seed in range(AT_ONCE + 8):
            there.save([made_up(SMALL, range(seed, seed + 1))], engine="fake")

    def stop(done: int, total: int) -> None:
        if done == AT_ONCE + 2:
            raise KeyboardInterrupt

    with Store.open(tmp_path / "here") as here:
        with pytest.raises(KeyboardInterrupt):
            here.take_over(tmp_path / "there", stop)
        assert here.missing(SMALL, range(AT_ONCE + 8), engine="fake") == [range(AT_ONCE, AT_ONCE + 8)]
        taken = here.take_over(tmp_path / "there")
        assert (taken.runs, taken.here) == (8, AT_ONCE)
        assert not here.check().damage


def test_runs_that_ended_otherwise_are_counted_and_stay(tmp_path: Path):
    there = Store.open(tmp_path / "there")
    other = made_up(SMALL, range(8))
    other.loss[2:5] = 7
    there.save([other], engine="fake")
    there.close()
    with filled(tmp_path / "here", small=range(4)) as here:
        taken = here.take_over(tmp_path / "there")
        assert (taken.runs, taken.here, taken.differing) == (4, 4, 2)
        all_of(here, SMALL, range(4))


def test_what_was_said_of_runs_that_ended_otherwise_there_is_not_taken(tmp_path: Path):
    with Store.open(tmp_path / "there") as there:
        other = made_up(SMALL, range(8))
        other.loss[2:5] = 7
        there.save([other], engine="fake")
        for seed in (1, 3, 6):
            there.save_judged(SMALL, seed, b'{"found": "x"}', engine="fake", rules="r")
    with filled(tmp_path / "here", small=range(5)) as here:
        here.take_over(tmp_path / "there")
        assert here.judged(SMALL, engine="fake", rules="r").keys() == {1, 6}


@pytest.mark.parametrize(
    ("damage", "line"),
    [
        ("UPDATE runs SET loss = 7 WHERE seed = 13", "seeds 0 to 19 of 2-3-1, 20 epochs"),
        ("UPDATE experiments SET experiment = '{' WHERE id = 1", "the record of experiment"),
    ],
)
def test_what_is_damaged_there_is_left_out_and_said(tmp_path: Path, damage: str, line: str):
    filled(tmp_path / "there", small=range(20), large=range(10)).close()
    with sqlite3.connect(tmp_path / "there" / "store.sqlite3") as db:
        db.execute(damage)
    db.close()
    told = call("store", "import", str(tmp_path / "there"), "--store", str(tmp_path / "here"))
    assert told.code == 1
    assert f"Left out: {line}" in told.out
    assert told.out.endswith(f"Took over 10 runs into {tmp_path / 'here'}; 0 runs were here already.\n")
    with Store.open(tmp_path / "here") as here:
        all_of(here, LARGE, range(10))
        assert here.missing(SMALL, range(20), engine="fake") == [range(20)]
        assert not here.check().damage


def test_where_the_file_can_not_be_read_on_it_is_said(tmp_path: Path):
    with Store.open(tmp_path / "there") as there:
        for seed in range(60):
            there.save([made_up(SMALL, range(seed, seed + 1))], engine="fake")
        there._db.execute("UPDATE chunks SET saved = 'the place to find' WHERE first_seed = 30")
    file = tmp_path / "there" / "store.sqlite3"
    content = bytearray(file.read_bytes())
    page = content.index(b"the place to find") // 4096 * 4096
    content[page : page + 4096] = bytes(4096)
    file.write_bytes(content)
    told = call("store", "import", str(tmp_path / "there"), "--store", str(tmp_path / "here"))
    assert told.code == 1
    assert "Left out: chunks: SQLite can't read the file from there on (" in told.out
    with Store.open(tmp_path / "here") as here:
        assert 0 < here.summary()[0].seeds < 60
        assert not here.check().damage


def test_what_was_said_and_named_there_is_left_out_loudly_too(tmp_path: Path):
    with filled(tmp_path / "there", small=range(4)) as there, there._db as db:
        there.remember("study", "Old", [SMALL.fingerprint], networks=1, seeds=4)
        there.save_judged(SMALL, 3, b"{}", engine="fake", rules="r")
        db.execute("UPDATE judged_runs SET found = '[]'")
        db.execute("UPDATE studies SET seeds = 'many'")
    with Store.open(tmp_path / "here") as here:
        said, named = here.take_over(tmp_path / "there").left_out
    assert "what was said of the failed run of seed 3 isn't what was saved" in said
    assert "the entry of the study 'Old' can't be read" in named


def test_what_is_saved_or_deleted_there_meanwhile_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    read_experiments = taking_over.read_experiments
    with filled(tmp_path / "there", small=range(4)) as there, Store.open(tmp_path / "here") as here:

        def then_saved(db: sqlite3.Connection) -> object:
            found = read_experiments(db)
            there.save([made_up(LARGE, range(4))], engine="fake")
            return found

        def deleted(done: int, total: int) -> None:
            if done == total:
                there.delete([SMALL, LARGE], engine="fake")

        monkeypatch.setattr(taking_over, "read_experiments", then_saved)
        taken = here.take_over(tmp_path / "there", deleted)
        assert (taken.runs, taken.left_out) == (4, ())
        all_of(here, SMALL, range(4))


def test_an_empty_file_is_no_store(tmp_path: Path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "store.sqlite3").touch()
    told = call("store", "import", str(tmp_path / "there"), "--store", str(tmp_path / "here"))
    assert (told.code, told.out) == (2, "")
    assert "holds no store" in told.err


def test_the_command_says_what_it_did(tmp_path: Path):
    filled(tmp_path / "there", small=range(20)).close()
    filled(tmp_path / "here", small=range(5)).close()
    told = call("store", "import", str(tmp_path / "there"), "--store", str(tmp_path / "here"))
    assert (told.code, told.err) == (0, "")
    assert told.out == f"Took over 15 runs into {tmp_path / 'here'}; 5 runs were here already.\n"


def test_runs_of_other_code_are_taken_and_it_is_said(tmp_path: Path):
    with Store.open(tmp_path / "there") as there:
        there.save([made_up(SMALL, range(3))], engine="fast@01234567")
        there.save([made_up(LARGE, range(4))], engine=stored_name("fast"))
    told = call("store", "import", str(tmp_path / "there"), "--store", str(tmp_path / "here"))
    assert (told.code, told.err) == (0, "")
    assert told.out.endswith(
        "; 0 runs were here already. 3 of those taken were computed by another version of trainlab or "
        "PyTorch: studies here train these anew.\n"
    )


def test_the_same_store_and_none_are_errors(tmp_path: Path):
    filled(tmp_path / "here", small=range(5)).close()
    here = str(tmp_path / "here")
    told = call("store", "import", here, "--store", here)
    assert (told.code, told.out) == (2, "")
    assert told.err == f"trainlab: {here}: is this store itself. Name the folder of another.\n"
    with Store.open(here) as opened, pytest.raises(StoreError, match="holds no store"):
        opened.take_over(tmp_path / "none")
