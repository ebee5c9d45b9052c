"""The same training for stacks of several depths, with and without their activations, and what that says."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np

from trainlab.draw import (
    Answers,
    Cell,
    Picture,
    format_fixed,
    predictions,
    rate_grid,
    without_noise_by_column,
)
from trainlab.engine import Runs
from trainlab.errors import SpecError
from trainlab.explain.populations import Populations, solved_share
from trainlab.explain.questions.neuron.one_neuron import point_words
from trainlab.maths import ACTIVATIONS
from trainlab.page.section import Section, Table
from trainlab.plain import pick
from trainlab.spec import Experiment, Network, Within
from trainlab.spec.losses import BCE, NLL, BCEWithLogits, CrossEntropy
from trainlab.stats import Estimate, Rate, holm, paired_difference, share_words

DEPTHS: Final = (1, 2, 4, 8)
"""Linear layers of the stacks, beside as many as the network itself has."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Depth:
    """A stack of so many layers, as it is `linear`, and as it is with its activations, `active`."""

    layers: int
    own: bool
    linear: Experiment
    active: Experiment

    @property
    def label(self) -> str:
        """Its widths, ``2-5-4-1``; of a deep one ``2-5×7-1``."""
        widths = self.active.network.widths
        hidden = widths[1:-1]
        if len(hidden) > 3 and len(set(hidden)) == 1:
            return f"{widths[0]}-({hidden[0]}×{len(hidden)})-{widths[-1]}"
        return self.active.network.label


@dataclass(frozen=True, kw_only=True, slots=True)
class StackRates:
    """How many seeds solved the task with a stack of so many layers: all linear, and with its activations.

    `difference` is that of the two rates, paired by seed; `p` its p-value, corrected (Holm) for all stacks.
    """

    layers: int
    label: str
    own: bool
    linear: Rate
    active: Rate
    difference: Estimate
    p: float

    def to_dict(self) -> dict[str, Any]:
        """Return the rates ready for JSON."""
        difference = {**pick(self.difference, "estimate low high"), "p_holm": self.p}
        return {**pick(self, "layers widths=label own linear active"), "difference": difference}


def activation_of(network: Network) -> str:
    """Return the activation that stacks get: the network's first that isn't linear, tanh if all are."""
    found = [name for name in network.activations if name != "linear" and ACTIVATIONS[name].elementwise]
    return found[0] if found else "tanh"


def depths_of(experiment: Experiment) -> tuple[Depth, ...]:
    """Return the stacks in order of depth, the experiment's own network among them.

    The others are as wide as its first hidden layer; all else stays as it is.
    """
    own = experiment.network.layers
    return tuple(_depth(experiment, layers, own=layers == own) for layers in sorted({*DEPTHS, own}))


def _depth(experiment: Experiment, layers: int, *, own: bool) -> Depth:
    network = experiment.network
    name = activation_of(network)
    if own and any(each != "linear" for each in network.activations):
        active = experiment
    else:
        active = _with_network(experiment, network if own else _widened(network, layers), name)
    return Depth(layers=layers, own=own, linear=without_activations(active), active=active)


def without_activations(experiment: Experiment) -> Experiment:
    """Return the experiment with every activation linear.

    A loss that needs probabilities is exchanged for the one of the same value that takes logits.
    """
    network = msgspec.structs.replace(experiment.network, activation="linear", output_activation=None)
    loss = experiment.loss
    if isinstance(loss, BCE):
        loss = BCEWithLogits()
    elif isinstance(loss, NLL):
        loss = CrossEntropy()
    return msgspec.structs.replace(experiment, network=network, loss=loss)


def _widened(network: Network, layers: int) -> Network:
    width = network.widths[1] if network.layers > 1 else max(4, *network.widths)
    return Network(
        widths=(network.widths[0], *[width] * (layers - 1), network.widths[-1]),
        bias=True,
        output_bias=network.biases[-1],
        output_activation=network.activations[-1],
        dropout=network.dropouts[0] if network.dropouts else 0.0,
    )


def _with_network(experiment: Experiment, network: Network, activation: str) -> Experiment:
    """Return the experiment with a network whose hidden activations are `activation`."""
    init = experiment.init
    changed = msgspec.structs.replace(
        network,
        activation=activation,
        output_activation=network.activations[-1],
    )
    try:
        return msgspec.structs.replace(
            experiment,
            network=changed,
            init=msgspec.structs.replace(
                init,
                weight=init.weight[0] if isinstance(init.weight, tuple) else init.weight,
                bias=init.bias[0] if isinstance(init.bias, tuple) else init.bias,
            ),
        )
    except SpecError as error:
        raise SpecError(f"stack {changed.label}: {error}") from None


# Populations of stacks of several depths, with and without activations, and what they say.


def train_depths(
    depths: Sequence[Depth], populations: Populations
) -> tuple[list[Runs], tuple[StackRates, ...]]:
    """Train all stacks on the same seeds; return their runs, linear and active in turn, and their rates."""
    runs = populations.train([each for depth in depths for each in (depth.linear, depth.active)])
    differences = [
        paired_difference(linear.solved, active.solved)
        for linear, active in zip(runs[::2], runs[1::2], strict=True)
    ]
    corrected = holm([each.p for each in differences])
    rates = tuple(
        StackRates(
            layers=depth.layers,
            label=depth.label,
            own=depth.own,
            linear=solved_share(linear),
            active=solved_share(active),
            difference=difference,
            p=float(p),
        )
        for depth, linear, active, difference, p in zip(
            depths, runs[::2], runs[1::2], differences, corrected, strict=True
        )
    )
    return runs, rates


def stacks_section(
    experiment: Experiment, rates: Sequence[StackRates], runs: Sequence[Runs], depths: Sequence[Depth]
) -> Section:
    """Return the rates by depth, and what the own stack predicts with and without activations."""
    name = activation_of(experiment.network)
    rows: list[list[Cell]] = [
        [
            each.layers,
            f"{each.label}{' (yours)' if each.own else ''}",
            str(each.linear),
            str(each.active),
            str(each.difference),
            _p(each.p),
        ]
        for each in rates
    ]
    return Section(
        name="stacks",
        heading="Stacks of several depths, trained",
        text=(
            f"Each stack was trained from the same {rates[0].linear.n:,} seeds, with the experiment's own "
            "training, once "
            f"with all activations linear and once with {name}. Intervals are 95 % (Wilson; differences "
            "Bonett–Price, "
            "paired by seed; p by Holm over all rows).",
            none_words(rates) + _alone_words(rates, name),
        ),
        pictures=(
            rate_grid(
                [f"{each.layers}: {each.label}" for each in rates],
                ["linear", name],
                [[each.linear, each.active] for each in rates],
                title="Share of seeds that solve the task, by depth",
                row_label="Layers: widths",
                column_label="Activation",
            ),
            *_answers(name, runs, depths),
        ),
        tables=(
            Table(
                title="Solved, by depth",
                headers=["layers", "widths", "linear", name, "difference", "p"],
                rows=rows,
            ),
        ),
    )


def none_words(rates: Sequence[StackRates]) -> str:
    """Return what the linear stacks did, with the highest rate that the seeds leave possible."""
    if all(each.linear.k == 0 for each in rates):
        # Rounded up: "below" must stay true.
        upper = format_fixed(math.ceil(1000 * max(each.linear.high for each in rates)) / 10, 1)
        return (
            f"None of {rates[0].linear.n:,} seeds of any of the {len(rates)} linear stacks solved it; for "
            "each, the rate "
            f"is below {upper} % (95 % interval)."
        )
    best = max(rates, key=lambda each: each.linear.k)
    return f"Of the linear stacks, {best.label} solved it most often: {share_words(best.linear)}."


def _alone_words(rates: Sequence[StackRates], name: str) -> str:
    """Return that an activation alone isn't enough, where it wasn't."""
    first = rates[0]
    if first.layers > 1 or first.active.k or first.linear.k or all(each.active.k == 0 for each in rates):
        return ""
    return f" Nor did one layer with {name} after it: it takes an activation between layers."


def active_words(rates: Sequence[StackRates], name: str) -> str:
    """Return what the stacks did with their activation: the user's own, and the best."""
    own = next(each for each in rates if each.own)
    best = max(rates, key=lambda each: each.active.k)
    words = f"With {name}, {share_words(own.active)} of {own.label} did"
    if best is not own and best.active.k > own.active.k:
        words += f", and {share_words(best.active)} of {best.label}"
    return f"{words}."


def _answers(name: str, runs: Sequence[Runs], depths: Sequence[Depth]) -> tuple[Picture, ...]:
    """Return what the own stack predicts over seeds, if there are few points and one output."""
    own = next(place for place, depth in enumerate(depths) if depth.own)
    task = depths[own].active.data()
    solved = depths[own].active.solved
    if task.points > 8 or task.outputs != 1 or not isinstance(solved, Within):
        return ()
    inputs, targets = (without_noise_by_column(values) for values in (task.inputs, task.targets))
    answers: list[Answers] = []
    for label, each in (("linear", runs[2 * own]), (name, runs[2 * own + 1])):
        outputs = np.asarray(each.predictions, dtype=np.float64)[:, :, 0]
        if outputs.shape[1] < task.points:
            return ()
        answers += [
            Answers(
                label=point_words(inputs[place]),
                target=float(targets[place, 0]),
                predictions=outputs[:, place],
                group=f"{depths[own].label}, {label}",
            )
            for place in range(task.points)
        ]
    return (
        predictions(
            answers,
            title=f"What {depths[own].label} predicts, over all seeds",
            tolerance=solved.within,
        ),
    )


def _p(value: float) -> str:
    return "<0.001" if value < 0.001 else format_fixed(value, 3)
