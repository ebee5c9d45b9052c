"""Populations of stacks of several depths, with and without activations, and what they say."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from trainlab.draw import Answers, Cell, Picture, format_fixed, predictions, rate_grid
from trainlab.engine import Runs
from trainlab.explain.common.paired import solved_share
from trainlab.explain.common.populations import Populations
from trainlab.explain.questions.neuron.decompose import point_words
from trainlab.explain.questions.neuron.result import StackRates
from trainlab.explain.questions.neuron.stack_depths import Depth, activation_of
from trainlab.page.section import Section, Table
from trainlab.spec import Experiment, Within
from trainlab.stats import holm, paired_difference, share_words


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
    answers: list[Answers] = []
    for label, each in (("linear", runs[2 * own]), (name, runs[2 * own + 1])):
        outputs = np.asarray(each.predictions, dtype=np.float64)[:, :, 0]
        if outputs.shape[1] < task.points:
            return ()
        answers += [
            Answers(
                label=point_words(task.inputs[place]),
                target=float(task.targets[place, 0]),
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
