"""What is read out of a store is what the commands themselves say, and it is told if some is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from execution.fake_engine import made_up

from trainlab.spec import Experiment, study_from_toml, study_to_dict
from trainlab.store import NamedStudy, Store
from trainlab.studies import map_plane, race, study
from trainlab.studies.stored import HeldRuns, NotThereError, StoredMap, StoredRace, StoredStudy

PLAN = study_from_toml(
    """
    title = "Mine"
    seeds = 3
    [baseline]
    network = "2-2-1"
    epochs = 4
    [changes.A]
    set.optimizer.lr = 0.1
    [race]
    "optimizer.lr" = [0.01, 0.1]
    """
)


def only_one(store: Store) -> tuple[NamedStudy, HeldRuns]:
    (named,) = store.studies()
    return named, HeldRuns.of(store, named)


def without_times(told: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name != "how"}


def held_of_made_up(folder: Path, there: dict[Experiment, int], *, engine: str = "fast@1") -> Store:
    """Return a store of PLAN with the first so many made-up runs of each experiment."""
    store = Store.open(folder)
    cells = [cell.experiment.fingerprint for cell in PLAN.cells()]
    store.remember(
        "study", "Mine", cells, networks=1, changes=1, seeds=PLAN.seeds, question=study_to_dict(PLAN)
    )
    runs = [made_up(each, range(count)) for each, count in there.items() if count]
    store.save(runs, engine=engine)
    return store


@pytest.mark.trains
def test_a_study_that_is_whole_says_what_the_command_said(tmp_path: Path) -> None:
    said = study(PLAN, store=tmp_path, workers=1, engine="reference")
    with Store.open(tmp_path) as store:
        named, held = only_one(store)
        read = StoredStudy.of(named).result(held)
    assert without_times(read.to_dict()) == without_times(said.to_dict())
    assert (read.how.seeds, read.how.engine, read.how.trained_steps) == (3, "reference", 0)


@pytest.mark.trains
def test_a_race_that_is_over_says_what_the_command_said(tmp_path: Path) -> None:
    said = race(PLAN, store=tmp_path, workers=1, engine="reference", seeds=2, max_seeds=4)
    with Store.open(tmp_path) as store:
        named, held = only_one(store)
        stored = StoredRace.of(named)
        read = stored.result(held)
        parts = stored.parts()
        store.delete([parts[0].experiments[0][0]], engine=held.engine(parts[0].experiments[0][0], range(2)))
        with pytest.raises(NotThereError, match="not all of 2 runs of 2-2-1 are there"):
            stored.result(HeldRuns.of(store, named))
    assert without_times(read.to_dict()) == without_times(said.to_dict())
    assert [part.name for part in parts] == ["lr 0.01", "lr 0.1"]


@pytest.mark.trains
def test_a_map_that_is_whole_says_what_the_command_said(tmp_path: Path) -> None:
    plane = {"x": "lr=0.01..1", "y": "epochs=1..3"}
    said = map_plane(PLAN, **plane, size=(3, 2), seeds=2, store=tmp_path, workers=1, engine="reference")
    with Store.open(tmp_path) as store:
        named, held = only_one(store)
        stored = StoredMap.of(named)
        read, solved = stored.read(held)
        assert read is not None
        point = stored.part(4)
        ((experiment, seeds),) = point.experiments
        store.delete([experiment], engine=held.engine(experiment, seeds))
        missing, left = stored.read(HeldRuns.of(store, named))
    assert without_times(read.to_dict()) == without_times(said.to_dict())
    assert (experiment, seeds) == (stored.asked.at(1, 1), range(2))
    assert point.name == "optimizer.lr = 0.1, epochs = 3"
    assert missing is None
    assert set(solved) - set(left) == {(1, 1)}


def test_of_a_study_that_runs_the_whole_cells_are_read(tmp_path: Path) -> None:
    plain, changed = (cell.experiment for cell in PLAN.cells())
    with held_of_made_up(tmp_path, {plain: 3, changed: 2}) as store:
        named, held = only_one(store)
        stored = StoredStudy.of(named)
        assert [(part.trained(held), part.due) for part in stored.parts()] == [(3, 3), (2, 3)]
        assert stored.reach(held) == (3, (PLAN.cells()[0],))
        assert [item.cell.name for item in stored.result(held).cells] == ["2-2-1:none"]


def test_before_any_cell_is_whole_those_that_are_furthest_are_read_as_far_as_they_are(tmp_path: Path) -> None:
    plain, changed = (cell.experiment for cell in PLAN.cells())
    with held_of_made_up(tmp_path, {plain: 2, changed: 2}) as store:
        named, held = only_one(store)
        result = StoredStudy.of(named).result(held)
    assert (len(result.cells), result.how.seeds, result.run_count) == (2, 2, 4)


def test_seeds_after_a_gap_are_counted_but_not_read(tmp_path: Path) -> None:
    plain = PLAN.cells()[0].experiment
    with held_of_made_up(tmp_path, {}) as store:
        store.save([made_up(plain, range(1)), made_up(plain, range(2, 3))], engine="fast@1")
        named, held = only_one(store)
        part = StoredStudy.of(named).parts()[0]
        assert (part.trained(held), part.there(held)) == (2, [(plain, range(1))])
        rate = part.solved(held)
        assert rate is not None
        assert rate.n == 1


def test_without_any_run_there_is_no_result(tmp_path: Path) -> None:
    with held_of_made_up(tmp_path, {}) as store:
        named, held = only_one(store)
        assert held.last_saved is None
        assert StoredStudy.of(named).reach(held) == (0, ())
        with pytest.raises(NotThereError, match="no run of this study is there yet"):
            StoredStudy.of(named).result(held)


def test_of_two_engines_that_with_more_of_the_seeds_is_read(tmp_path: Path) -> None:
    plain = PLAN.cells()[0].experiment
    with held_of_made_up(tmp_path, {plain: 2}, engine="fast@old") as store:
        store.save([made_up(plain, range(3))], engine="reference@new")
        held = only_one(store)[1]
        assert held.engine(plain, range(3)) == "reference@new"
        assert (
            held.provenance(["reference@new", "fast@old"], seeds=3, seconds=0.0).engine
            == "fast and reference"
        )
