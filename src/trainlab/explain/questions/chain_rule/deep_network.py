"""The network whose layers are looked at one by one: the one asked about, or the assignment's deepest."""

from __future__ import annotations

from dataclasses import dataclass, replace

import msgspec
import numpy as np

from trainlab.engine.network_pass import Array, initial_layers, layers_from
from trainlab.errors import ExplainError
from trainlab.explain.common.populations import MOST_WORK, Populations, work
from trainlab.explain.questions.chain_rule.example_pass import ExamplePass, pass_example
from trainlab.explain.questions.chain_rule.flow import Flow, layer_flows
from trainlab.explain.questions.chain_rule.options import Question, default_point, numbers_words
from trainlab.explain.questions.chain_rule.population import Signals, initial_rows, signals
from trainlab.explain.subject.loss import Objective
from trainlab.spec import Experiment, load_study


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Deep:
    """A network and an example, its `flows` at the seed's initial weights, and the signals of all seeds.

    ``trained_flows`` and ``trained`` are the same after training, ``solved`` the share of seeds solved in
    words; None where it wasn't trained. `note` says why not, or why fewer seeds were.
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
        return _deep(
            "the network", question.experiment, question.seed, question.point, question.example, seeds
        )
    experiment = load_study("xor44").experiment("Model 3")
    data, place = experiment.data(), default_point(experiment.data())
    x, y = data.inputs[place : place + 1], data.targets[place : place + 1]
    words = (
        f"example {place + 1} of {data.points}, inputs {numbers_words(x[0])}, target {numbers_words(y[0])}"
    )
    example = pass_example(initial_layers(experiment, question.seed), Objective.of(experiment.loss), x, y)
    return _deep("Model 3 of the assignment", experiment, question.seed, words, example, seeds)


def _deep(name: str, experiment: Experiment, seed: int, point: str, example: ExamplePass, seeds: int) -> Deep:
    x, y = example.inputs, example.targets
    return Deep(
        name=name,
        experiment=experiment,
        seed=seed,
        point=point,
        inputs=x,
        targets=y,
        flows=layer_flows(example),
        initial=signals(experiment, initial_rows(experiment, seeds), x, y),
    )


def trained_deep(deep: Deep, populations: Populations) -> Deep:
    """Return the same with what is so after training, unless a few seeds of that are too much already."""
    experiment = _lean(deep.experiment)
    seeds = populations.affordable([experiment])
    if seeds * work([experiment]) > MOST_WORK:
        return replace(
            deep,
            note=f"It was not trained: even {seeds:,} seeds of {experiment.epochs:,} epochs are too much for "
            "an explanation.",
        )
    runs = populations.train([experiment])[0]
    flows = None
    if deep.seed < len(runs.solved) and np.isfinite(runs.parameters[deep.seed]).all():
        layers = layers_from(experiment.network, runs.parameters[deep.seed])
        try:
            example = pass_example(layers, Objective.of(experiment.loss), deep.inputs, deep.targets)
            flows = layer_flows(example)
        except ExplainError:
            # What diverged has numbers too large for a pass.
            flows = None
    return replace(
        deep,
        trained_flows=flows,
        trained=signals(experiment, runs.parameters[: deep.initial.seeds], deep.inputs, deep.targets),
        solved=(int(runs.solved.sum()), len(runs.solved)),
        note=populations.note(len(runs.solved)),
    )


def _lean(experiment: Experiment) -> Experiment:
    """Return the experiment recording its final parameters, and no curves."""
    record = msgspec.structs.replace(experiment.record, parameters=True, loss_every=0, gradient_every=0)
    return msgspec.structs.replace(experiment, record=record)
