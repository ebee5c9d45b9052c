"""Maps that are really trained: refined and whole ones agree, the store is used, Ctrl-C loses nothing."""

from __future__ import annotations

import threading
from pathlib import Path

import msgspec
import numpy as np
import pytest
from execution.fake_engine import made_up

from trainlab import Experiment, MapResult, Network, map_plane, run
from trainlab.engine import Runs
from trainlab.execution import Interrupted, Progress, RunSettings
from trainlab.store import Store
from trainlab.studies.causes import standing_still, vanishing
from trainlab.studies.maps import plane
from trainlab.studies.maps.counts import Shares, no_counts
from trainlab.studies.maps.plane import best_point

BASE = Experiment.from_dict(
    {
        "network": {"widths": "2-4-1", "output_activation": "linear"},
        "init": {"weight": {"name": "normal", "std": 1.0}},
        "optimizer": {"name": "adam", "lr": 0.05},
        "epochs": 120,
    }
)
AXES = {"x": "lr=1e-4..10", "y": "init.std=0.01..10"}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def whole(store: Path) -> MapResult:
    return map_plane(BASE, size=(12, 10), seeds=12, every_point=True, store=store, workers=1, **AXES)


def test_a_point_is_what_running_it_gives(whole: MapResult):
    for row, column in ((0, 0), (6, 8), (9, 11), (4, 7)):
        alone = run(whole.question.at(row, column), seeds=12, workers=1).cells[0]
        failed = [vanishing(alone.runs).sum(), standing_still(alone.runs).sum()]
        assert whole.counts.runs[:4, row, column].tolist() == [alone.solved.k, alone.diverged.k, *failed]
        epochs = alone.runs.solved_epoch[alone.runs.solved]
        assert np.isnan(whole.counts.epochs[row, column]) if not len(epochs) else True
        if len(epochs):
            assert whole.counts.epochs[row, column] == np.median(epochs)


def test_every_point_was_trained_and_some_of_the_plane_works(whole: MapResult):
    assert whole.counts.trained.all()
    assert 0 < whole.learns.sum() < whole.learns.size / 2
    assert whole.how.trained_steps == (12 * 10 * 12 + 120 + 12) * 120


def test_the_best_point_is_tested_on_seeds_that_had_no_part_in_its_choice(whole: MapResult):
    best = whole.best
    assert best.seen.k == whole.counts.runs[0].max()
    assert (best.seen.n, best.fresh.n) == (12, 120)
    again = run(whole.best_experiment, seeds=132, workers=1).cells[0].runs
    assert best.fresh.k == again.solved[12:].sum()


def test_the_own_setting_is_trained_as_the_file_has_it(whole: MapResult):
    assert whole.own is not None
    assert (whole.own.x, whole.own.y) == (0.05, 1.0)
    assert whole.own.solved == run(BASE, seeds=12, workers=1).cells[0].solved
    elsewhere = map_plane(BASE, x="lr=1..10", y="init.std=1..2", size="2x2", seeds=2, workers=1)
    assert elsewhere.own is None


def test_the_store_answers_at_once_and_the_same(whole: MapResult, store: Path):
    again = map_plane(BASE, size="12x10", seeds=12, every_point=True, store=store, workers=1, **AXES)
    assert again.how.trained_steps == 0
    one, other = whole.to_dict(), again.to_dict()
    del one["how"], other["how"]
    assert repr(one) == repr(other)


def test_fresh_trains_anew(tmp_path: Path):
    options = {"size": (2, 2), "seeds": 2, "store": tmp_path, "workers": 1, **AXES}
    steps = [map_plane(BASE, fresh=fresh, **options).how.trained_steps for fresh in (False, False, True)]
    assert steps[0] == steps[2] > steps[1] == 0
    # And what it has trained, the best point's other seeds included, stays.
    assert map_plane(BASE, **options).how.trained_steps == 0


def test_of_each_engine_the_largest_experiment_says_why_it_was_taken(monkeypatch: pytest.MonkeyPatch):
    each = [msgspec.structs.replace(BASE, network=Network(widths=(2, width, 1))) for width in (2, 3, 4)]
    monkeypatch.setattr(plane, "engine_of", lambda _, one: "torch" if one == each[2] else "fast")
    trainer = plane.Trainer(RunSettings(engine="fast", workers=1), None)
    trainer.train(
        [(0, place) for place in range(3)], range(2), make=lambda point: each[point[1]], take=lambda *_: None
    )
    assert trainer.largest == {"fast": each[1], "torch": each[2]}


@pytest.mark.trains
def test_a_refined_map_trains_less_and_agrees_where_it_trained():
    options = {"size": (40, 36), "seeds": 8, "workers": 1, **AXES}
    fine = map_plane(BASE, every_point=True, **options)
    seen: list[Progress] = []
    some = map_plane(BASE, on_progress=seen.append, **options)
    trained = some.counts.trained
    assert trained.mean() < 0.7
    assert (some.counts.runs[:, trained] == fine.counts.runs[:, trained]).all()
    assert np.allclose(some.shares.runs.sum(axis=0), 1)
    # Where nothing was trained nothing much was to be found.
    assert np.abs(some.shares.solved - fine.shares.solved)[~trained].max() <= 0.5
    assert np.abs(some.shares.solved - fine.shares.solved)[~trained].mean() < 0.03
    assert some.best.seen.k >= fine.best.seen.k - 1
    last = seen[-1]
    assert last.chunks_done == last.chunks_total == int(trained.sum()) + 2
    assert last.runs_done == last.runs_total
    assert last.steps_done == last.steps_total == some.how.trained_steps
    done = [progress.steps_done for progress in seen]
    assert done == sorted(done)


def test_whole_number_axes():
    result = map_plane(BASE, x="widths.1=1..3", y="epochs=10..60", size="64x3", seeds=3, workers=1)
    assert result.question.shape == (3, 3)
    assert result.question.x.values == (1, 2, 3)
    assert result.question.at(2, 2).network.label == "2-3-1"


@pytest.mark.trains
def test_ctrl_c_between_chunks_keeps_what_was_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: MapResult
):
    stop, real = threading.Event(), plane.train_all

    def stopping(*arguments: object, **options: object) -> list[Runs]:
        return real(*arguments, stop=stop, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(plane, "train_all", stopping)
    monkeypatch.setattr(plane, "BATCH", 50)

    def on_progress(progress: Progress) -> None:
        if progress.chunks_done >= 70:
            stop.set()

    options = {"size": (12, 10), "seeds": 12, "every_point": True, "store": tmp_path, "workers": 1, **AXES}
    with pytest.raises(Interrupted) as raised:
        map_plane(BASE, on_progress=on_progress, **options)
    # What is in work is finished, at most the second batch; of the third nothing is trained, nor named.
    assert 70 <= raised.value.done <= 100
    assert raised.value.total == 120
    assert "the same command" in str(raised.value)
    with Store.open(tmp_path) as store:
        (begun,) = store.studies()
    assert (begun.kind, begun.networks) == ("map", 100)
    stop.clear()
    rest = map_plane(BASE, **options)
    with Store.open(tmp_path) as store:
        (ended,) = store.studies()
    assert begun.title == f"{ended.title} (stopped)"
    assert ended.networks >= 120
    assert begun.fingerprints < ended.fingerprints
    assert 0 < rest.how.trained_steps <= whole.how.trained_steps - 70 * 12 * 120
    assert (rest.counts.runs == whole.counts.runs).all()


def test_the_best_of_several_is_the_one_with_the_best_surroundings():
    counts = no_counts((20, 20), seeds=10)
    counts.runs[:] = np.array([0, 0, 0, 0, 10])[:, None, None]
    counts.runs[:, 2, 2] = [10, 0, 0, 0, 0]  # alone
    counts.runs[:, 10:15, 10:15] = np.array([10, 0, 0, 0, 0])[:, None, None]
    counts.epochs[:] = 50.0
    counts.epochs[2, 2] = 1.0
    shares = Shares(runs=counts.runs / 10, epochs=counts.epochs)
    row, column = best_point(counts, shares)
    assert (row, column) in {(r, c) for r in (11, 12, 13) for c in (11, 12, 13)}
    counts.epochs[12, 13] = 20.0
    assert best_point(counts, shares) == (12, 13)


def test_a_point_at_the_edge_is_no_better_than_one_within():
    counts = no_counts((32, 32), seeds=10)
    counts.runs[:] = np.array([10, 0, 0, 0, 0])[:, None, None]
    counts.epochs[:] = 50.0
    counts.epochs[0, 0] = 1.0
    shares = Shares(runs=counts.runs / 10, epochs=counts.epochs)
    row, column = best_point(counts, shares)
    assert 2 <= row < 30
    assert 2 <= column < 30


def test_where_nothing_is_solved_there_is_no_best_point():
    counts = no_counts((4, 4), seeds=10)
    counts.runs[:] = np.array([0, 3, 0, 0, 7])[:, None, None]
    counts.runs[:, 1, 1] = -1  # not trained
    assert best_point(counts, Shares(runs=counts.runs / 10, epochs=counts.epochs)) is None
    hopeless = Experiment.from_dict({**BASE.to_dict(), "epochs": 1, "solved": {"within": 1e-6}})
    result = map_plane(hopeless, size="2x2", seeds=3, workers=1, **AXES)
    assert result.best is result.best_experiment is result.to_dict()["best"] is None
    # No fresh seeds were spent: four points and the file's own setting.
    assert result.how.trained_steps == (4 + 1) * 3 * 1
    result.to_json()


def test_a_run_counts_once_even_if_made_up_ones_contradict_themselves():
    runs = made_up(BASE, range(21))
    counts = no_counts((2, 2), seeds=21)
    counts.put((0, 0), runs)
    assert counts.runs[:, 0, 0].sum() == 21
    assert (counts.runs[:, 0, 0] >= 0).all()
