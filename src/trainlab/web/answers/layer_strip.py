"""What the strip of each layer shows at every moment of a run: how flat it is, how it moves, its numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from trainlab.engine import Runs
from trainlab.engine.layout import LayerLayout, layers_of
from trainlab.engine.run_steps import RunSteps
from trainlab.maths import ACTIVATIONS
from trainlab.spec import Experiment
from trainlab.web.answers.one_run import evenly, overview_of

Numbers = npt.NDArray[np.float64]

ENDS: Final = {"tanh": (-0.99, 0.99), "hardtanh": (-0.99, 0.99), "sigmoid": (0.01, 0.99)}
"""Outputs beyond these are at an end of their activation, as the doctor counts them."""
NEARLY_FLAT: Final = 0.05
"""Where an activation has no such ends, a slope below this is nearly flat, as `explain.neuron` says."""

EXAMPLES: Final = 512
"""Strips are over so many examples, at most."""
EDGE_MOMENTS: Final = 24
BINS: Final = 24
GRADIENT_EDGES: Final = (-12.0, 0.0)
"""Powers of ten."""
COUNTED: Final = 65_535
"""As much as a uint16 counts to."""
CHUNK: Final = 2_000_000
"""So many numbers of one layer are held at once."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Strip:
    """Of F moments and L layers, ``[F, L]`` each, the histograms ``[F, L, BINS]``; see `answer_replay`.

    `edges` are the ends of each layer's histogram of outputs; `counted` of how many examples it is.
    """

    saturated: Numbers
    dead: Numbers
    update_ratio: Numbers
    gradient_mean: Numbers
    activation_histogram: npt.NDArray[np.uint16]
    gradient_histogram: npt.NDArray[np.uint16]
    edges: tuple[tuple[float, float], ...]
    counted: int


def strip_of(run: Runs, read: RunSteps, inputs: Numbers) -> Strip:
    """Return the strips of all layers at the moments read, over these inputs ``[examples, features]``."""
    experiment = run.experiment
    layers = layers_of(experiment.network)
    parameters = read.parameters.astype(np.float64)
    shape = (len(read.steps), len(layers))
    counted = min(len(inputs), COUNTED // max(layer.fan_out for layer in layers))
    edges = _edges(experiment, run.first_seed)
    saturated, dead = np.full(shape, np.nan), np.full(shape, np.nan)
    counts = np.zeros((*shape, BINS), dtype=np.uint16)
    for frames in _chunks(layers, len(read.steps), len(inputs)):
        for index, (sums, outputs) in enumerate(_passes(layers, parameters[frames], inputs)):
            kind = layers[index].activation
            saturated[frames, index] = _saturated(kind, sums, outputs)
            dead[frames, index] = _dead(kind, sums)
            counts[frames, index] = _histogram(outputs[:, :counted], edges[index])
    gradient, weights = np.abs(read.gradient.astype(np.float64)), [layer.weights for layer in layers]
    with np.errstate(all="ignore"):
        moved = read.after.astype(np.float64) - parameters
        sizes = np.log10(gradient)
        ratios = [np.log10(_norm(moved[:, each]) / _norm(parameters[:, each])) for each in weights]
    return Strip(
        saturated=saturated,
        dead=dead,
        update_ratio=np.stack(ratios, axis=1),
        gradient_mean=np.stack([gradient[:, each].mean(axis=1) for each in weights], axis=1),
        activation_histogram=counts,
        gradient_histogram=np.stack([_histogram(sizes[:, each], GRADIENT_EDGES) for each in weights], axis=1),
        edges=edges,
        counted=counted,
    )


def flat_words(activation: str) -> str:
    """Return what counts as saturated: ``past ±0.99``."""
    if not ACTIVATIONS[activation].elementwise:
        return ""
    if activation == "linear":
        return ""  # Its slope is 1 everywhere.
    if activation not in ENDS:
        return f"where its slope is below {NEARLY_FLAT:g}"
    low, high = ENDS[activation]
    return f"past ±{high:g}" if low == -high else f"below {low:g} or above {high:g}"


def _passes(
    layers: tuple[LayerLayout, ...], parameters: Numbers, inputs: Numbers
) -> Iterator[tuple[Numbers, Numbers]]:
    """Yield sums and outputs of every layer, both ``[frames, examples, units]``."""
    values = np.broadcast_to(inputs, (len(parameters), *inputs.shape))
    for layer in layers:
        weight = parameters[:, layer.weights].reshape(-1, layer.fan_out, layer.fan_in)
        with np.errstate(all="ignore"):
            sums = values @ weight.transpose(0, 2, 1)
            if layer.first_bias is not None:
                sums = sums + parameters[:, None, layer.biases]
            values = ACTIVATIONS[layer.activation].value(sums)
        yield sums, values


def _chunks(layers: tuple[LayerLayout, ...], frames: int, examples: int) -> Iterator[slice]:
    size = max(1, CHUNK // (examples * max(layer.fan_out for layer in layers)))
    yield from (slice(first, first + size) for first in range(0, frames, size))


def _saturated(kind: str, sums: Numbers, outputs: Numbers) -> Numbers:
    """Return the share of a layer's values that are at an end, ``[frames]``; NaN where some are NaN."""
    derivative = ACTIVATIONS[kind].derivative
    if derivative is None:
        return np.full(len(sums), np.nan)
    if kind in ENDS:
        low, high = ENDS[kind]
        flat = (outputs < low) | (outputs > high)
    else:
        with np.errstate(all="ignore"):
            flat = np.abs(derivative(sums)) < NEARLY_FLAT
    return np.where(np.isnan(sums).any(axis=(1, 2)), np.nan, flat.mean(axis=(1, 2)))


def _dead(kind: str, sums: Numbers) -> Numbers:
    """Return the share of a layer's units whose slope is 0 for every example, ``[frames]``."""
    derivative = ACTIVATIONS[kind].derivative
    if derivative is None:
        return np.full(len(sums), np.nan)
    with np.errstate(all="ignore"):
        dead = (derivative(sums) == 0).all(axis=1).mean(axis=1)
    return np.where(np.isnan(sums).any(axis=(1, 2)), np.nan, dead)


@lru_cache(maxsize=16)
def _edges(experiment: Experiment, seed: int) -> tuple[tuple[float, float], ...]:
    """Return the ends of each layer's histogram: its activation's, or those of all but a hundredth.

    Of an activation without ends some moments of the whole run are looked at, so that a part of it has the
    same ends.
    """
    seen, inputs = overview_of(experiment, seed).parameters, experiment.data().inputs
    some = seen[evenly(len(seen), EDGE_MOMENTS)].astype(np.float64)
    inputs, layers = inputs[evenly(len(inputs), EXAMPLES)], layers_of(experiment.network)
    found: list[tuple[float, float]] = []
    for layer, (_, outputs) in zip(layers, _passes(layers, some, inputs), strict=True):
        kind = ACTIVATIONS[layer.activation]
        finite = outputs[np.isfinite(outputs)]
        if kind.bounded:
            found.append((kind.low, kind.high))
        elif not len(finite):
            found.append((0.0, 1.0))
        else:
            low, high = (float(each) for each in np.quantile(finite, (0.005, 0.995)))
            # All alike, or so large that their difference is lost.
            room = 0.5 * max(1.0, abs(low))
            found.append((low, high) if high - low > 1e-6 * abs(low) else (low - room, low + room))
    return tuple(found)


def _histogram(values: Numbers, edges: tuple[float, float]) -> npt.NDArray[np.uint16]:
    """Count a frame's numbers, ``[frames, BINS]``: those beyond the ends in the bins there, NaN nowhere."""
    frames = len(values)
    flat = values.reshape(frames, -1)
    low, high = edges
    with np.errstate(all="ignore"):
        places = np.floor((flat - low) * (BINS / (high - low)))
    places = np.nan_to_num(np.clip(places, 0, BINS - 1), nan=0).astype(np.int64)
    row = np.arange(frames)[:, None] * BINS
    kept = ~np.isnan(flat)
    counts = np.bincount((row + places)[kept], minlength=frames * BINS)
    return counts.reshape(frames, BINS).astype(np.uint16)


def _norm(values: Numbers) -> Numbers:
    return np.sqrt((values * values).sum(axis=1))
