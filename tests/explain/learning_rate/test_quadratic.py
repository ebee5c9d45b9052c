"""The limits of stability against torch.optim.SGD itself, eigenvalues, and iterating."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from trainlab.explain.questions.learning_rate.stability import (
    Descent,
    measured_edge,
    path,
    stability_edge,
    stability_limit,
)

DESCENTS = [
    Descent(),
    Descent(momentum=0.5),
    Descent(momentum=0.9),
    Descent(momentum=0.99),
    Descent(momentum=0.9, dampening=0.5),
    Descent(dampening=0.7),
    Descent(momentum=0.9, nesterov=True),
    Descent(momentum=1.0, nesterov=True),
    Descent(momentum=0.5, dampening=-1.0),
]

UNSTABLE = [
    (Descent(momentum=1.0), "momentum 1 forgets nothing"),
    (Descent(momentum=1.5), "momentum 1.5 forgets nothing"),
    (Descent(momentum=1.1, nesterov=True), "momentum 1.1 forgets nothing"),
    (Descent(momentum=0.9, dampening=1.0), "dampening 1 lets no gradient but the first through"),
    (Descent(momentum=0.9, dampening=1.5), "dampening 1.5 turns the gradient around"),
]


def iteration_matrix(rate: float, curvature: float, descent: Descent) -> np.ndarray:
    """Return the matrix that takes (w, v) of one step to those of the next, ``[2, 2]``."""
    beta = descent.momentum
    buffer = np.array([descent.fed * curvature, beta])
    moved = np.array([1.0, 0.0]) - rate * buffer
    if descent.nesterov:
        moved = np.array([1.0, 0.0]) - rate * (np.array([curvature, 0.0]) + beta * buffer)
    return np.stack([moved, buffer])


def torch_path(rate: float, curvatures: list[float], steps: int, descent: Descent) -> np.ndarray:
    w = torch.ones(len(curvatures), dtype=torch.float64, requires_grad=True)
    settings = {"momentum": descent.momentum, "dampening": descent.dampening, "nesterov": descent.nesterov}
    optimizer = torch.optim.SGD([w], lr=rate, **settings)
    curved, places = torch.tensor(curvatures, dtype=torch.float64), [w.detach().numpy().copy()]
    for _ in range(steps):
        optimizer.zero_grad()
        (0.5 * curved * w * w).sum().backward()
        optimizer.step()
        places.append(w.detach().numpy().copy())
    return np.stack(places)


def test_the_textbook_limits() -> None:
    assert stability_limit(4.0) == 0.5
    assert stability_limit(4.0, Descent(momentum=0.9)) == pytest.approx(2 * 1.9 / 4, rel=1e-15)
    np.testing.assert_allclose(path(0.1, [2.0], 3)[:, 0], [1, 0.8, 0.64, 0.512], rtol=1e-14)


@pytest.mark.trains
@pytest.mark.parametrize("descent", DESCENTS, ids=str)
@pytest.mark.parametrize("curvatures", [(1.0,), (37.5, 0.4)])
def test_formula_and_iterating_agree(descent: Descent, curvatures: tuple[float, ...]) -> None:
    edge = stability_edge(curvatures, descent)
    assert edge.measured == pytest.approx(edge.limit, rel=1e-12)
    assert edge.difference < 1e-12


@pytest.mark.parametrize("descent", [each for each in DESCENTS if not each.dampening], ids=str)
def test_a_path_is_that_of_torch(descent: Descent) -> None:
    ours = path(0.03, [10.0, 1.0], 40, descent)
    np.testing.assert_allclose(ours, torch_path(0.03, [10.0, 1.0], 40, descent), rtol=1e-11, atol=1e-15)


@pytest.mark.trains
@pytest.mark.parametrize("descent", DESCENTS, ids=str)
def test_torch_converges_just_below_the_limit_and_diverges_just_above(descent: Descent) -> None:
    limit = stability_limit(3.0, descent)
    below, above = (np.abs(torch_path(limit * share, [3.0], 1200, descent)) for share in (0.98, 1.02))
    assert below[-1, 0] < 0.1
    assert not above[-1, 0] < 1e6  # NaN, if it overflowed


def test_a_wrong_formula_would_be_seen() -> None:
    assert abs(measured_edge([2.0], Descent(momentum=0.9)) - 2 / 2.0) > 0.5


@pytest.mark.parametrize(("descent", "words"), UNSTABLE, ids=str)
def test_what_converges_at_no_small_rate_has_no_limit_and_says_why(descent: Descent, words: str) -> None:
    assert words in descent.unstable
    edge = stability_edge([2.0, 0.5], descent)
    assert np.isnan([edge.limit, edge.measured]).all()
    # The eigenvalues: at every small rate one lies on the unit circle or outside.
    for rate in np.geomspace(1e-6, 0.03, 40):
        roots = np.abs(np.linalg.eigvals(iteration_matrix(float(rate), 2.0, descent)))
        assert roots.max() > 1 - 1e-12


@pytest.mark.parametrize("descent", DESCENTS, ids=str)
def test_what_has_a_limit_says_nothing_and_converges_at_small_rates(descent: Descent) -> None:
    assert descent.unstable == ""
    for rate in np.geomspace(1e-4, 0.9 * stability_limit(2.0, descent), 20):
        assert np.abs(np.linalg.eigvals(iteration_matrix(float(rate), 2.0, descent))).max() < 1
