"""Where each weight and bias stands in a run's row of parameters, and the values they start from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import msgspec
import numpy as np
import numpy.typing as npt

from trainlab.engine import rng
from trainlab.errors import EngineError
from trainlab.maths import INITS
from trainlab.spec import Experiment, Network

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerLayout:
    """One linear layer: weights ``[fan_out, fan_in]`` row by row from `first_weight`, then biases."""

    fan_in: int
    fan_out: int
    first_weight: int
    first_bias: int | None
    activation: str

    @property
    def weights(self) -> slice:
        """The columns of the layer's weights."""
        return slice(self.first_weight, self.first_weight + self.fan_in * self.fan_out)

    @property
    def biases(self) -> slice:
        """The columns of the layer's biases; empty if it has none."""
        start = self.weights.stop if self.first_bias is None else self.first_bias
        return slice(start, start if self.first_bias is None else start + self.fan_out)


def layers_of(network: Network) -> tuple[LayerLayout, ...]:
    """Return the layers in order; together they cover the columns 0 … P − 1."""
    layers: list[LayerLayout] = []
    column = 0
    for (fan_in, fan_out), bias, activation in zip(
        pairwise(network.widths), network.biases, network.activations, strict=True
    ):
        first_bias = column + fan_in * fan_out
        layers.append(
            LayerLayout(
                fan_in=fan_in,
                fan_out=fan_out,
                first_weight=column,
                first_bias=first_bias if bias else None,
                activation=activation,
            )
        )
        column = first_bias + (fan_out if bias else 0)
    return tuple(layers)


def numpy_draws(seeds: range, *, stream: int, layer: int, count: int, normal: bool) -> Array:
    """Return draws ``[n, count]`` of a stream for each seed and one layer: standard normal, or in (0, 1)."""
    keys = np.arange(seeds.start, seeds.stop, dtype=np.uint64)
    drawn = rng.words(keys, stream=stream, layer=layer, count=count)
    return rng.normals(drawn) if normal else rng.uniforms(drawn)


def initial_parameters(
    experiment: Experiment, seeds: range, *, draw: Callable[..., Array] = numpy_draws
) -> Array:
    """Return the parameters ``[n, P]`` in float64 that each seed starts from.

    `draw` makes the draws, as `numpy_draws` does. A layer's depend on the seed, the layer's index and the
    place within it alone, so layers of one shape start alike in every cell of a study.

    Raises:
        EngineError: the experiment goes on from another training, so nothing is drawn.
    """
    if experiment.after is not None:
        raise EngineError(
            "after: this training goes on from another one's weights, and what is asked is of weights that "
            "are drawn. Ask it of the training before."
        )
    parameters = np.empty((len(seeds), experiment.network.parameters))
    layers, init = layers_of(experiment.network), experiment.init
    schemes = zip(init.weights_of(len(layers)), init.biases_of(len(layers)), strict=True)
    for index, (layer, (weight, bias)) in enumerate(zip(layers, schemes, strict=True)):
        for stream, scheme, columns in (
            (rng.WEIGHTS, weight, layer.weights),
            (rng.BIASES, bias, layer.biases),
        ):
            count = columns.stop - columns.start
            if count:
                settings = msgspec.to_builtins(scheme)
                init = INITS[settings.pop("name")]
                draws = draw(seeds, stream=stream, layer=index, count=count, normal=init.draws == "normal")
                parameters[:, columns] = init.sample(draws, layer.fan_in, layer.fan_out, **settings)
    return parameters
