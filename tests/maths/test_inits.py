import numpy as np
import pytest
import torch
from scipy import stats

from trainlab.maths import GAINS, INITS
from trainlab.maths.inits import default_bound, gain_of

COUNT = 20_000
SETTINGS = {
    "normal": {"mean": 0.5, "std": 2.0},
    "uniform": {"a": -3.0, "b": 1.0},
    "constant": {"val": 0.25},
}
FAN_IN, FAN_OUT = 7, 5


def within(bound: float):
    return stats.uniform(-bound, 2 * bound)


THEORY = {
    "normal": stats.norm(0.5, 2.0),
    "uniform": stats.uniform(-3.0, 4.0),
    "default": within(1 / np.sqrt(FAN_IN)),
    "xavier_uniform": within(np.sqrt(6 / 12)),
    "xavier_normal": stats.norm(0, np.sqrt(2 / 12)),
    "kaiming_uniform": within(np.sqrt(6 / FAN_IN)),
    "kaiming_normal": stats.norm(0, np.sqrt(2 / FAN_IN)),
    "lecun_uniform": within(np.sqrt(3 / FAN_IN)),
    "lecun_normal": stats.norm(0, 1 / np.sqrt(FAN_IN)),
    "fan_in_uniform": within(1 / np.sqrt(FAN_IN)),
}


def values(name: str) -> np.ndarray:
    rng = np.random.default_rng(3)
    draws = rng.normal(size=COUNT) if INITS[name].draws == "normal" else rng.uniform(size=COUNT)
    return INITS[name].sample(draws, FAN_IN, FAN_OUT, **SETTINGS.get(name, {}))


def test_the_table_holds_what_the_agreement_names():
    assert set(INITS) == {*THEORY, "constant", "orthogonal"}
    refused = {name for name, entry in INITS.items() if entry.needs_matrix}
    assert refused == {
        name for name in INITS if name.split("_")[0] in ("xavier", "kaiming", "lecun", "orthogonal")
    }


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
    np.testing.assert_allclose(INITS["uniform"].sample(ends, 3, 1, a=-3.0, b=1.0), [-3, -1, 1], rtol=1e-15)
    np.testing.assert_allclose(INITS["default"].sample(ends, 4, 1), [-0.5, 0, 0.5], rtol=1e-15)


def scale_given_to_pytorch(
    monkeypatch: pytest.MonkeyPatch, name: str, fan_in: int, fan_out: int, **fields
) -> float:
    """Return the bound or the standard deviation that ``torch.nn.init`` draws with."""
    found = []
    kind = "uniform_" if name.endswith("uniform") else "normal_"
    # Both ask the tensor itself, or a helper that asks it, for draws with these two numbers.
    monkeypatch.setattr(torch.Tensor, kind, lambda self, low, high, **_: found.append(high) or self)
    monkeypatch.setattr(torch.nn.init, f"_no_grad_{kind}", lambda t, low, high, *_: found.append(high) or t)
    getattr(torch.nn.init, f"{name}_")(torch.empty(fan_out, fan_in), **fields)
    return found[0]


@pytest.mark.parametrize(("fan_in", "fan_out"), [(2, 3), (7, 5), (64, 1)])
@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("xavier_uniform", {}),
        ("xavier_uniform", {"gain": 5 / 3}),
        ("xavier_normal", {}),
        ("xavier_normal", {"gain": 0.3}),
        *[
            (f"kaiming_{kind}", fields)
            for kind in ("uniform", "normal")
            for fields in (
                {},
                {"a": 0.7},
                {"mode": "fan_out", "nonlinearity": "relu"},
                {"nonlinearity": "tanh", "a": 3.0},
                {"nonlinearity": "selu"},
            )
        ],
    ],
)
def test_bounds_and_spreads_are_pytorchs(monkeypatch, name: str, fields: dict, fan_in: int, fan_out: int):
    # The largest uniform draw, and a normal draw of 1, show the bound and the standard deviation.
    ours = INITS[name].sample(np.array([1.0]), fan_in, fan_out, **fields)[0]
    theirs = scale_given_to_pytorch(monkeypatch, name, fan_in, fan_out, **fields)
    assert ours == pytest.approx(theirs, rel=1e-14)


@pytest.mark.parametrize("nonlinearity", GAINS)
def test_gains_are_pytorchs(nonlinearity: str):
    assert gain_of(nonlinearity) == torch.nn.init.calculate_gain(
        nonlinearity, 0.0 if "leaky" in nonlinearity else None
    )
    assert gain_of(nonlinearity) == pytest.approx(GAINS[nonlinearity], rel=1e-15)
    if nonlinearity == "leaky_relu":
        assert gain_of(nonlinearity, 0.3) == torch.nn.init.calculate_gain(nonlinearity, 0.3)


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
