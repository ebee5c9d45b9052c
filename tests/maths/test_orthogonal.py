import numpy as np
import pytest
import torch
from scipy import stats

from trainlab.maths import INITS

SHAPES = [(1, 1), (1, 6), (6, 1), (2, 2), (3, 8), (8, 3), (20, 20), (33, 64)]


def draws(fan_out: int, fan_in: int, networks: int = 40) -> np.ndarray:
    return np.random.default_rng(9).normal(size=(networks, fan_out * fan_in))


def sample(drawn: np.ndarray, fan_out: int, fan_in: int, **fields) -> np.ndarray:
    return INITS["orthogonal"].sample(drawn, fan_in, fan_out, **fields)


@pytest.mark.parametrize("gain", [1.0, 2.5])
@pytest.mark.parametrize(("fan_out", "fan_in"), SHAPES)
def test_the_fewer_of_rows_and_columns_are_orthonormal(fan_out: int, fan_in: int, gain: float):
    drawn = draws(fan_out, fan_in)
    values = sample(drawn, fan_out, fan_in, gain=gain)
    assert values.shape == drawn.shape
    matrices = values.reshape(-1, fan_out, fan_in) / gain
    if fan_out > fan_in:
        matrices = matrices.transpose(0, 2, 1)
    products = matrices @ matrices.transpose(0, 2, 1)
    assert np.abs(products - np.eye(min(fan_out, fan_in))).max() < 1e-12


@pytest.mark.parametrize(("fan_out", "fan_in"), SHAPES)
def test_it_is_pytorchs_for_the_same_draws(monkeypatch, fan_out: int, fan_in: int):
    drawn = draws(fan_out, fan_in, networks=5)
    ours = sample(drawn, fan_out, fan_in, gain=1.5).reshape(-1, fan_out, fan_in)
    for row, matrix in zip(drawn, ours, strict=True):
        given = torch.tensor(row.reshape(fan_out, fan_in))
        monkeypatch.setattr(torch.Tensor, "normal_", lambda self, *_, given=given, **__: self.copy_(given))
        tensor = torch.empty(fan_out, fan_in, dtype=torch.float64)
        torch.nn.init.orthogonal_(tensor, gain=1.5)
        # Rounding counts by the condition of the draws, a few hundred here.
        np.testing.assert_allclose(matrix, tensor.numpy(), rtol=0, atol=1e-12)


def test_nearly_dependent_columns_are_orthonormal_all_the_same():
    drawn = draws(12, 12)
    matrices = drawn.reshape(-1, 12, 12)
    matrices[:, :, 1] = matrices[:, :, 0] + 1e-9 * matrices[:, :, 1]
    values = sample(drawn, 12, 12).reshape(-1, 12, 12)
    assert np.abs(values.transpose(0, 2, 1) @ values - np.eye(12)).max() < 1e-12


@pytest.mark.parametrize(("fan_out", "fan_in"), SHAPES)
def test_a_network_has_the_same_bits_whoever_stands_beside_it(fan_out: int, fan_in: int):
    drawn = draws(fan_out, fan_in)
    together = sample(drawn, fan_out, fan_in)
    for chosen in (slice(0, 1), slice(3, 5), slice(7, 40, 2)):
        np.testing.assert_array_equal(sample(drawn[chosen], fan_out, fan_in), together[chosen])


def test_entries_have_the_spread_of_a_uniform_orthogonal_matrix():
    # An entry of a uniform n × n one, squared, is Beta(1/2, (n − 1)/2); of a mean of 0.
    values = sample(draws(5, 5, networks=4000), 5, 5)
    for entry in (0, 7, 24):
        assert stats.kstest(values[:, entry] ** 2, stats.beta(0.5, 2.0).cdf).pvalue > 1e-3
        assert abs(values[:, entry].mean()) < 4 / np.sqrt(5 * 4000)


def test_the_draws_stay_as_they_are():
    drawn = draws(4, 6)
    kept = drawn.copy()
    sample(drawn, 4, 6)
    np.testing.assert_array_equal(drawn, kept)
