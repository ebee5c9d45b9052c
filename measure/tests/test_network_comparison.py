"""Which of two networks predicts better, from made-up errors; a run that diverged is the worst."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from studies.made_up import TINY, flags, runs_of

from measure.network_comparison import (
    NetworkComparison,
    compare_arrays,
    compare_predictions,
    judge_network_comparison,
)
from trainlab.engine import Runs

N = 100


def weighed(solved: tuple[int, int], nearer: int) -> NetworkComparison:
    """The one solves `solved[0]` of the seeds, the other `solved[1]`; on `nearer` the one errs less."""
    errors = np.where(np.arange(N) < nearer, 0.1, 0.3), np.full(N, 0.2)
    return compare_arrays(
        solved=(
            flags((solved[0], True), (N - solved[0], False)),
            flags((solved[1], True), (N - solved[1], False)),
        ),
        mean=errors,
        rmse=errors,
    )


@pytest.mark.parametrize(
    ("solved", "nearer", "outcome"),
    [
        ((90, 30), 90, "upheld"),
        ((30, 90), 10, "refuted"),
        ((90, 30), 10, "mixed"),  # it solves more, and errs more
        ((90, 30), 50, "mixed"),
        ((51, 50), 50, "mixed"),
    ],
)
def test_it_takes_all_three(solved: tuple[int, int], nearer: int, outcome: str):
    assert weighed(solved, nearer).outcome == outcome


def test_two_networks_that_are_alike_are_not_better():
    same = np.full(5000, 0.1)
    found = compare_arrays(solved=(same < 1, same < 1), mean=(same, same), rmse=(same, same))
    assert {each.reading for each in found.ways.values()} == {"shown to be small"}
    assert found.outcome == "refuted"


def with_errors(solved: npt.NDArray[np.bool_], error: float) -> Runs:
    runs = runs_of(TINY, solved)
    targets = np.broadcast_to(TINY.data().targets, runs.predictions.shape)
    return replace(
        runs, predictions=(targets + np.where(solved, 0.01, error)[:, None, None]).astype(np.float32)
    )


def test_it_reads_runs_and_says_so():
    good, bad = with_errors(flags((90, True), (10, False)), 0.4), with_errors(flags((N, False)), 0.5)
    found = judge_network_comparison(("One", "Two"), "with A", good, bad)
    assert (found.outcome, found.statement) == ("upheld", "One predicts better than Two with A.")
    assert found.sentence.startswith("One predicts better than Two with A: it solves +90.0 points (")
    assert "on 100 of 100 (100.0 %" in found.sentence
    assert {side.words for side in found.sides} >= {"within 0.05", "rounded"}
    turned = judge_network_comparison(("Two", "One"), "", bad, good)
    assert turned.outcome == "refuted"
    assert turned.opposite is not None
    assert turned.opposite.k == 0


def test_a_run_that_diverged_errs_without_end():
    first, second = with_errors(flags((N, True)), 0.4), with_errors(flags((N, True)), 0.4)
    second.predictions[:60] = np.nan
    found = compare_predictions(first, second)
    assert found.errors[1] == np.inf
    assert found.smaller.k == 60
    assert found.ways["mean |error|"].reading == "helps"
