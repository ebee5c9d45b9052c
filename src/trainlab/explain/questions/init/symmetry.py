"""Neurons that are equal: counted in weights, in gradients, and after training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from trainlab.engine import Runs
from trainlab.engine.layout import layers_of
from trainlab.engine.network_pass import Layer, LayerGradient, initial_layers, layers_from
from trainlab.explain.common.paired import solved_share
from trainlab.explain.questions.init.variants import without_curves
from trainlab.explain.subject.loss import examples_gradients
from trainlab.spec import Constant, Experiment, Init
from trainlab.stats import Rate

TOLERANCE = 1e-6
WORK = 500_000_000
"""Operations that the ranks of one layer may take, a tenth of a second or so; one seed is ranked anyhow."""


def seeds_ranked(shape: tuple[int, ...]) -> int:
    """Return of how many seeds a layer is ranked; one takes about 4 m n² operations, n the shorter side."""
    longer, shorter = max(shape), min(shape)
    return max(1, WORK // (4 * longer * shorter**2))


def greatest_rank(matrices: Sequence[Array]) -> int:
    """Return the greatest rank; once one is the greatest that can be, the others aren't looked at."""
    most = 0
    for matrix in matrices:
        most = max(most, matrix_rank(matrix))
        if most == min(matrix.shape):
            break
    return most


def matrix_rank(matrix: Array) -> int:
    """Return the numerical rank, to the precision of float32, in which populations train."""
    # Equal rows add nothing; after a constant start one is left.
    rows = np.unique(matrix + 0.0, axis=0)
    if len(rows) == 1:
        return int(rows.any())
    values = np.linalg.svd(rows, compute_uv=False)
    return int((values > TOLERANCE * values[0]).sum())


Array = npt.NDArray[np.float64]
CONSTANTS = (0.5, 1.5)
"""The values that the assignment calls too small and too large, here as constants."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Start:
    """A way to start: its name, and the init."""

    label: str
    init: Init


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerSymmetry:
    """One hidden layer of `neurons`, over the seeds that didn't diverge.

    ``distinct_gradients`` is how many rows of [∂L/∂W | ∂L/∂b] differ at the start (seed 0, all examples),
    `zero_gradients` whether all of them are exactly 0; the others count, at the end of training, neurons
    whose incoming weights and bias differ, in the seed with the fewest and the one with the most; and the
    greatest rank, over the first `ranked` seeds, of the weight matrix and of what training added to it.
    """

    layer: int
    neurons: int
    distinct_gradients: int
    zero_gradients: bool
    fewest: int
    most: int
    rank: int
    update_rank: int
    ranked: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Symmetry:
    """One network from one start: its hidden layers, seeds, the most steps of training, and the share solved.

    `kept` are the seeds that didn't diverge; without any, `layers` count no neurons at the end. Runs of which
    some `stopped` early took fewer steps.
    """

    network: str
    start: str
    seeds: int
    kept: int
    steps: int
    stopped: bool
    layers: tuple[LayerSymmetry, ...]
    solved: Rate

    @property
    def neurons(self) -> int:
        """Hidden neurons."""
        return sum(layer.neurons for layer in self.layers)

    @property
    def most(self) -> int:
        """The most hidden neurons that differ after training, each layer in its best seed."""
        return sum(layer.most for layer in self.layers)

    def to_dict(self) -> dict[str, Any]:
        """Return the counts as plain data."""
        return {
            "network": self.network,
            "start": self.start,
            "seeds": self.seeds,
            "seeds_not_diverged": self.kept,
            "steps": self.steps,
            "some_stopped_early": self.stopped,
            "solved": self.solved.to_dict(),
            "layers": [
                {
                    "layer": each.layer,
                    "neurons": each.neurons,
                    "distinct_gradients_at_start": each.distinct_gradients,
                    "all_gradients_zero_at_start": each.zero_gradients,
                    "distinct_neurons_fewest": each.fewest,
                    "distinct_neurons_most": each.most,
                    "weight_rank": each.rank,
                    "update_rank": each.update_rank,
                    "seeds_ranked": each.ranked,
                }
                for each in self.layers
            ],
        }


def starts(experiment: Experiment) -> tuple[Start, ...]:
    """Return the starts that are compared: all zero, all constant, constant weights alone, and its own."""
    own, nothing = experiment.init, Constant(val=0.0)
    found = [Start(label="all 0", init=Init(weight=nothing, bias=nothing))]
    for value in CONSTANTS:
        constant = Constant(val=value)
        found.append(Start(label=f"weights {value:g}, biases 0", init=Init(weight=constant, bias=nothing)))
        if any(experiment.network.biases):
            alone = Init(weight=constant, bias=own.bias)
            found.append(Start(label=f"weights {value:g}, own biases", init=alone))
    found.append(Start(label="as the experiment", init=own))
    return tuple({each.init: each for each in found}.values())


def started(experiment: Experiment, start: Start) -> Experiment:
    """Return the experiment to train: its own training, another start, parameters kept."""
    return without_curves(msgspec.structs.replace(experiment, init=start.init), parameters=True)


def symmetry(network: str, start: str, runs: Runs) -> Symmetry:
    """Return how many hidden neurons differ, in gradients at the start and after the training of `runs`."""
    experiment = runs.experiment
    gradients = examples_gradients(experiment, initial_layers(experiment, 0))
    kept = np.flatnonzero(~runs.diverged & np.isfinite(runs.parameters).all(axis=1))
    ends = [layers_from(experiment.network, runs.parameters[row]) for row in kept]
    first = [_single(initial_layers(experiment, runs.first_seed + int(row))) for row in kept]
    layers = [
        _layer(index, each.fan_out, gradients[index], [end[index] for end in ends], [w[index] for w in first])
        for index, each in enumerate(layers_of(experiment.network)[:-1])
    ]
    return Symmetry(
        network=network,
        start=start,
        seeds=len(runs.solved),
        kept=len(kept),
        stopped=bool((runs.stopped_epoch[kept] >= 0).any()),
        steps=experiment.epochs * experiment.steps_per_epoch,
        layers=tuple(layers),
        solved=solved_share(runs),
    )


def distinct_rows(weight: Array, bias: Array | None) -> int:
    """Return how many rows of [W | b] differ, to the bit."""
    rows = weight if bias is None else np.column_stack([weight, bias])
    # −0 and 0 are one value.
    return len(np.unique(rows + 0.0, axis=0))


def _layer(
    index: int,
    neurons: int,
    gradient: LayerGradient,
    ends: Sequence[Layer],
    first: Sequence[Array],
) -> LayerSymmetry:
    counts = [distinct_rows(each.weight, each.bias) for each in ends]
    bias, ranked = gradient.bias, min(len(ends), seeds_ranked(gradient.weight.shape))
    weights = [each.weight for each in ends[:ranked]]
    return LayerSymmetry(
        layer=index + 1,
        neurons=neurons,
        distinct_gradients=distinct_rows(gradient.weight, bias),
        zero_gradients=not gradient.weight.any() and (bias is None or not bias.any()),
        fewest=min(counts, default=0),
        most=max(counts, default=0),
        rank=greatest_rank(weights),
        update_rank=greatest_rank([end - start for end, start in zip(weights, first[:ranked], strict=True)]),
        ranked=ranked,
    )


def _single(layers: Sequence[Layer]) -> list[Array]:
    """The weights as training in float32 starts with them."""
    return [layer.weight.astype(np.float32).astype(np.float64) for layer in layers]
