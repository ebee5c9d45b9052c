"""What the strip of each layer shows at every moment of a run: how flat it is, how it moves, its numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from trainlab.diagnosis.faults.fading_signals import DEAD, SHARE
from trainlab.draw import format_number
from trainlab.engine import Runs
from trainlab.engine.layout import LayerLayout, layers_of
from trainlab.engine.run_steps import RunSteps
from trainlab.maths import ACTIVATIONS, format_share
from trainlab.spec import Experiment
from trainlab.studies.causes import THRESHOLD, Causes, causes_of, gradients_of
from trainlab.web.answers.one_run import evenly, exact, overview_of, own_parameters, read_run, run_of

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


# What became of each layer of a run, in a plain sentence, and since when: by the rules that studies have.
#
# That a gradient has vanished is the rule of `studies.causes`, asked of the same numbers; that a layer is
# dead or at its ends are the doctor's shares, asked of the end.


BETWEEN: Final = 256
"""So many epochs are looked at between the two where something began."""

KINDS: Final = ("not finite", "frozen", "dead", "vanished", "still", "saturated", "at rest", "moving")
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerVerdict:
    """What is so of a layer, counted from 1, when a run ends, and from which epoch on it was.

    `kind` is one of `KINDS`; `since` is None where that means nothing or isn't known. `gradient` is the mean
    |∂L/∂w| of its weights, and `vanished` whether that counts as vanished: with a high loss, below 10⁻⁴.
    """

    layer: int
    kind: str
    since: int | None
    gradient: float
    vanished: bool
    sentence: str

    def to_dict(self, steps_per_epoch: int) -> dict[str, Any]:
        """Return the verdict as plain data."""
        return {
            "layer": self.layer,
            "kind": self.kind,
            "since_epoch": self.since,
            "since_step": None if self.since is None else self.since * steps_per_epoch,
            "gradient": self.gradient,
            "vanished": self.vanished,
            "sentence": self.sentence,
        }


@lru_cache(maxsize=16)
def layer_verdicts(experiment: Experiment, seed: int) -> tuple[LayerVerdict, ...]:
    """Return a verdict on each layer of a seed's run."""
    run = run_of(experiment, seed)
    signs = _signs(run, overview_of(experiment, seed))
    causes, gradient = causes_of(run), gradients_of(run)[0]
    layers = layers_of(experiment.network)
    kinds = [_kind(run, causes, signs, index) for index in range(len(layers))]
    since = _since(run, signs, kinds)
    return tuple(
        LayerVerdict(
            layer=index + 1,
            kind=kind,
            since=since[index],
            gradient=float(gradient[index]),
            vanished=_vanished(causes, index),
            sentence=f"Layer {index + 1}: {_words(run, signs, kind, since[index], index)}.",
        )
        for index, kind in enumerate(kinds)
    )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Signs:
    """What some epochs of a run show of each layer: ``holds[kind]`` is ``[epochs, layers]``."""

    epochs: npt.NDArray[np.int64]
    strip: Strip
    holds: dict[str, Bools]


def _signs(run: Runs, read: RunSteps) -> _Signs:
    experiment = run.experiment
    inputs = experiment.data().inputs
    strip = strip_of(run, read, inputs[evenly(len(inputs), EXAMPLES)])
    layers = layers_of(experiment.network)
    finite = [np.isfinite(read.parameters[:, own_parameters(layer)]).all(axis=1) for layer in layers]
    vanished = strip.gradient_mean < THRESHOLD
    holds = {
        "not finite": ~np.stack(finite, axis=1),
        "dead": strip.dead > DEAD,
        "vanished": vanished,
        "still": vanished,
        "saturated": strip.saturated > SHARE,
    }
    return _Signs(epochs=read.steps // experiment.steps_per_epoch, strip=strip, holds=holds)


def _vanished(causes: Causes, index: int) -> bool:
    shares = causes.vanishing_by_layer
    return bool(shares) and shares[index].k == 1


def _kind(run: Runs, causes: Causes, signs: _Signs, index: int) -> str:
    """Return what is so of a layer at the end, the gravest first."""
    layers, failing = layers_of(run.experiment.network), not bool(run.solved[0])
    hidden, ends = index < len(layers) - 1, layers[index].activation in ENDS
    if signs.holds["not finite"][-1, index]:
        return "not finite"
    if index + 1 in run.experiment.frozen:
        return "frozen"
    if failing and signs.holds["dead"][-1, index]:
        return "dead"
    if _vanished(causes, index):
        return "still" if causes.standing_still is not None and causes.standing_still.k else "vanished"
    if failing and hidden and ends and signs.holds["saturated"][-1, index]:
        return "saturated"
    return "at rest" if gradients_of(run)[0, index] < THRESHOLD else "moving"


def _since(run: Runs, signs: _Signs, kinds: list[str]) -> list[int | None]:
    """Return for each layer the epoch from which on it was so: found among those looked at, then between."""
    own = run.experiment.record.gradients == "data" or exact(run.experiment) == "steps"
    found: list[int | None] = []
    for index, kind in enumerate(kinds):
        by_gradient = kind in ("vanished", "still")
        known = kind in signs.holds and (own or not by_gradient)
        found.append(_begun(signs, signs.holds[kind][:, index]) if known else None)
    between = sorted({epoch for begun in found if begun for epoch in _before(signs.epochs, begun)})
    if between:
        finer = _signs(run, read_run(run, [epoch * run.experiment.steps_per_epoch for epoch in between]))
        for index, (kind, begun) in enumerate(zip(kinds, found, strict=True)):
            if begun:
                inside = np.isin(finer.epochs, _before(signs.epochs, begun))
                held = finer.holds[kind][inside, index]
                earlier = finer.epochs[inside][len(held) - _tail(held) :]
                found[index] = int(earlier[0]) if len(earlier) else begun
    return found


def _begun(signs: _Signs, held: Bools) -> int | None:
    """Return the first epoch looked at from which on something held; the last where it doesn't quite."""
    return int(signs.epochs[min(len(held) - _tail(held), len(held) - 1)])


def _tail(held: Bools) -> int:
    """Return how many of the last ones hold without a break."""
    broken = np.flatnonzero(~held)
    return len(held) if not len(broken) else len(held) - 1 - int(broken[-1])


def _before(epochs: npt.NDArray[np.int64], begun: int) -> list[int]:
    """Return some of the epochs between the one where something began and the one looked at before it."""
    place = int(np.searchsorted(epochs, begun))
    before = int(epochs[place - 1]) if place else begun
    return (before + 1 + evenly(begun - before - 1, BETWEEN)).tolist() if begun - before > 1 else []


def _words(run: Runs, signs: _Signs, kind: str, since: int | None, index: int) -> str:
    """Return the sentence of a verdict, without its layer and full stop."""
    layer = layers_of(run.experiment.network)[index]
    gradient = gradients_of(run)[0]
    when = "" if since is None else " from the start" if since == 0 else f" since epoch {since:,}"
    size = f"mean |∂L/∂w| {format_number(float(gradient[index]), digits=2)}"
    last = f"{format_number(float(gradient[-1]), digits=2)} in the last layer"
    if kind == "not finite":
        return f"{when.strip() or 'at the end'} its weights are no longer finite numbers"
    if kind == "frozen":
        return "frozen, so it stayed as it began"
    if kind == "dead":
        share, units = float(signs.strip.dead[-1, index]), layer.fan_out
        who = "its unit has" if units == 1 else f"{format_share(share)} % of its {units:,} units have"
        return f"{who} slope 0 for every example{when}, so no gradient passes"
    if kind == "vanished":
        beside = f", {last}" if index + 1 < len(gradient) else ""
        return f"its gradient has vanished{when} ({size}{beside})"
    if kind == "still":
        return f"it stands still{when} ({size}), as every layer does"
    if kind == "saturated":
        share = format_share(float(signs.strip.saturated[-1, index]))
        ends = flat_words(layer.activation)
        return f"{share} % of its values are {ends}{when}, where the slope is near 0 ({size})"
    if run.diverged[0]:
        return "its weights are still finite numbers, but the run diverged"
    if kind == "at rest":
        why = "the run is solved" if run.solved[0] else "the loss is low"
        return f"little gradient is left ({size}): {why}"
    return f"its gradient arrives ({size} at the end)"
