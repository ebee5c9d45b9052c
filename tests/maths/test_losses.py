import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trainlab.maths import LOSSES

NUMBERS = st.floats(-100, 100).map(lambda number: round(number, 3))
PAIRS = st.integers(1, 3).flatmap(
    lambda outputs: st.lists(
        st.tuples(
            st.lists(NUMBERS, min_size=outputs, max_size=outputs),
            st.lists(NUMBERS, min_size=outputs, max_size=outputs),
        ),
        min_size=1,
        max_size=5,
    )
)


def pytorch(name: str, p: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    prediction = torch.tensor(p, requires_grad=True)
    loss = getattr(torch.nn, LOSSES[name].torch_class)()(prediction, torch.tensor(y))
    loss.backward()
    return loss.item(), prediction.grad.numpy()


@pytest.mark.parametrize("name", LOSSES)
@settings(max_examples=40, deadline=None)
@given(pairs=PAIRS)
def test_value_and_gradient_are_pytorchs(name: str, pairs: list):
    p, y = (np.array(side) for side in zip(*pairs, strict=True))
    value, gradient = pytorch(name, p, y)
    np.testing.assert_allclose(LOSSES[name].value(p, y), value, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(LOSSES[name].gradient(p, y), gradient, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("name", LOSSES)
def test_a_prediction_that_is_right_has_no_gradient(name: str):
    p = np.array([[0.25], [1.0], [-3.0]])
    y = np.array([[0.25], [2.0], [-4.0]])
    value, gradient = pytorch(name, p, y)
    assert gradient[0, 0] == 0
    assert LOSSES[name].value(p, y) == pytest.approx(value, rel=1e-15)
    np.testing.assert_allclose(LOSSES[name].gradient(p, y), gradient, rtol=1e-15)


@pytest.mark.parametrize("name", LOSSES)
def test_gradient_is_that_of_the_value(name: str):
    rng = np.random.default_rng(1)
    p, y = rng.normal(size=(2, 4, 2))
    step = 1e-6
    for place in np.ndindex(p.shape):
        nudge = np.zeros_like(p)
        nudge[place] = step
        slope = (LOSSES[name].value(p + nudge, y) - LOSSES[name].value(p - nudge, y)) / (2 * step)
        assert LOSSES[name].gradient(p, y)[place] == pytest.approx(slope, rel=1e-6)


def test_by_hand():
    p, y = np.array([[1.0], [3.0]]), np.array([[0.0], [5.0]])
    assert LOSSES["l1"].value(p, y) == 1.5
    assert LOSSES["mse"].value(p, y) == 2.5
    np.testing.assert_array_equal(LOSSES["l1"].gradient(p, y), [[0.5], [-0.5]])
    np.testing.assert_array_equal(LOSSES["mse"].gradient(p, y), [[1.0], [-2.0]])
