"""The section on the error signal in all seeds, before and after training."""

from __future__ import annotations

from typing import Any

import numpy as np

from trainlab.draw import Band, Curve, curves, format_number
from trainlab.explain.questions.chain_rule.deep_network import Deep
from trainlab.explain.questions.chain_rule.layers_section import flows_table
from trainlab.explain.questions.chain_rule.number_words import share_text
from trainlab.explain.questions.chain_rule.population import VANISHED, Signals
from trainlab.page.section import Section, Table, paragraphs
from trainlab.spec import name_of
from trainlab.stats import paired_difference


def population_section(deep: Deep) -> Section:
    """Return how the signal fares in all seeds, before and after training."""
    tables = (
        []
        if deep.trained_flows is None
        else [flows_table(deep.trained_flows, f"Seed {deep.seed} after training")]
    )
    return Section(
        name="population",
        heading=f"In {deep.initial.seeds:,} seeds, not in one",
        text=paragraphs(*population_words(deep), deep.note, _left_out(deep)),
        tables=(_counts(deep), *tables),
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
