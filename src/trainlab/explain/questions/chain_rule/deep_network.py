"""The network whose layers are looked at one by one, before training and after: the sections on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import numpy as np

from trainlab.draw import Band, Curve, curves, format_number
from trainlab.engine.network_pass import Array, initial_layers
from trainlab.explain.network import Objective, network_numbers
from trainlab.explain.populations import MOST_WORK, Populations, work
from trainlab.explain.questions.chain_rule.example_pass import ExamplePass, pass_example, share_text
from trainlab.explain.questions.chain_rule.flow import (
    VANISHED,
    Flow,
    Signals,
    greatest_loss,
    initial_rows,
    layer_flows,
    signals,
)
from trainlab.explain.questions.chain_rule.options import Question, default_point, example_words
from trainlab.page.section import Section, Table, paragraphs
from trainlab.spec import Experiment, load_study, name_of
from trainlab.stats import paired_difference


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Deep:
    """A network and an example, its `flows` at the seed's initial weights, and the signals of all seeds.

    ``trained`` are those after training, ``solved`` how many of them are solved; None where it wasn't
    trained. `note` says why not, or why fewer seeds were.
    """

    name: str
    experiment: Experiment
    seed: int
    point: str
    inputs: Array
    targets: Array
    flows: tuple[Flow, ...]
    initial: Signals
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
    example = pass_example(initial_layers(experiment, question.seed), Objective.of(experiment.loss), x, y)
    return _deep(
        "Model 3 of the assignment", experiment, question.seed, example_words(data, place), example, seeds
    )


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
    return replace(
        deep,
        trained=signals(experiment, runs.parameters[: deep.initial.seeds], deep.inputs, deep.targets),
        solved=(int(runs.solved.sum()), len(runs.solved)),
        note=populations.note(len(runs.solved)),
    )


def _lean(experiment: Experiment) -> Experiment:
    """Return the experiment recording its final parameters, and no curves."""
    record = msgspec.structs.replace(experiment.record, parameters=True, loss_every=0, gradient_every=0)
    return msgspec.structs.replace(experiment, record=record)


# The section on the product layer by layer, of one seed.


def layers_section(deep: Deep) -> Section:
    """Return the product of one seed's network at its initial weights."""
    worst = greatest_loss(deep.flows)
    return Section(
        name="layers",
        heading="Layer by layer: the product that makes a gradient vanish",
        text=paragraphs(
            f"{_capital(deep.name)}, {deep.experiment.network.label}, initial weights of seed "
            f"{deep.seed}; {deep.point}. Going back one layer multiplies the error signal δ = ∂L/∂z by "
            "the weights of the layer after, then by the slopes f′(z). No layer can keep more than its "
            "bound, max |f′| · ‖W‖₂, allows.",
            _kept_words(deep.flows),
            _worst_words(worst),
        ),
        tables=(
            flows_table(deep.flows, "The signal, from the loss (below) back to the inputs (above)"),
            _bounds(deep.flows),
        ),
    )


def initial_numbers(deep: Deep) -> dict[str, Any]:
    """Return what is said of the layers at their initial weights as plain data; see `layers_numbers`."""
    numbers = layers_numbers(deep)
    del numbers["population"]["after"], numbers["population"]["solved"]
    return numbers


def layers_numbers(deep: Deep) -> dict[str, Any]:
    """Return what is said of the layers before and after training as plain data; null where untrained."""
    return {
        "network": network_numbers(deep.experiment),
        "seed": deep.seed,
        "point": deep.point,
        "flows": deep.flows,
        "population": {
            "before": deep.initial,
            "after": deep.trained,
            "solved": None if deep.solved is None else {"k": deep.solved[0], "n": deep.solved[1]},
        },
    }


def worst_sentence(deep: Deep) -> str:
    """Return which layer loses most, for the verdict."""
    worst, first = greatest_loss(deep.flows), deep.flows[0]
    if worst is None or first.kept is None:
        return ""
    cause = _cause(worst)
    return (
        f"In {deep.name} ({deep.experiment.network.label}, seed {deep.seed}) {share_text(first.kept)} of "
        f"the error signal reaches the first layer; layer {worst.layer} loses most, keeping "
        f"{share_text(worst.ratio)}{f', {cause}' if cause else ''}."
    )


def _kept_words(flows: Sequence[Flow]) -> str:
    first = flows[0]
    if first.kept is None:
        return "∂L/∂a is 0 at the output: the loss asks for no change at this point, so nothing flows back."
    if first.kept == 0:
        dead = max(flow.layer for flow in flows if flow.kept == 0)
        return f"From layer {dead} down the signal is exactly 0: every unit there has slope 0 or weight 0."
    return (
        f"Of the signal that leaves the loss the first layer gets {share_text(first.kept)}; the bounds "
        f"multiplied allow {share_text(first.bound_kept)}."
    )


def _worst_words(worst: Flow | None) -> str:
    if worst is None:
        return "The signal shrinks at no layer."
    cause = _cause(worst)
    return (
        f"Most is lost at layer {worst.layer}, which keeps {share_text(worst.ratio)}"
        f"{f', {cause}' if cause else ''}."
    )


def _cause(flow: Flow) -> str:
    """Return whether weights or slopes took more."""
    if flow.by_slopes is None or flow.by_weights is None:
        return "" if flow.by_weights is not None else "because of the slope of its activation"
    if flow.by_weights <= flow.by_slopes:
        return f"mainly because of the weights of layer {flow.layer + 1}"
    return "mainly because of the slopes of its activation"


def flows_table(flows: Sequence[Flow], title: str) -> Table:
    """Return what each layer makes of the error signal, and what is left of it."""
    return Table(
        title=title,
        headers=["Layer", "‖δ‖", "× weights", "× slopes", "= ratio", "Kept so far", "‖∂L/∂W‖"],
        rows=[
            [f.layer, f.delta, f.by_weights, f.by_slopes, f.ratio, f.kept, f.weight_gradient] for f in flows
        ],
        shown=40,
    )


def _bounds(flows: Sequence[Flow]) -> Table:
    return Table(
        title="What the ratio could be at most",
        headers=["Layer", "Ratio", "≤ max |f′| · ‖W‖₂", "Kept so far", "Bounds so far"],
        rows=[[f.layer, f.ratio, f.bound, f.kept, f.bound_kept] for f in flows],
        shown=40,
    )


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


# The section on the error signal in all seeds, before and after training.


def population_section(deep: Deep) -> Section:
    """Return how the signal fares in all seeds, before and after training."""
    return Section(
        name="population",
        heading=f"In {deep.initial.seeds:,} seeds, not in one",
        text=paragraphs(*population_words(deep), deep.note, _left_out(deep)),
        tables=(_counts(deep),),
        pictures=_population_picture(deep),
    )


def population_words(deep: Deep) -> list[str]:
    """Return what is so in how many seeds, each with its interval."""
    first, words = deep.initial.starved_rate(), list[str]()
    task = name_of(deep.experiment.task)
    share = f"less than {100 * VANISHED:g} % of the signal at the output"
    if first is None:
        return [f"In none of {deep.initial.seeds:,} seeds is there a signal at the output to follow."]
    words.append(
        f"At the initial weights the first layer of {deep.experiment.network.label} gets {share} in {first} "
        f"seeds of {task}, at this one point; the median seed keeps {_percent(deep.initial)}."
    )
    if deep.trained is None:
        return words
    after = deep.trained.starved_rate()
    solved = f"{deep.solved[0]:,} of {deep.solved[1]:,} seeds were solved" if deep.solved else ""
    if after is None:
        return [*words, f"After training {solved}, and no seed has a signal at the output at this point."]
    change = ""
    if deep.trained.left_out == 0 and deep.initial.left_out == 0:
        # Of a costly training fewer seeds are there than of initial weights, the first of them.
        paired = min(len(deep.initial.starved), len(deep.trained.starved))
        gap = paired_difference(deep.initial.starved[:paired], deep.trained.starved[:paired])
        low, high = (format_number(100 * end, digits=3) for end in (gap.low, gap.high))
        change = f" ({_signed(100 * gap.estimate)} points, 95 % interval {low} to {high})"
    words.append(
        f"After {deep.experiment.epochs:,} epochs, when {solved}, the first layer gets so little in "
        f"{after}{change}; the median seed keeps {_percent(deep.trained)}."
    )
    return words


def _population_picture(deep: Deep) -> tuple[Any, ...]:
    stages = [("before", deep.initial)] + ([("after", deep.trained)] if deep.trained else [])
    drawn = [(words, stage) for words, stage in stages if len(stage.kept)]
    if not drawn:
        return ()
    layers = np.arange(1.0, deep.initial.kept.shape[1] + 1)
    both = ", before and after training" if len(drawn) > 1 else ""
    if both and deep.trained and deep.trained.seeds < deep.initial.seeds:
        both += f" ({deep.trained.seeds:,} trained)"
    return (
        curves(
            [
                Curve(
                    label=words,
                    x=layers,
                    median=stage.quantile(0.5),
                    bands=[
                        Band(label="5–95 % of seeds", low=stage.quantile(0.05), high=stage.quantile(0.95))
                    ],
                )
                for words, stage in drawn
            ],
            x_label="Layer",
            y_label="Share of the signal kept",
            title=f"{deep.experiment.network.label}: the signal of {deep.initial.seeds:,} seeds{both}",
            log_y=True,
        ),
    )


def _counts(deep: Deep) -> Table:
    """Return, layer by layer, in how many seeds it is the one that loses most."""
    stages = [deep.initial] + ([deep.trained] if deep.trained else [])
    before = ["Median kept", "Most lost here (seeds)"]
    after = ["Median kept, trained", "Most lost here, trained"]
    rows: list[list[Any]] = []
    for layer in range(deep.initial.kept.shape[1]):
        row: list[Any] = [layer + 1]
        for stage in stages:
            known = len(stage.kept) > 0
            row += [float(stage.quantile(0.5)[layer]) if known else None, int(stage.worst()[layer])]
        rows.append(row)
    return Table(
        title="Where the signal shrinks most",
        headers=["Layer", *before, *(after if deep.trained else [])],
        rows=rows,
        shown=40,
    )


def _left_out(deep: Deep) -> str:
    parts = [("at the initial weights", deep.initial), ("after training", deep.trained)]
    told = [f"{stage.left_out:,} {words}" for words, stage in parts if stage and stage.left_out]
    return f"Left out, having no finite signal at the output: {' and '.join(told)}." if told else ""


def _percent(stage: Signals) -> str:
    return share_text(float(stage.quantile(0.5)[0]))


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else ''}{format_number(value, digits=3)}"
