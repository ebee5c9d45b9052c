"""Neurons that are equal: counted in weights, in gradients, and after training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from trainlab.draw import counted
from trainlab.draw.table import Cell
from trainlab.engine import Runs
from trainlab.engine.layout import layers_of
from trainlab.engine.network_pass import Array, Layer, LayerGradient, initial_layers, layers_from
from trainlab.explain.network import examples_gradients
from trainlab.explain.populations import solved_share
from trainlab.explain.questions.init.learning import without_curves
from trainlab.page.section import Section, Table
from trainlab.plain import Plain
from trainlab.spec import Constant, Experiment, Init
from trainlab.stats import Rate, percent_words

CONSTANTS = (0.5, 1.5)
"""The values that the assignment calls too small and too large, here as constants."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Start:
    """A way to start: its name, and the init."""

    label: str
    init: Init


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerSymmetry(Plain):
    """One hidden layer of `neurons`, over the seeds that didn't diverge.

    ``distinct_gradients`` is how many rows of [∂L/∂W | ∂L/∂b] differ at the start (seed 0, all examples),
    `zero_gradients` whether all of them are exactly 0; the others count, at the end of training, neurons
    whose incoming weights and bias differ, in the seed with the fewest and the one with the most.
    """

    _written = (
        "layer neurons distinct_gradients_at_start=distinct_gradients "
        "all_gradients_zero_at_start=zero_gradients distinct_neurons_fewest=fewest "
        "distinct_neurons_most=most"
    )

    layer: int
    neurons: int
    distinct_gradients: int
    zero_gradients: bool
    fewest: int
    most: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Symmetry(Plain):
    """One network from one start: its hidden layers, seeds, the most steps of training, and the share solved.

    `kept` are the seeds that didn't diverge; without any, `layers` count no neurons at the end. Runs of which
    some `stopped` early took fewer steps.
    """

    _written = "network start seeds seeds_not_diverged=kept steps some_stopped_early=stopped solved layers"

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
    layers = [
        _layer(index, each.fan_out, gradients[index], [end[index] for end in ends])
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


def _layer(index: int, neurons: int, gradient: LayerGradient, ends: Sequence[Layer]) -> LayerSymmetry:
    counts = [distinct_rows(each.weight, each.bias) for each in ends]
    bias = gradient.bias
    return LayerSymmetry(
        layer=index + 1,
        neurons=neurons,
        distinct_gradients=distinct_rows(gradient.weight, bias),
        zero_gradients=not gradient.weight.any() and (bias is None or not bias.any()),
        fewest=min(counts, default=0),
        most=max(counts, default=0),
    )


# Symmetry, shown: equal neurons have equal gradients and stay equal.


def symmetry_section(found: Sequence[Symmetry]) -> Section:
    """Return how many neurons are left that differ."""
    rows: list[tuple[Cell, ...]] = [
        (
            each.network,
            each.start,
            _by_layer([_share(layer.distinct_gradients, layer.neurons) for layer in each.layers]),
            _after_training(each),
            percent_words(each.solved),
        )
        for each in found
        if each.layers
    ]
    if not rows:
        return Section(
            name="symmetry",
            heading="Symmetry: neurons that stay equal",
            text=("The network has no hidden layer, and so no neurons that could be equal.",),
        )
    return Section(
        name="symmetry",
        heading="Symmetry: neurons that stay equal",
        text=(
            "Two neurons of a layer with equal weights in and out get equal gradients, so no step can "
            f"tell them apart: the layer is as good as one neuron. Counted to the bit, after {_steps(found)} "
            f"of the experiment's own training from {counted(found[0].seeds, 'seed')}; by hidden layer, "
            "first to last. Seeds differ in the order of the examples even where all weights start alike.",
            *_left_out(found),
        ),
        tables=(
            Table(
                title="Neurons that differ, of all, by hidden layer",
                headers=(
                    "Network",
                    "Start",
                    "gradients at the start",
                    "neurons after training",
                    "solved",
                ),
                rows=rows,
                shown=24,
            ),
        ),
    )


def _after_training(each: Symmetry) -> str:
    """Return the neurons that differ, of the seeds that didn't diverge."""
    if not each.kept:
        return "all diverged"
    return _by_layer(
        [
            _share(layer.most, layer.neurons, None if layer.fewest == layer.most else layer.fewest)
            for layer in each.layers
        ]
    )


def _steps(found: Sequence[Symmetry]) -> str:
    """Return how many steps were trained, in words."""
    steps = " or ".join(f"{count:,}" for count in sorted({each.steps for each in found}))
    if any(each.stopped for each in found):
        return f"up to {steps} steps (some runs stop early)"
    return f"{steps} steps"


def _left_out(found: Sequence[Symmetry]) -> tuple[str, ...]:
    """Say of which starts runs diverged, whose neurons aren't counted."""
    lost = [
        f"{each.network} from {each.start}, {each.seeds - each.kept:,} of {each.seeds:,}"
        for each in found
        if each.kept < each.seeds
    ]
    return (f"Diverged, and so not counted: {'; '.join(lost)}.",) if lost else ()


def _by_layer(words: Sequence[str]) -> str:
    """Return one word for each layer, or the one that holds for all of many."""
    return f"{words[0]} in all {len(words)}" if len(words) > 2 and len(set(words)) == 1 else ", ".join(words)


def _share(count: int, of: int, least: int | None = None) -> str:
    return f"{count}/{of}" if least is None else f"{least}–{count}/{of}"
