"""What is picked on one half of the seeds and judged on the other shows no lead that isn't there."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from trainlab.errors import StatsError
from trainlab.stats import paired_difference, picked_on_half


def equal_cells(
    rng: np.random.Generator, *, cells: int, seeds: int
) -> dict[int | str, npt.NDArray[np.bool_]]:
    """A made-up study whose cells all solve half of the seeds."""
    return {cell: rng.random(seeds) < 0.5 for cell in range(cells)}


def test_the_best_of_equal_cells_has_no_lead_on_the_other_half():
    rng, naive, honest = np.random.default_rng(0), list[float](), list[float]()
    for _ in range(150):
        solved = equal_cells(rng, cells=32, seeds=100)
        best = max(solved, key=lambda cell: solved[cell].sum())
        naive.append(paired_difference(solved[0], solved[best]).estimate)
        picked, other = picked_on_half(solved)
        honest.append(paired_difference(solved[0][other], solved[picked][other]).estimate)
    error = np.std(honest) / np.sqrt(len(honest))
    assert abs(np.mean(honest)) < 3 * error
    assert np.mean(naive) > 0.08  # picked and judged on the same seeds it seems to lead by ten points


def test_a_cell_that_is_better_is_picked():
    rng = np.random.default_rng(1)
    solved = equal_cells(rng, cells=5, seeds=200) | {"better": rng.random(200) < 0.9}
    picked, other = picked_on_half(solved)
    assert picked == "better"
    assert solved["better"][other].shape == (100,)


def test_the_largest_may_be_negative():
    scores = {"up": np.full(10, 0.2), "down": np.full(10, -0.5)}
    assert picked_on_half(scores)[0] == "up"
    assert picked_on_half(scores, size=abs)[0] == "down"


def test_only_the_first_half_picks():
    solved = {"first": np.array([True, True, False, False]), "second": np.array([False, False, True, True])}
    assert picked_on_half(solved) == ("first", slice(2, None))
    assert picked_on_half({key: each[::-1] for key, each in solved.items()})[0] == "second"


@pytest.mark.parametrize(
    "scores", [{}, {"a": np.ones(1)}, {"a": np.ones(3), "b": np.ones(4)}, {"a": np.ones((4, 2))}]
)
def test_what_cant_be_halved_is_refused(scores: dict[str, npt.NDArray[np.float64]]):
    with pytest.raises(StatsError, match="one half picks, the other judges"):
        picked_on_half(scores)
