import msgspec
import numpy as np
import pytest
from scipy import stats

from trainlab.engine import rng
from trainlab.engine.layout import initial_parameters, layers_of
from trainlab.spec import Constant, Default, Experiment, Init, Network, Normal, Uniform

NETWORKS = [
    Network(widths=(2, 5, 4, 1)),
    Network(widths=(2, 11, 1), output_bias=False),
    Network(widths=(2, *(2,) * 7, 1), output_bias=False),
    Network(widths=(2, 3, 3, 1), bias=(False, True, False)),
    Network(widths=(2, 1), bias=False),
]


def experiment(network: Network, **fields: object) -> Experiment:
    init = Init(weight=Normal(), bias=Default())
    return msgspec.structs.replace(Experiment(network=network, init=init), **fields)


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.label)
def test_weights_and_biases_cover_every_column_once_in_order(network: Network):
    columns = []
    for layer in layers_of(network):
        weights, biases = range(10**6)[layer.weights], range(10**6)[layer.biases]
        assert len(weights) == layer.fan_in * layer.fan_out
        assert len(biases) == (0 if layer.first_bias is None else layer.fan_out)
        columns += [*weights, *biases]
    assert columns == list(range(network.parameters))
    assert tuple(layer.first_bias is not None for layer in layers_of(network)) == network.biases
    assert tuple(layer.activation for layer in layers_of(network)) == network.activations
    assert tuple(layer.fan_out for layer in layers_of(network)) == network.widths[1:]


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.label)
def test_a_part_of_the_seeds_starts_as_it_does_among_all(network: Network):
    everyone = initial_parameters(experiment(network), range(20))
    assert everyone.shape == (20, network.parameters)
    np.testing.assert_array_equal(initial_parameters(experiment(network), range(7, 12)), everyone[7:12])
    assert len(np.unique(everyone, axis=0)) == 20
    assert initial_parameters(experiment(network), range(0)).shape == (0, network.parameters)


def test_a_layer_of_one_shape_starts_alike_whatever_network_it_is_in():
    seeds = range(2**40, 2**40 + 5)
    one, two = Network(widths=(2, 3, 4, 1)), Network(widths=(2, 3, 5, 5, 1), bias=False, activation="relu")
    first_of_one, first_of_two = layers_of(one)[0], layers_of(two)[0]
    np.testing.assert_array_equal(
        initial_parameters(experiment(one), seeds)[:, first_of_one.weights],
        initial_parameters(experiment(two), seeds)[:, first_of_two.weights],
    )


def test_what_does_not_touch_the_start_leaves_it_alone():
    plain = experiment(NETWORKS[0])
    start = initial_parameters(plain, range(4))
    for fields in (
        {"loss": "l1"},
        {"epochs": 2001},
        {"network": Network(widths=(2, 5, 4, 1), activation="relu")},
    ):
        np.testing.assert_array_equal(
            initial_parameters(experiment(**{"network": NETWORKS[0], **fields}), range(4)), start
        )


def test_taking_a_bias_away_moves_no_other_parameter():
    whole, without = Network(widths=(2, 11, 1)), Network(widths=(2, 11, 1), output_bias=False)
    np.testing.assert_array_equal(
        initial_parameters(experiment(whole), range(4))[:, :44],
        initial_parameters(experiment(without), range(4)),
    )


def test_layers_of_one_shape_in_one_network_start_differently():
    network = NETWORKS[2]
    start = initial_parameters(experiment(network), range(3))
    layers = layers_of(network)
    assert (start[:, layers[1].weights] != start[:, layers[2].weights]).all()
    assert (start[:, layers[1].biases] != start[:, layers[2].biases]).all()


def test_weights_come_from_their_stream_and_biases_from_theirs():
    network = Network(widths=(2, 3, 1))
    start = initial_parameters(experiment(network), range(4))
    seeds = np.arange(4, dtype=np.uint64)
    second = layers_of(network)[1]
    weights = rng.normals(rng.words(seeds, stream=rng.WEIGHTS, layer=1, count=3))
    np.testing.assert_array_equal(start[:, second.weights], weights)
    bias = rng.uniforms(rng.words(seeds, stream=rng.BIASES, layer=1, count=1))
    np.testing.assert_allclose(start[:, second.biases], (2 * bias - 1) / np.sqrt(3), rtol=1e-15)


@pytest.mark.parametrize(
    ("scheme", "theory"),
    [
        (Normal(mean=1.0, std=0.5), stats.norm(1.0, 0.5)),
        (Uniform(a=-2.0, b=3.0), stats.uniform(-2.0, 5.0)),
        (Default(), stats.uniform(-1 / np.sqrt(3), 2 / np.sqrt(3))),
    ],
)
def test_every_init_is_drawn_from_what_it_says(scheme: Normal | Uniform | Default, theory):
    network = Network(widths=(2, 3, 3, 1))
    middle = layers_of(network)[1]
    start = initial_parameters(experiment(network, init=Init(weight=scheme, bias=scheme)), range(2000))
    for columns in (middle.weights, middle.biases):
        assert stats.kstest(start[:, columns].ravel(), theory.cdf).pvalue > 1e-3


def test_a_constant_is_everywhere():
    init = Init(weight=Constant(val=0.5), bias=Constant(val=-1.0))
    network = Network(widths=(2, 2, 1))
    start = initial_parameters(experiment(network, init=init), range(2))
    np.testing.assert_array_equal(start, [[0.5] * 4 + [-1.0] * 2 + [0.5] * 2 + [-1.0]] * 2)
