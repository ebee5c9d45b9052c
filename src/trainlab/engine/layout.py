"""Where each weight and bias stands in a run's row of parameters, and the values they start from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from trainlab.engine import rng
from trainlab.engine.rng import phase_seeds
from trainlab.engine.runs import Engine, FloatArray
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


@dataclass(frozen=True, kw_only=True, slots=True)
class DrawnPart:
    """The weights or biases of a layer: their columns, the stream they are drawn from, and by which init."""

    stream: int
    layer: int
    columns: slice
    fan_in: int
    fan_out: int
    init: str
    settings: dict[str, Any]


def drawn_parts(experiment: Experiment) -> Iterator[DrawnPart]:
    """Yield the weights and biases of every layer, those left out that there are none of."""
    layers, init = layers_of(experiment.network), experiment.init
    schemes = zip(init.weights_of(len(layers)), init.biases_of(len(layers)), strict=True)
    for index, (layer, (weight, bias)) in enumerate(zip(layers, schemes, strict=True)):
        for stream, scheme, columns in (
            (rng.WEIGHTS, weight, layer.weights),
            (rng.BIASES, bias, layer.biases),
        ):
            if columns.stop > columns.start:
                settings = msgspec.to_builtins(scheme)
                yield DrawnPart(
                    stream=stream,
                    layer=index,
                    columns=columns,
                    fan_in=layer.fan_in,
                    fan_out=layer.fan_out,
                    init=settings.pop("name"),
                    settings=settings,
                )


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
    for part in drawn_parts(experiment):
        init, count = INITS[part.init], part.columns.stop - part.columns.start
        normal = init.draws == "normal"
        draws = draw(seeds, stream=part.stream, layer=part.layer, count=count, normal=normal)
        parameters[:, part.columns] = init.sample(draws, part.fan_in, part.fan_out, **part.settings)
    return parameters


# A training that goes on from another: it starts from that one's weights, and draws examples of its own.


def trained_start(
    engine: Engine, experiment: Experiment, seeds: range, *, threads: int = 1
) -> FloatArray | None:
    """Return the weights ``[n, P]`` that the seeds go on from, trained by this engine.

    None if the training begins from scratch.
    """
    before = experiment.after
    if before is None:
        return None
    # How often it is evaluated changes no weight, unless the training stops once it is found solved.
    record = replace(before.record, parameters=True, predictions=0, curves=0, loss_every=0, gradient_every=0)
    return engine.train(replace(before, record=record), seeds, threads=threads)[0].parameters


def starting_parameters(engine: Engine, experiment: Experiment, seeds: range) -> npt.NDArray[np.floating]:
    """Return the weights ``[n, P]`` from which an engine trains these seeds: drawn, or trained before."""
    trained = trained_start(engine, experiment, seeds)
    return initial_parameters(experiment, seeds) if trained is None else trained


def drawing_seeds(experiment: Experiment, seeds: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Return the seeds ``[n]`` that examples, noise and dropout of this training are drawn from.

    The place in a chain of trainings and the number of the redraw are the halves of a counter's 32 bits.
    """
    return phase_seeds(seeds, phase=experiment.redraw << 16 | (len(experiment.phases) - 1))
