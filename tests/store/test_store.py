from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from execution.fake_engine import assert_same, made_up
from hypothesis import given, settings
from hypothesis import strategies as st

from trainlab.engine import select
from trainlab.engine.runs import ARRAYS
from trainlab.errors import StoreError
from trainlab.spec import Experiment
from trainlab.store import Store, subtract
from trainlab.store.chunks import BLOBS, OUTCOME


def experiment(**fields: Any) -> Experiment:
    return Experiment.from_dict({"network": "2-5-4-1", "epochs": 300, **fields})


def test_every_array_of_runs_is_kept_once() -> None:
    assert sorted([*BLOBS, *(OUTCOME.names or ())]) == sorted(ARRAYS)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "record",
    [{}, {"loss_every": 0, "gradient_every": 0}, {"loss_every": 1, "gradient_every": 1}],
    ids=["sparse", "none", "every"],
)
def test_what_is_saved_is_loaded_to_the_bit(tmp_path: Path, record: dict[str, int], dtype: Any) -> None:
    runs = made_up(experiment(record=record), range(100, 120), dtype=dtype)
    assert np.isnan(runs.loss).any()
    assert np.isinf(runs.predictions).any()
    with Store.open(tmp_path / "deep" / "folder") as store:
        store.save([runs], engine="fake")
    with Store.open(tmp_path / "deep" / "folder", create=False) as store:
        assert_same(store.load(runs.experiment, runs.seeds, engine="fake"), runs)


@pytest.mark.parametrize("curves", [0, 104, 110, 113, 500])
def test_runs_without_curves_predictions_or_parameters_come_back(curves: int) -> None:
    record = {"curves": curves, "predictions": 2, "parameters": False, "loss_every": 100}
    whole = made_up(experiment(record=record), range(100, 120))
    assert len(whole.loss_curve) == max(0, min(curves - 100, 20))
    assert whole.coarse_loss.shape == (20 - len(whole.loss_curve), 4)
    with Store.in_memory() as store:
        for seeds in (range(110, 120), range(100, 107), range(105, 112)):
            store.save([made_up(whole.experiment, seeds)], engine="fake")
        assert_same(store.load(whole.experiment, range(100, 120), engine="fake"), whole)
        for seeds in (range(100, 103), range(103, 111), range(109, 120)):
            assert_same(store.load(whole.experiment, seeds, engine="fake"), select(whole, seeds))


def test_nan_and_negative_zero_keep_their_bits_in_blobs() -> None:
    runs = made_up(experiment(), range(2))
    bits = np.array([0x7FC00001, 0xFFC00000, 0x80000000, 0x00000001], dtype=np.uint32)
    runs.predictions[:] = bits.view(np.float32).reshape(4, 1)
    with Store.in_memory() as store:
        store.save([runs], engine="fake")
        loaded = store.load(runs.experiment, range(2), engine="fake")
    assert loaded.predictions.tobytes() == runs.predictions.tobytes()


def test_loaded_arrays_may_be_written() -> None:
    with Store.in_memory() as store:
        store.save([made_up(experiment(), range(5))], engine="fake")
        loaded = store.load(experiment(), range(5), engine="fake")
    assert all(getattr(loaded, name).flags.writeable for name in ARRAYS)


@settings(deadline=None, max_examples=30)
@given(
    saved=st.lists(
        st.builds(lambda start, size: range(start, start + size), st.integers(0, 30), st.integers(1, 12))
    ),
    asked=st.builds(lambda start, size: range(start, start + size), st.integers(0, 30), st.integers(1, 12)),
)
def test_overlapping_chunks_make_no_duplicates(saved: list[range], asked: range) -> None:
    with Store.in_memory() as store:
        for seeds in saved:
            store.save([made_up(experiment(), seeds)], engine="fake")
        held = {seed for seeds in saved for seed in seeds}
        assert sum(row.seeds for row in store.summary()) == len(held)
        gaps = store.missing(experiment(), asked, engine="fake")
        assert gaps == subtract(asked, saved)
        if gaps:
            with pytest.raises(StoreError, match=f"seeds {gaps[0].start} to {gaps[0].stop - 1} aren't there"):
                store.load(experiment(), asked, engine="fake")
        else:
            assert_same(store.load(experiment(), asked, engine="fake"), made_up(experiment(), asked))


def test_what_is_there_is_not_written_again() -> None:
    first = made_up(experiment(), range(10))
    other = made_up(experiment(), range(5, 15))
    with Store.in_memory() as store:
        store.save([first], engine="fake")
        store.save([replace(other, parameters=other.parameters + 1)], engine="fake")
        loaded = store.load(experiment(), range(15), engine="fake")
    assert_same(select(loaded, range(10)), first)
    np.testing.assert_array_equal(loaded.parameters[10:], other.parameters[5:] + 1)


def test_the_same_experiment_written_otherwise_is_the_same() -> None:
    long_hand = experiment(network={"widths": [2, 5, 4, 1], "activation": ["tanh"] * 3})
    with Store.in_memory() as store:
        store.save([made_up(experiment(), range(5))], engine="fake")
        assert store.load(long_hand, range(5), engine="fake").experiment is long_hand


def test_epochs_and_engines_are_kept_apart() -> None:
    with Store.in_memory() as store:
        store.save([made_up(experiment(), range(5))], engine="fake")
        assert store.missing(experiment(), range(5), engine="fake") == []
        assert store.missing(experiment(), range(5), engine="other") == [range(5)]
        assert store.missing(experiment(epochs=301), range(5), engine="fake") == [range(5)]


def test_a_save_that_fails_half_way_leaves_nothing() -> None:
    good, bad = made_up(experiment(), range(5)), made_up(experiment(epochs=20), range(5))
    with Store.in_memory() as store:
        with pytest.raises(ValueError, match="broadcast"):
            store.save([good, replace(bad, loss=bad.loss[:3])], engine="fake")
        assert store.summary() == []
        store.save([good, bad], engine="fake")
        assert len(store.summary()) == 2


def test_delete_forgets_these_experiments_of_this_engine_only() -> None:
    gone, kept = experiment(epochs=10), experiment(epochs=20)
    with Store.in_memory() as store:
        for engine in ("fake", "other"):
            store.save([made_up(gone, range(4)), made_up(kept, range(4))], engine=engine)
        assert store.delete([gone, experiment(epochs=30)], engine="fake") == 4
        left = [(row.epochs, row.engine, row.seeds) for row in store.summary()]
        assert left == [(10, "other", 4), (20, "fake", 4), (20, "other", 4)]
        assert store.delete([gone], engine="other") == 4
        assert [row.epochs for row in store.summary()] == [20, 20]


def test_summary_says_what_is_held() -> None:
    runs = [made_up(experiment(), seeds) for seeds in (range(10), range(10, 20), range(40, 43))]
    with Store.in_memory() as store:
        store.save(runs, engine="fake")
        (row,) = store.summary()
    assert Experiment.from_dict(row.experiment) == experiment()
    assert (row.fingerprint, row.network, row.epochs) == (experiment().fingerprint, "2-5-4-1", 300)
    assert (row.engine, row.ranges, row.seeds) == ("fake", (range(20), range(40, 43)), 23)
    assert row.solved == sum(int(part.solved.sum()) for part in runs)
    assert row.bytes == sum(getattr(part, name).nbytes for part in runs for name in BLOBS)
    assert row.first_saved == row.last_saved or row.first_saved < row.last_saved
    assert timedelta(0) <= datetime.now(UTC) - row.last_saved < timedelta(seconds=30)


def test_two_processes_may_share_a_file(tmp_path: Path) -> None:
    with Store.open(tmp_path) as one, Store.open(tmp_path) as other:
        one.save([made_up(experiment(), range(6))], engine="fake")
        assert other.missing(experiment(), range(10), engine="fake") == [range(6, 10)]
        other.save([made_up(experiment(), range(3, 10))], engine="fake")
        assert_same(one.load(experiment(), range(10), engine="fake"), made_up(experiment(), range(10)))


def test_on_disk() -> None:
    with Store.in_memory() as store:
        assert not store.on_disk


def test_on_disk_is_true_for_a_file(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        assert store.on_disk


def test_an_empty_range_can_not_be_loaded() -> None:
    with Store.in_memory() as store, pytest.raises(StoreError, match="no seeds asked for"):
        store.load(experiment(), range(0), engine="fake")


def test_outcomes_are_those_of_the_runs_that_are_there() -> None:
    with Store.in_memory() as store:
        store.save([made_up(experiment(), range(5))], engine="fake")
        assert (
            store.outcomes(experiment(), range(1, 4), engine="fake")["solved"].tolist()
            == made_up(experiment(), range(1, 4)).solved.tolist()
        )
        with pytest.raises(StoreError, match="seeds 5 to 7 aren't there"):
            store.outcomes(experiment(), range(8), engine="fake")


def test_which_seeds_of_a_study_are_there_is_told_by_experiment_and_engine(tmp_path: Path) -> None:
    one, two, other = experiment(), experiment(epochs=20), experiment(epochs=30)
    with Store.open(tmp_path) as store:
        store.remember("study", "Mine", [one.fingerprint, two.fingerprint], networks=2, seeds=9)
        (study,) = store.studies()
        assert store.held(study) == {}
        store.save([made_up(one, range(3)), made_up(one, range(3, 5)), made_up(one, range(7, 9))], engine="a")
        store.save([made_up(one, range(9)), made_up(other, range(9))], engine="b")
        held = store.held(study)
        assert set(held) == {one.fingerprint}
        found = {each.engine: each for each in held[one.fingerprint]}
        assert found["a"].ranges == (range(5), range(7, 9))
        assert found["b"].ranges == (range(9),)
        assert datetime.now(UTC) - found["a"].last_saved < timedelta(minutes=1)
