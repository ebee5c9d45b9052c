"""Coarse to fine: every point at most once, all of them where it matters, none where nothing differs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from trainlab.studies.maps.counts import Point, Rect, refine, stride


class Recorder:
    """Keeps what was trained, round by round; knows the value of every point."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values
        self.rounds: list[list[Point]] = []

    def train(self, points: Sequence[Point]) -> None:
        self.rounds.append(list(points))

    def differ(self, rect: Rect) -> bool:
        done = {point for points in self.rounds for point in points}
        assert set(rect.corners) <= done, "a rectangle was judged before its corners were trained"
        return len({self.values[corner] for corner in rect.corners}) > 1

    def run(self, *strides: int) -> tuple[list[Point], list[Rect]]:
        rects = refine(self.values.shape, strides=strides, train=self.train, differ=self.differ)
        return [point for points in self.rounds for point in points], rects


def step(shape: tuple[int, int], column: int) -> np.ndarray:
    values = np.zeros(shape)
    values[:, column:] = 1
    return values


@pytest.mark.parametrize("shape", [(2, 2), (7, 5), (33, 64), (64, 64)])
def test_with_strides_of_one_every_point_is_trained_once(shape: tuple[int, int]):
    points, rects = Recorder(np.zeros(shape)).run(1, 1)
    assert sorted(points) == list(np.ndindex(*shape))
    assert len(rects) == (shape[0] - 1) * (shape[1] - 1)


@pytest.mark.parametrize("shape", [(64, 64), (50, 37), (2, 64)])
@pytest.mark.parametrize("strides", [(4, 4), (2, 8)])
def test_the_rectangles_tile_the_grid(shape: tuple[int, int], strides: tuple[int, int]):
    rng = np.random.default_rng(1)
    points, rects = Recorder(rng.integers(0, 2, shape).cumsum(axis=1) // 20).run(*strides)
    assert len(points) == len(set(points))
    covered = np.zeros((shape[0] - 1, shape[1] - 1), dtype=int)
    for rect in rects:
        covered[rect.bottom : rect.top, rect.left : rect.right] += 1
        assert set(rect.corners) <= set(points)
    assert (covered == 1).all()


def test_where_all_is_alike_nothing_is_refined():
    recorder = Recorder(np.zeros((64, 64)))
    points, _ = recorder.run(4, 4)
    assert len(recorder.rounds) == 1
    assert len(points) == 17 * 17
    assert {(0, 0), (0, 63), (63, 0), (63, 63), (4, 60)} <= set(points)


def test_a_step_is_refined_to_its_very_place():
    recorder = Recorder(step((64, 64), 30))
    points, rects = recorder.run(4, 4)
    assert len(recorder.rounds) == 3
    assert {(row, column) for row in range(64) for column in (29, 30)} <= set(points)
    assert len(points) < 64 * 64 / 3
    assert all(not recorder.differ(rect) for rect in rects if rect.divisible)


def test_a_single_row_or_column_is_halved_the_other_way_only():
    points, _ = Recorder(step((2, 40), 17)).run(1, 8)
    assert {(0, 16), (1, 16), (0, 17), (1, 17)} <= set(points)


def test_strides_leave_about_sixteen_lines():
    assert [stride(count) for count in (2, 16, 31, 32, 64, 127, 128, 1000)] == [1, 1, 1, 2, 4, 4, 8, 32]
