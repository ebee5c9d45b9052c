import numpy as np
import pytest
import torch
from scipy import stats

from trainlab.maths import INITS
from trainlab.maths.inits import default_bound

COUNT = 20_000
SETTINGS = {
    "normal": {"mean": 0.5, "std": 2.0},
    "uniform": {"a": -3.0, "b": 1.0},
    "constant": {"val": 0.25},
    "default": {},
}
FAN_IN = 7
THEORY = {
    "normal": stats.norm(0.5, 2.0),
    "uniform": stats.uniform(-3.0, 4.0),
    "default": stats.uniform(-1 / np.sqrt(FAN_IN), 2 / np.sqrt(FAN_IN)),
}


def values(name: str) -> np.ndarray:
    rng = np.random.default_rng(3)
    draws = rng.normal(size=COUNT) if INITS[name].draws == "normal" else rng.uniform(size=COUNT)
    return INITS[name].sample(draws, FAN_IN, **SETTINGS[name])


@pytest.mark.parametrize("name", THEORY)
def test_mean_spread_and_shape_are_those_of_the_distribution(name: str):
    sample, theory = values(name), THEORY[name]
    error = theory.std() / np.sqrt(COUNT)
    assert abs(sample.mean() - theory.mean()) < 4 * error
    # A standard deviation has a smaller standard error than the mean: √(excess kurtosis + 2)/2 of it.
    assert abs(sample.std() - theory.std()) < 4 * error
    assert stats.kstest(sample, theory.cdf).pvalue > 1e-3
    low, high = theory.support()
    assert sample.min() >= low
    assert sample.max() <= high


def test_a_constant_is_the_same_everywhere():
    np.testing.assert_array_equal(values("constant"), 0.25)


def test_the_ends_of_the_draws_are_the_ends_of_the_interval():
    ends = np.array([0.0, 0.5, 1.0])
    np.testing.assert_allclose(INITS["uniform"].sample(ends, 3, a=-3.0, b=1.0), [-3, -1, 1], rtol=1e-15)
    np.testing.assert_allclose(INITS["default"].sample(ends, 4), [-0.5, 0, 0.5], rtol=1e-15)


@pytest.mark.parametrize("fan_in", [1, 2, 5, 11, 64])
def test_the_default_bound_is_that_of_a_pytorch_linear(fan_in: int):
    generator_state = torch.random.get_rng_state()
    torch.manual_seed(0)
    layer = torch.nn.Linear(fan_in, 20_000 // fan_in)
    torch.random.set_rng_state(generator_state)
    for parameter in (layer.weight, layer.bias):
        largest = parameter.detach().abs().max().item()
        bound = default_bound(fan_in)
        # The largest of n uniforms is within a share 20/n of the bound, but for one time in e²⁰.
        assert bound * (1 - 20 / parameter.numel()) < largest <= bound * (1 + 1e-6)
