"""The five questions as the pages ask them, and three populations beside them: what figures come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import msgspec
import numpy as np
import numpy.typing as npt

import trainlab
from trainlab import Experiment, explain
from trainlab.engine.network_pass import forward, layers_from
from trainlab.explain.populations import Populations
from trainlab.explain.questions.init.schemes import find_schemes
from trainlab.explain.questions.init.signals import LayerSignals, stack_signals
from trainlab.explain.questions.learning_rate.grid import at_rate, lean
from trainlab.explain.questions.learning_rate.schedules import TEN, read_schedules
from trainlab.explain.questions.loss.pairing import PairRate, pair_rates, variants_of
from trainlab.maths import ACTIVATIONS
from trainlab.spec import load_study, named_cell
from trainlab.stats import Rate, ReadEstimate, paired_difference, picked_on_half, rate, read_family
from trainlab.studies import EndingsResult

Bools = npt.NDArray[np.bool_]

NETWORKS = ("Model 1", "Model 2", "Model 3")
PEAKS = tuple(float(f"{each:.3g}") for each in np.geomspace(10**-2.5, 10**-1.25, 6))
"""Quarters of a decade: the rates at which schedules peak, and at which a constant rate stays."""
CONTEST_SEEDS = 600
CLASSES_SEEDS = 200
ENDINGS_SEEDS = 200
NEURON_CELL = "Model 1:A+B+E"
ACTIVE = ("tanh", "sigmoid", "relu")
ACTIVE_SEEDS = 200
FLAT = 0.05
"""A slope below this is a saturated activation: of a small change of the sum less than a twentieth passes."""
STACKS = ("linear", "tanh", "sigmoid", "relu")
STACK_SCHEMES = ("xavier", "xavier_uniform", "he_normal")


@dataclass(frozen=True, kw_only=True, slots=True)
class Contest:
    """One network: its best constant rate against its best schedule, both chosen on half of the seeds.

    The shares solved, and their difference, are those of the other half.
    """

    network: str
    constant_rate: float
    schedule: str
    peak: float
    constant: Rate
    scheduled: Rate
    difference: ReadEstimate


@dataclass(frozen=True, kw_only=True, slots=True)
class RateEndings:
    """Where the failed runs of a learning rate end, and what the grid calls that rate."""

    rate: float
    regime: str
    found: EndingsResult


@dataclass(frozen=True, kw_only=True, slots=True)
class Activity:
    """Of all hidden units at all examples, after training from `seeds` seeds, how many of ``pairs``: `off`
    put out exactly 0, `flat` have a slope below `FLAT` but put out something; the rest pass changes on.
    """

    activation: str
    seeds: int
    pairs: int
    off: int
    flat: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Explained:
    """The answers shown on the pages."""

    neuron: explain.NeuronExplanation
    learning_rate: explain.LearningRateExplanation
    init: explain.InitExplanation
    loss: explain.LossExplanation
    chain_rule: explain.ChainRuleExplanation
    contests: tuple[Contest, ...]
    endings: tuple[RateEndings, ...]
    activity: tuple[Activity, ...]
    classes: tuple[PairRate, ...]
    stacks: Mapping[tuple[str, str], LayerSignals]
    """By activation and scheme: what is left of signals after ten layers of 64."""


@cache
def carry_out(*, store: str | None) -> Explained:
    """Ask the five questions, with a learner's defaults, or read the runs from the store."""
    learning_rate = explain.learning_rate(store=store)
    return Explained(
        neuron=explain.neuron("xor44", cell=NEURON_CELL, point=4, store=store),
        learning_rate=learning_rate,
        init=explain.init(store=store),
        loss=explain.loss(store=store),
        chain_rule=explain.chain_rule(store=store),
        endings=rate_endings(learning_rate, store=store),
        activity=tuple(activity(each, store=store) for each in ACTIVE),
        contests=_contests(Populations(seeds=CONTEST_SEEDS, store=store)),
        classes=_classes(Populations(seeds=CLASSES_SEEDS, store=store)),
        stacks={
            (activation, found.label): found
            for activation in STACKS
            for found in stack_signals(find_schemes(STACK_SCHEMES), depth=10, width=64, activation=activation)
        },
    )


def pictures_of(
    page: str, answer: explain.Explanation, shown: Mapping[str, tuple[str, int]]
) -> dict[str, str]:
    """Return files of docs/pictures by name: of the sections named, the picture at that place."""
    return {
        f"{page}-{name}.svg": answer.section(section).pictures[place].svg + "\n"
        for name, (section, place) in shown.items()
    }


def rate_endings(
    asked: explain.LearningRateExplanation, *, seeds: int = ENDINGS_SEEDS, store: str | None
) -> tuple[RateEndings, ...]:
    """Read where failed runs end: a decade below the least rate that works, at it, and above the greatest."""
    low, high = asked.regimes.low, asked.regimes.high
    return tuple(
        RateEndings(
            rate=asked.rates[place].rate,
            regime=asked.regimes.of(place),
            found=trainlab.endings(
                at_rate(asked.experiment, asked.rates[place].rate), seeds=seeds, store=store
            ),
        )
        for place in (low - 4, low, high + 1, high + 3)
    )


def activity(activation: str, *, seeds: int = ACTIVE_SEEDS, store: str | None) -> Activity:
    """Count how many hidden units are off or flat at the examples, after training with an activation."""
    own = named_cell(load_study("xor44"), NEURON_CELL).experiment
    made = msgspec.structs.replace(
        own,
        network=msgspec.structs.replace(own.network, activation=activation, output_activation="linear"),
        record=msgspec.structs.replace(lean(own), parameters=True),
    )
    (runs,) = Populations(seeds=seeds, store=store).train([made])
    rows = runs.parameters[np.isfinite(runs.parameters).all(axis=1)]
    return count_activity(made, rows)


def count_activity(experiment: Experiment, rows: npt.NDArray[np.float64]) -> Activity:
    """Count over rows of parameters ``[seeds, P]``."""
    pairs = off = flat = 0
    for row in rows:
        layers = layers_from(experiment.network, row)
        passes = forward(layers, experiment.data().inputs)
        for layer, passed in zip(layers[:-1], passes[:-1], strict=True):
            slopes = ACTIVATIONS[layer.activation].backward(passed.sums, np.ones_like(passed.sums))
            silent = passed.outputs == 0
            pairs += silent.size
            off += int(silent.sum())
            flat += int((~silent & (np.abs(slopes) < FLAT)).sum())
    return Activity(
        activation=experiment.network.activations[0], seeds=len(rows), pairs=pairs, off=off, flat=flat
    )


def three_arms() -> Experiment:
    """Return a task with three classes, and the output and loss that the assignment's table pairs."""
    return Experiment.from_dict(
        {
            "network": {"widths": "2-16-3", "output_activation": "softmax"},
            "task": {"name": "spirals", "arms": 3, "points": 150, "turns": 0.75, "noise": 0.02},
            "loss": "cross_entropy",
            "optimizer": {"name": "adam", "lr": 0.02},
            "epochs": 300,
            "solved": {"accuracy": 0.95},
        }
    )


def _classes(populations: Populations) -> tuple[PairRate, ...]:
    """Return how often each pairing of output and loss learns to separate the three classes."""
    variants, _ = variants_of(three_arms(), ())
    return pair_rates(variants, populations.train([each.experiment for each in variants]))


def _contests(populations: Populations) -> tuple[Contest, ...]:
    """Return the contests of the three networks with A and B, their differences read together (Holm)."""
    solved = {network: _solved_by_schedule(network, populations) for network in NETWORKS}
    half = populations.seeds // 2
    chosen: dict[str, tuple[tuple[str, float], tuple[str, float]]] = {}
    for network, runs in solved.items():
        steady, _ = picked_on_half({key: each for key, each in runs.items() if key[0] == "constant"})
        other, _ = picked_on_half({key: each for key, each in runs.items() if key[0] != "constant"})
        chosen[network] = steady, other
    differences = read_family(
        {
            network: paired_difference(solved[network][steady][half:], solved[network][other][half:])
            for network, (steady, other) in chosen.items()
        }
    )
    return tuple(
        Contest(
            network=network,
            constant_rate=steady[1],
            schedule=other[0],
            peak=other[1],
            constant=_rate(solved[network][steady][half:]),
            scheduled=_rate(solved[network][other][half:]),
            difference=differences[network],
        )
        for network, (steady, other) in chosen.items()
    )


def _solved_by_schedule(network: str, populations: Populations) -> dict[tuple[str, float], Bools]:
    """Return which seeds are solved, by schedule and rate, for a constant rate and each of the ten."""
    own = load_study("xor44").experiment(network, ("A", "B"))
    ends = msgspec.structs.replace(lean(own), parameters=False, solved_every=0)
    own = msgspec.structs.replace(own, record=ends)
    asked: dict[tuple[str, float], Experiment] = {}
    for peak in PEAKS:
        steady = at_rate(own, peak)
        asked["constant", peak] = steady
        asked |= {(each.label, peak): each.of(steady) for each in read_schedules(TEN, steady)}
    runs = populations.train(list(asked.values()))
    return {key: each.solved for key, each in zip(asked, runs, strict=True)}


def _rate(solved: Bools) -> Rate:
    return rate(int(solved.sum()), len(solved))
