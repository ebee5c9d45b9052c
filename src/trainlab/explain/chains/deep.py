"""The network whose layers are looked at one by one: the one asked about, or the assignment's deepest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import msgspec
import numpy as np

from trainlab.engine import Runs
from trainlab.errors import ExplainError
from trainlab.explain.chains.flow import Flow, layer_flows
from trainlab.explain.chains.objective import Objective
from trainlab.explain.chains.population import Signals, initial_rows, signals
from trainlab.explain.chains.question import Question, default_point, numbers_words
from trainlab.explain.chains.trace import trace
from trainlab.explain.network_pass import Array, initial_layers, layers_from
from trainlab.spec import Experiment, load_study

Train = Callable[[Sequence[Experiment]], list[Runs]]

MOST_WORK = 2e9
"""Seeds × steps × parameters of a training that is still done for this."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Deep:
    """A network and an example, its `flows` at the seed's initial weights, and the signals of all seeds.

    ``trained_flows`` and ``trained`` are the same after training, ``solved`` the share of seeds solved in
    words; None, and `note` why, where it wasn't trained.
    """

    name: str
    experiment: Experiment
    seed: int
    point: str
    inputs: Array
    targets: Array
    flows: tuple[Flow, ...]
    initial: Signals
    trained_flows: tuple[Flow, ...] | None = None
    trained: Signals | None = None
    solved: tuple[int, int] | None = None
    note: str = ""


def deep_question(question: Question, seeds: int) -> Deep:
    """Return the network asked about; by default Model 3 of the assignment, for the same point of XOR."""
    if not question.default:
        traced = question.trace
        return _deep(
            "the network",
            question.experiment,
            question.seed,
            question.point,
            traced.inputs,
            traced.targets,
            seeds,
        )
    experiment = load_study("xor44").experiment("Model 3")
    data, place = experiment.data(), default_point(experiment.data())
    x, y = data.inputs[place : place + 1], data.targets[place : place + 1]
    words = (
        f"example {place + 1} of {data.points}, inputs {numbers_words(x[0])}, target {numbers_words(y[0])}"
    )
    return _deep("Model 3 of the assignment", experiment, question.seed, words, x, y, seeds)


def _deep(name: str, experiment: Experiment, seed: int, point: str, x: Array, y: Array, seeds: int) -> Deep:
    traced = trace(initial_layers(experiment, seed), Objective.of(experiment.loss), x, y)
    return Deep(
        name=name,
        experiment=experiment,
        seed=seed,
        point=point,
        inputs=x,
        targets=y,
        flows=layer_flows(traced),
        initial=signals(experiment, initial_rows(experiment, seeds), x, y),
    )


def trained_deep(deep: Deep, train: Train, seeds: int) -> Deep:
    """Return the same with what is so after training, if that is cheap."""
    experiment = deep.experiment
    work = seeds * experiment.epochs * experiment.steps_per_epoch * experiment.network.parameters
    if work > MOST_WORK:
        return replace(
            deep,
            note=f"It was not trained: {seeds:,} seeds of {experiment.epochs:,} epochs are too much for an "
            "explanation; take fewer seeds.",
        )
    runs = train([_lean(experiment)])[0]
    flows = None
    if deep.seed < seeds and np.isfinite(runs.parameters[deep.seed]).all():
        layers = layers_from(experiment.network, runs.parameters[deep.seed])
        try:
            traced = trace(layers, Objective.of(experiment.loss), deep.inputs, deep.targets)
            flows = layer_flows(traced)
        except ExplainError:
            # What diverged has numbers too large for a pass.
            flows = None
    return replace(
        deep,
        trained_flows=flows,
        trained=signals(experiment, runs.parameters[: deep.initial.seeds], deep.inputs, deep.targets),
        solved=(int(runs.solved.sum()), len(runs.solved)),
    )


def _lean(experiment: Experiment) -> Experiment:
    """Return the experiment recording its final parameters, and no curves."""
    record = msgspec.structs.replace(experiment.record, parameters=True, loss_every=0, gradient_every=0)
    return msgspec.structs.replace(experiment, record=record)
