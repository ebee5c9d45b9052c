"""Accuracies and early stops are told where there are any, and nowhere else."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from report.printing import printed_by

from trainlab.draw import Spread, format_number, spread_grid
from trainlab.draw.svg import escape
from trainlab.report import print_study, study_html
from trainlab.report.study_cells import scores_table
from trainlab.spec import Change, Experiment, Study
from trainlab.studies import StudyResult, run, study


@pytest.fixture(scope="module")
def held_out() -> StudyResult:
    experiment = Experiment.from_dict(
        {
            "task": {"name": "quadrants", "points": 40},
            "split": {"held_out": 0.25},
            "network": {"widths": "2-4-1", "output_activation": "sigmoid"},
            "loss": "bce",
            "optimizer": {"name": "adam", "lr": 0.05},
            "sampling": "single",
            "epochs": 4,
            "solved": {"name": "accuracy", "accuracy": 0.6},
            "stopping": "solved",
            "record": {"solved_every": 1},
        }
    )
    return run(experiment, seeds=20)


def middle_90(values: npt.NDArray[np.floating]) -> tuple[float, float, float]:
    """Return between which values that were seen the middle 90 % lie, and their median."""
    low, high = (float(np.quantile(values, q, method="nearest")) for q in (0.05, 0.95))
    return low, float(np.median(values)), high


def printed(result: StudyResult) -> str:
    return " ".join(printed_by(print_study, result, 110).split())


def test_accuracies_with_their_spread(held_out: StudyResult) -> None:
    values = held_out.cells[0].runs.held_out_accuracy
    low, middle, high = (100 * value for value in middle_90(values))
    words = f"{middle:.1f} % ({low:.1f}–{high:.1f})"
    assert words in printed(held_out)
    assert words in study_html(held_out)
    found = held_out.to_dict()["cells"][0]["held_out_accuracy"]
    assert found["median"] == pytest.approx(np.median(values))


def test_only_all_rows_are_100_per_cent() -> None:
    grid = spread_grid(
        ["none"], ["Net"], [[Spread(low=0.9, median=0.9997, high=1.0)]], title="A", value_label="Accuracy"
    )
    assert ">99.9 % (90.0 to 100.0 %)" in grid.text


def test_early_stops_are_counted_and_explained(held_out: StudyResult) -> None:
    runs = held_out.cells[0].runs
    stopped = int(((runs.stopped_epoch >= 0) & (runs.stopped_epoch < 4)).sum())
    assert stopped > 0
    assert held_out.to_dict()["cells"][0]["stopped"] == stopped
    epochs = held_out.cells[0].stopped_epochs
    assert len(epochs) == stopped
    low, middle, high = np.quantile(epochs, (0.05, 0.5, 0.95))
    sentence = (
        f"{stopped} of 20 runs were frozen before their last epoch, in the median after epoch {middle:.0f} "
        f"(the middle 90 % after {low:.0f} to {high:.0f})."
    )
    assert sentence in printed(held_out)
    assert sentence in study_html(held_out)
    found = held_out.to_dict()["cells"][0]["stopped_epoch"]
    assert (found["q05"], found["median"], found["q95"]) == (low, middle, high)


def test_steps_are_those_that_were_made(held_out: StudyResult) -> None:
    runs = held_out.cells[0].runs
    epochs = np.where(runs.stopped_epoch < 0, 4, runs.stopped_epoch)
    assert held_out.how.trained_steps == epochs.sum() * 30 < 20 * 4 * 30
    words = f"{held_out.how.trained_steps:,} steps trained in"
    assert words in printed(held_out)
    assert ("loading the kernel included" in printed(held_out)) == (held_out.how.engine == "fast")


def test_panels_say_when_a_run_was_frozen(held_out: StudyResult) -> None:
    (cell,) = held_out.cells
    solved, found = np.arange(20) < 10, np.where(np.arange(20) < 10, 1, -1)
    runs = replace(cell.runs, solved=solved, solved_epoch=found, stopped_epoch=np.full(20, 2))
    page = study_html(replace(held_out, cells=(replace(cell, runs=runs),)))
    assert "First seen solved at epoch 1 of 4. Frozen after epoch 2 of 4.</p>" in page
    assert re.search(r"Final loss \(BCE\): [\d.]+\. Frozen after epoch 2 of 4\.</p>", page)
    assert "After 4 epochs." not in page
    # At the last epoch nothing is left to be spared.
    last = replace(runs, stopped_epoch=np.full(20, 4))
    page = study_html(replace(held_out, cells=(replace(cell, runs=last),)))
    assert "Frozen" not in page
    assert "After 4 epochs." in page


def test_nothing_is_said_without_them() -> None:
    plain = run(Experiment.from_dict({"network": "2-2-1", "epochs": 2}), seeds=3)
    text = printed(plain)
    assert "frozen" not in text
    assert "Held-out" not in text
    cell = plain.to_dict()["cells"][0]
    assert (cell["held_out_accuracy"], cell["held_out_loss"], cell["stopped"]) == (None, None, 0)
    assert cell["stopped_epoch"] is None


def test_the_accuracy_of_classes_is_told_without_held_out_examples() -> None:
    experiment = Experiment.from_dict(
        {
            "task": {"name": "blobs", "points": 30, "classes": 3},
            "network": {"widths": "2-3", "output_activation": "linear"},
            "loss": "cross_entropy",
            "epochs": 5,
        }
    )
    result = run(experiment, seeds=5)
    low, middle, high = (100 * value for value in middle_90(result.cells[0].runs.accuracy))
    words = f"{middle:.1f} % ({low:.1f}–{high:.1f})"
    assert words in printed(result)
    assert words in study_html(result)
    assert "Held-out" not in printed(result)


def curve(**fields: object) -> StudyResult:
    described = {"task": "curve", "network": "1-3-1", "epochs": 5, **fields}
    return run(Experiment.from_dict(described), seeds=5)


def test_the_final_loss_of_a_regression_is_told() -> None:
    result = curve(split={"held_out": 0.25})
    for losses in (result.cells[0].runs.loss, result.cells[0].runs.held_out_loss):
        low, middle, high = (format_number(value) for value in middle_90(losses))
        words = f"{middle} ({low}–{high})"
        assert words in printed(result)
        assert words in study_html(result)
    assert "Final loss, median of the seeds (their middle 90 %)" in printed(result)
    assert "Accuracy" not in printed(result)


def test_final_losses_of_several_kinds_are_told_apart() -> None:
    baseline = Experiment.from_dict({"task": "curve", "network": "1-3-1", "epochs": 2})
    result = study(Study(baseline=baseline, changes=(Change.from_dict("A", {"loss": "l1"}),)), seeds=3)
    assert [str(row[1]).split()[-1] for row in scores_table(result).rows(result.cells)] == ["(MSE)", "(L1)"]


def test_of_many_cells_the_terminal_says_where_their_scores_are() -> None:
    baseline = Experiment.from_dict({"network": "2-1", "epochs": 1})
    changes = tuple(Change.from_dict(name, {"optimizer": {"lr": 0.1}}) for name in "ABCDEF")
    text = printed(study(Study(baseline=baseline, changes=changes), seeds=1))
    assert "Accuracy, median of the seeds (their middle 90 %): in the HTML report and the JSON" in text


def test_a_last_layer_that_does_not_fit_its_loss_is_noted() -> None:
    wrong = run(Experiment.from_dict({"network": "2-2-1", "loss": "bce_with_logits", "epochs": 1}), seeds=2)
    (note,) = wrong.notes
    assert note == (
        "the last layer's activation 'tanh' doesn't fit the loss 'bce_with_logits': the logits are numbers "
        "from −1 to 1 only, so the prediction stays between 26.9 and 73.1 %. Fitting: linear output with "
        "bce_with_logits (network.output_activation, loss)."
    )
    assert f"Note: {note}" in printed(wrong)
    assert f"Note: {escape(note)}" in study_html(wrong)
    assert wrong.to_dict()["notes"] == [note]
    assert curve().notes == ()
    (regression,) = curve(scaling={"targets": "standard"}).notes
    assert "'tanh' doesn't fit the loss 'mse': targets go from" in regression


def test_notes_say_of_how_many_cells_and_are_silent_where_all_fit() -> None:
    fitting = {"widths": "2-2-1", "output_activation": "linear"}
    baseline = Experiment.from_dict({"network": fitting, "loss": "bce_with_logits", "epochs": 1})
    changes = (Change.from_dict("A", {"network": {"output_activation": "tanh"}}),)
    result = study(Study(baseline=baseline, changes=changes), seeds=1)
    assert [note[:15] for note in result.notes] == ["In 1 of 2 cells"]
    assert run(baseline, seeds=1).notes == ()
