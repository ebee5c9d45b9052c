"""``trainlab show``: studies by name and newest first, filtered; hashes only on demand."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from cli.calling import TINY, Caller, assert_refused

from trainlab.engine import stored_name
from trainlab.store import Store


def ask(trainlab: Caller, *arguments: str) -> None:
    assert trainlab(*arguments, "--workers", "1").code == 0


@pytest.fixture
def asked(trainlab: Caller) -> Caller:
    """Two studies, a race and a map, kept in .trainlab in this order."""
    Path("other.toml").write_text(
        TINY.replace("Tiny", "Another [b]one[/b]").replace("epochs = 20", "epochs = 30")
    )
    ask(trainlab, "study", "tiny.toml", "--seeds", "5")
    ask(trainlab, "study", "other.toml", "--seeds", "4", "--only", "small:A")
    Path("grid.toml").write_text(TINY.replace("Tiny", "Grid") + '[race]\n"optimizer.lr" = [0.01, 0.1]\n')
    ask(trainlab, "race", "grid.toml", "--seeds", "4", "--max-seeds", "8")
    plane = ("--x", "lr=0.01..0.1", "--y", "epochs=5..10", "--size", "2x2", "--seeds", "2")
    ask(trainlab, "map", "tiny.toml", *plane)
    return trainlab


def test_studies_by_name_the_newest_first(asked: Caller) -> None:
    out = asked("show").out
    assert "4 studies in .trainlab, newest first" in out
    names = (" map: ", "race: Grid", "Another [b]one[/b]", " Tiny")
    places = [out.index(name) for name in names]
    assert places == sorted(places)
    tiny = next(line for line in out.splitlines() if line.startswith(" Tiny"))
    assert "4 × 5 = 20" in tiny
    assert " all " in tiny
    assert tiny.rstrip().endswith("%")
    other = next(line for line in out.splitlines() if line.startswith(" Another"))
    assert "1 of 4" in other
    assert "2 candidates × 8" in out
    fingerprints = [item["fingerprint"] for item in json.loads(asked("show", "--json").out)]
    assert not any(each[:8] in out for each in fingerprints)
    details = asked("show", "--details").out
    assert all(each[:8] in details for each in fingerprints)


def test_filters_by_words_and_by_day(asked: Caller) -> None:
    out = asked("show", "--study", "another").out
    assert "1 study in .trainlab" in out
    assert "Tiny" not in out
    assert "1 study in .trainlab" in asked("show", "--study", "ONE another").out
    assert asked("show", "--study", "tiny another").out.startswith("None of the 4 studies")
    (one,) = json.loads(asked("show", "--study", "another", "--json").out)
    assert [each["title"] for each in one["studies"]] == ["Another [b]one[/b]"]
    with sqlite3.connect(".trainlab/store.sqlite3") as db:
        db.execute("UPDATE studies SET asked = '2020-01-05T10:00:00+00:00' WHERE title LIKE 'Another%'")
    db.close()
    assert "Another" not in asked("show", "--since", "2020-01-06").out
    assert "Another" in asked("show", "--since", "2020-01-05").out
    assert asked("show", "--study", "nothing").out == "None of the 4 studies in .trainlab is like that.\n"
    assert_refused(
        asked("show", "--since", "yesterday"), "--since yesterday: is no date; write it as 2026-03-31."
    )


def test_a_study_asked_again_is_one_and_a_changed_one_another(trainlab: Caller) -> None:
    for seeds in ("3", "5", "4"):
        ask(trainlab, "study", "tiny.toml", "--seeds", seeds)
    with Store.open(".trainlab") as store:
        (one,) = store.studies()
        assert (one.kind, one.title, one.networks, one.changes, one.seeds) == ("study", "Tiny", 2, 1, 5)
        assert len(one.fingerprints) == 4
    Path("tiny.toml").write_text(TINY.replace('small = "2-2-1"', 'small = "2-4-1"'))
    changed = trainlab("study", "tiny.toml", "--seeds", "2", "--workers", "1")
    assert changed.err.startswith("trainlab: A study of this title, Tiny, was asked at 20")
    assert "2 of its 4 experiments aren't in this file. Their runs stay in" in changed.err
    # Two files of one title, asked in turn, are two studies.
    for text in (Path("tiny.toml").read_text(), TINY):
        Path("tiny.toml").write_text(text)
        assert trainlab("study", "tiny.toml", "--seeds", "2", "--workers", "1").err == ""
    with Store.open(".trainlab") as store:
        assert [each.title for each in store.studies()] == ["Tiny", "Tiny"]


def test_many_studies_are_shortened_and_fit_80_columns(
    trainlab: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(".trainlab") as store:
        for place in range(45):
            title = f"Number {place} of studies whose titles go on and on"
            store.remember("study", title, [f"{place:064d}"], networks=1, changes=0, seeds=10)
    monkeypatch.setenv("COLUMNS", "80")
    lines = trainlab("show").out.splitlines()
    assert "45 studies" in lines[0]
    assert max(map(len, lines)) <= 80
    assert "… and 25 older: --details shows all" in "\n".join(lines)
    assert "Number 44" in trainlab("show").out
    assert "Number 3 " not in trainlab("show").out
    assert "Number 3 " in trainlab("show", "--details").out


def test_a_store_without_names_says_what_it_holds(asked: Caller) -> None:
    with sqlite3.connect(".trainlab/store.sqlite3") as db:
        db.executescript(
            "DROP TABLE studies; DROP TABLE study_experiments; DROP TRIGGER unchecked; DROP TABLE digests; "
            "DROP TRIGGER uncounted; DROP TABLE totals; "
            "ALTER TABLE experiments DROP COLUMN digest; ALTER TABLE judged_runs DROP COLUMN digest; "
            "ALTER TABLE runs DROP COLUMN settled_epoch; ALTER TABLE chunks DROP COLUMN step_gradient; "
            "PRAGMA user_version = 4;"
        )
    db.close()
    out = asked("show").out
    assert "more belong to no study" in " ".join(out.split())
    assert asked("show", "--study", "tiny").out == "None of the 0 studies in .trainlab is like that.\n"
    assert "Each experiment, with its hash: --details" in out
    assert "2-2-1" in asked("show", "--details").out
    ask(asked, "study", "tiny.toml", "--seeds", "5")
    assert " Tiny" in asked("show").out


def test_nothing_yet(trainlab: Caller) -> None:
    assert "No store" in trainlab("show").out
    assert json.loads(trainlab("show", "--json").out) == []
    Store.open(".trainlab").close()
    assert trainlab("show").out == "Nothing in .trainlab yet: 'trainlab study FILE' fills it.\n"


def test_the_json_has_a_record_an_experiment(trainlab: Caller) -> None:
    ask(trainlab, "study", "tiny.toml", "--seeds", "5")
    held: list[dict[str, Any]] = json.loads(trainlab("show", "--json").out)
    name = stored_name("fast")
    assert [(item["engine"], item["seeds"], item["ranges"]) for item in held] == [(name, 5, [[0, 5]])] * 4
    assert all([each["title"] for each in item["studies"]] == ["Tiny"] for item in held)


def test_it_needs_no_data_file(trainlab: Caller) -> None:
    data, file = Path("points.csv"), Path("own.toml")
    data.write_text("x,y\n0,0\n1,1\n")
    file.write_text(
        'network = "1-2-1"\nepochs = 10\ntask = {name = "file", path = "points.csv", targets = "y"}\n'
        "solved = {loss = 0.1}\n"
    )
    assert trainlab("run", "own.toml", "--seeds", "3").code == 0
    data.unlink()
    assert "1-2-1 on file" in trainlab("show").out
