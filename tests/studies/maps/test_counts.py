"""Counting the runs of a point, judging whether neighbours differ, and filling in between."""

from __future__ import annotations

import numpy as np
import pytest
from studies.made_up import TINY, flags, runs_of

from trainlab.studies.maps.counts import OUTCOMES, Counts, Rect, interpolate, no_counts, refine


def counts_of(solved: np.ndarray, *, seeds: int = 10, diverged: np.ndarray | None = None) -> Counts:
    """Every point trained: so many solved, so many diverged, the rest stuck."""
    counts = no_counts(solved.shape, seeds=seeds)
    lost = np.zeros_like(solved) if diverged is None else diverged
    counts.runs[:] = [solved, lost, 0 * solved, 0 * solved, seeds - solved - lost]
    counts.epochs[:] = np.where(solved > 0, 10.0 * (1 + solved), np.nan)
    return counts


def test_each_run_comes_to_one_thing():
    counts = no_counts((2, 2), seeds=10)
    solved = flags((4, True), (6, False))
    diverged = flags((4, False), (3, True), (3, False))
    counts.put((1, 0), runs_of(TINY, solved, diverged=diverged, gradient=1e-9, last_gradient=1.0))
    assert dict(zip(OUTCOMES, counts.runs[:, 1, 0].tolist(), strict=True)) == {
        "solved": 4,
        "diverged": 3,
        "vanishing gradient": 3,
        "standing still": 0,
        "stuck": 0,
    }
    assert counts.epochs[1, 0] == 10
    assert counts.trained.tolist() == [[False, False], [True, False]]
    counts.put((0, 0), runs_of(TINY, flags((10, False)), loss=1.0, gradient=1.0))
    assert counts.runs[:, 0, 0].tolist() == [0, 0, 0, 0, 10]
    counts.put((0, 1), runs_of(TINY, flags((10, False)), loss=1.0, gradient=1e-9))
    assert counts.runs[:, 0, 1].tolist() == [0, 0, 0, 10, 0]
    assert np.isnan(counts.epochs[0, 0])


@pytest.mark.parametrize(
    ("solved", "diverged", "differ"),
    [
        ([[9, 9], [9, 8]], [[0, 0], [0, 0]], False),
        ([[9, 9], [9, 7]], [[0, 0], [0, 0]], True),
        ([[0, 0], [0, 0]], [[1, 1], [1, 3]], True),
        ([[5, 5], [5, 4]], [[0, 0], [0, 0]], True),
        ([[0, 0], [0, 0]], [[0, 0], [0, 1]], False),
    ],
    ids=["a seed", "two seeds", "diverging", "another end", "all stuck"],
)
def test_corners_differ(solved: list[list[int]], diverged: list[list[int]], differ: bool):
    counts = counts_of(np.array(solved), diverged=np.array(diverged))
    assert counts.differ(Rect(0, 1, 0, 1)) is differ


def test_what_was_trained_stays_and_what_lies_between_is_linear():
    rows, columns = np.mgrid[0:9, 0:9]
    plane = rows + 2 * columns  # linear, so interpolation is exact
    every = counts_of(plane, seeds=100)
    some = no_counts((9, 9), seeds=100)
    trained = [(row, column) for row in (0, 4, 8) for column in (0, 4, 8)]
    for point in trained:
        some.runs[:, *point] = every.runs[:, *point]
        some.epochs[point] = 50.0
    rects = refine((9, 9), strides=(4, 4), train=lambda _: None, differ=lambda _: False)
    shares = interpolate(some, rects)
    assert np.allclose(shares.solved, plane / 100)
    assert np.allclose(shares.runs.sum(axis=0), 1)
    assert np.allclose(shares.epochs, 50.0)
    assert some.trained.sum() == len(trained)


def test_epochs_are_filled_in_by_ratio_and_only_between_four_that_are_known():
    counts = no_counts((3, 5), seeds=10)
    for column, epochs in ((0, 100.0), (2, 400.0), (4, np.nan)):
        for row in (0, 2):
            counts.runs[:, row, column] = [5, 0, 0, 0, 5]
            counts.epochs[row, column] = epochs
    shares = interpolate(counts, [Rect(0, 2, 0, 2), Rect(0, 2, 2, 4)])
    assert shares.epochs[1, :3] == pytest.approx([100, 200, 400])
    assert np.isnan(shares.epochs[0, 3])
    assert not np.isnan(shares.solved).any()


def test_of_two_rectangles_the_smaller_fills_their_common_edge():
    counts = no_counts((5, 6), seeds=10)
    values = {(0, 0): 0, (0, 4): 0, (4, 0): 0, (4, 4): 0, (2, 4): 8, (2, 5): 8, (0, 5): 0, (4, 5): 0}
    for point, solved in values.items():
        counts.runs[:, *point] = [solved, 0, 0, 0, 10 - solved]
    rects = [Rect(0, 4, 0, 4), Rect(0, 2, 4, 5), Rect(2, 4, 4, 5)]
    shares = interpolate(counts, rects)
    assert shares.solved[:, 4] == pytest.approx([0, 0.4, 0.8, 0.4, 0])
    assert shares.solved[1, 2] == 0


def test_the_outcome_is_the_commonest():
    counts = counts_of(np.array([[9, 5], [4, 0]]), diverged=np.array([[0, 5], [6, 0]]))
    outcome = interpolate(counts, [Rect(0, 1, 0, 1)]).outcome
    assert [[OUTCOMES[place] for place in row] for row in outcome.tolist()] == [
        ["solved", "solved"],
        ["diverged", "stuck"],
    ]
