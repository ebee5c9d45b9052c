"""A small study carried out: what is shared between cells, what the store gives back, what a run is."""

import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from execution.fake_engine import assert_same
from studies.made_up import TINY

from trainlab import Change, Experiment, Study, StudyResult, run, study
from trainlab.engine import stored_name
from trainlab.errors import TrainlabError
from trainlab.execution import Progress
from trainlab.store import Store


def without_time(result: StudyResult) -> dict[str, Any]:
    data = result.to_dict()
    del data["how"]["time"]
    return data


def test_every_cell_runs_on_the_seeds_of_the_study(small: Study, trained: StudyResult):
    assert [item.cell for item in trained.cells] == list(small.cells())
    assert {item.solved.n for item in trained.cells} == {24}
    assert {item.runs.seeds for item in trained.cells} == {range(24)}
    assert trained.how.seeds == 24
    assert trained.how.first_seed == 0


def test_seeds_override_the_number_of_the_study(small: Study, trained: StudyResult):
    fewer = study(small, seeds=5, workers=1)
    assert {item.solved.n for item in fewer.cells} == {5}
    assert fewer.how.seeds == 5
    for ours, all_of_them in zip(fewer.cells, trained.cells, strict=True):
        np.testing.assert_array_equal(ours.runs.parameters, all_of_them.runs.parameters[:5])


def test_only_gives_the_same_numbers_as_the_whole(small: Study, trained: StudyResult):
    part = study(small, only=["2-3-1:C+A", ":none"], workers=1)
    assert [item.cell.name for item in part.cells] == ["2-3-1:none", "2-3-1:A+C"]
    assert_same(part.cell("2-3-1", "A", "C").runs, trained.cell("2-3-1", "A", "C").runs)
    assert part.effects == ()
    assert part.to_dict()["cells"][1] == trained.cell("2-3-1", "A", "C").to_dict()


def test_a_longer_cell_goes_on_where_the_shorter_one_ends(trained: StudyResult):
    for others in ((), ("A",), ("C",), ("A", "C")):
        short, long = trained.cell("2-3-1", *others).runs, trained.cell("2-3-1", *others, "D").runs
        np.testing.assert_array_equal(long.loss_curve[:, : short.loss_curve.shape[1]], short.loss_curve)
        np.testing.assert_array_equal(
            long.gradient_curve[:, : short.gradient_curve.shape[1]], short.gradient_curve
        )
        assert long.loss_epochs.tolist() == [0, 10, 20, 30, 40, 50, 60]
        assert short.loss_epochs.tolist() == [0, 10, 20]
        assert not np.array_equal(long.parameters, short.parameters)


def test_cells_share_the_initial_weights_of_each_seed():
    # At a learning rate of 0 nothing moves, so the final parameters are the initial ones.
    still = Experiment.from_dict({**TINY.to_dict(), "optimizer": {"name": "sgd", "lr": 0.0}, "epochs": 2})
    result = study(
        Study(
            baseline=still,
            changes=(
                Change.from_dict("optimizer", {"optimizer": {"name": "adam", "lr": 0.0}}),
                Change.from_dict("loss", {"loss": "l1"}),
                Change.from_dict("activation", {"network": {"activation": "relu"}}),
                Change.from_dict("sampling", {"sampling": {"name": "single"}}),
                Change.from_dict("epochs", {"epochs": 3}),
            ),
            seeds=6,
        ),
        workers=1,
    )
    assert len(result.cells) == 32
    first = result.cells[0].runs.parameters
    assert len(np.unique(first[:, 0])) == 6
    for item in result.cells:
        np.testing.assert_array_equal(item.runs.parameters, first, err_msg=item.cell.name)


def test_stored_and_trained_results_are_the_same(small: Study, trained: StudyResult, tmp_path: Path):
    trained_into = study(small, store=tmp_path / "store", workers=1)
    loaded = study(small, store=tmp_path / "store", workers=1)
    assert without_time(trained) == without_time(trained_into) == without_time(loaded)
    assert trained_into.how.trained_steps == trained.how.trained_steps > 0
    assert loaded.how.trained_steps == 0
    for ours, theirs in zip(loaded.cells, trained.cells, strict=True):
        assert_same(ours.runs, theirs.runs)


def test_without_a_store_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    run(TINY, seeds=2, workers=1)
    assert list(tmp_path.iterdir()) == []


def test_more_seeds_train_only_the_new_ones_and_fresh_trains_all(tmp_path: Path):
    first = run(TINY, seeds=4, store=tmp_path, workers=1)
    more = run(TINY, seeds=6, store=tmp_path, workers=1)
    fresh = run(TINY, seeds=6, store=tmp_path, workers=1, fresh=True)
    assert [each.how.trained_steps for each in (first, more, fresh)] == [4 * 20, 2 * 20, 6 * 20]
    assert without_time(more) == without_time(fresh) == without_time(run(TINY, seeds=6, workers=1))


def test_fresh_forgets_this_study_only(tmp_path: Path):
    other = TINY.at_epochs(10)
    run(TINY, seeds=3, store=tmp_path, workers=1)
    run(other, seeds=3, store=tmp_path, workers=1)
    fresh = run(TINY, seeds=3, store=tmp_path, workers=1, fresh=True)
    assert fresh.how.trained_steps == 3 * 20
    with Store.open(tmp_path) as store:
        for experiment in (other, TINY):
            assert store.missing(experiment, range(3), engine=stored_name("fast")) == []
            assert store.missing(experiment, range(3), engine="fast") == [range(3)]


def test_progress_ends_with_everything_done(small: Study):
    seen: list[Progress] = []
    result = study(small, seeds=3, workers=1, on_progress=seen.append)
    assert seen[-1].runs_done == seen[-1].runs_total == 8 * 3
    # Cells that differ only in epochs are one training, of 60 epochs of one step.
    assert result.how.trained_steps == seen[-1].steps_total == 4 * 3 * 60


def test_a_run_is_a_study_of_one_cell():
    result = run(TINY, seeds=7, workers=1)
    assert isinstance(result, StudyResult)
    assert [item.cell.name for item in result.cells] == ["2-3-1:none"]
    assert result.cells[0].solved.n == 7
    assert result.effects == result.interactions == ()
    assert [verdict.topic for verdict in result.verdicts] == ["solved"]


def test_how_it_was_run_is_told(trained: StudyResult):
    assert trained.how.engine == "fast"
    assert trained.how.workers == 1
    assert set(trained.how.versions) == {"python", "trainlab", "numpy", "scipy", "llvmlite"}
    assert trained.how.seconds >= trained.how.trained_seconds > 0


def test_an_unknown_engine_is_an_error_of_ours():
    with pytest.raises(TrainlabError, match="fast"):
        run(TINY, seeds=1, engine="fats")


def test_the_assignment_on_a_few_seeds_and_epochs():
    result = study("xor44", seeds=4, only=[":none", ":A+B+C+D+E"], workers=1)
    assert [item.cell.name.partition(":")[0] for item in result.cells[::2]] == [
        "Model 1",
        "Model 2",
        "Model 3",
    ]
    topics = [verdict.topic for verdict in result.verdicts]
    assert topics == ["together"] * 3 + ["predictions"] * 3 + ["parameters"]
    assert result.verdicts[-1].sentence == "Every network has exactly 44 trainable parameters."
    assert "Model 3" in result.verdicts[2].statement


def test_ctrl_c_as_the_last_chunk_is_done_is_answered(small: Study, trained: StudyResult):
    def press(now: Progress) -> None:
        if now.chunks_done == now.chunks_total and not now.stopping:
            signal.raise_signal(signal.SIGINT)

    assert without_time(study(small, workers=1, on_progress=press)) == without_time(trained)
