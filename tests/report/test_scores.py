"""Accuracies and early stops are told where there are any, and nowhere else."""

from __future__ import annotations

import io

import numpy as np
import pytest
from rich.console import Console

from trainlab.report import print_study, study_html
from trainlab.spec import Experiment
from trainlab.studies import StudyResult, run


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


def printed(result: StudyResult) -> str:
    out = io.StringIO()
    print_study(result, console=Console(file=out, width=110))
    return " ".join(out.getvalue().split())


def test_accuracies_with_their_spread(held_out: StudyResult) -> None:
    values = held_out.cells[0].runs.held_out_accuracy
    low, middle, high = (100 * np.quantile(values, q) for q in (0.05, 0.5, 0.95))
    words = f"{middle:.1f} % ({low:.1f}–{high:.1f})"
    assert words in printed(held_out)
    assert words in study_html(held_out)
    found = held_out.to_dict()["cells"][0]["held_out_accuracy"]
    assert found["median"] == pytest.approx(np.median(values))


def test_early_stops_are_counted_and_explained(held_out: StudyResult) -> None:
    stopped = int((held_out.cells[0].runs.stopped_epoch >= 0).sum())
    assert stopped > 0
    assert held_out.to_dict()["cells"][0]["stopped"] == stopped
    sentence = f"{stopped} of 20 runs were frozen before their last epoch."
    assert sentence in printed(held_out)
    assert sentence in study_html(held_out)


def test_nothing_is_said_without_them() -> None:
    plain = run(Experiment.from_dict({"network": "2-2-1", "epochs": 2}), seeds=3)
    text = printed(plain)
    assert "frozen" not in text
    assert "Held-out" not in text
    cell = plain.to_dict()["cells"][0]
    assert (cell["held_out_accuracy"], cell["held_out_loss"], cell["stopped"]) == (None, None, 0)
