"""The section on the product layer by layer: one seed in a table, all seeds as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from trainlab.draw import Band, Curve, curves, format_number
from trainlab.explain.explanation import Section, Table, paragraphs
from trainlab.explain.questions.chain_rule.deep import Deep
from trainlab.explain.questions.chain_rule.flow import Flow, greatest_loss
from trainlab.explain.questions.chain_rule.norms import WHOLE
from trainlab.explain.questions.chain_rule.population import VANISHED, Signals
from trainlab.explain.subject.network import network_numbers
from trainlab.spec import name_of
from trainlab.stats import paired_difference


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
            f"bound, max |f′| · ‖W‖₂, allows.{_norm_words(deep.flows)}",
            _kept_words(deep.flows),
            _worst_words(worst),
        ),
        tables=(
            _table(deep.flows, "The signal, from the loss (below) back to the inputs (above)"),
            _bounds(deep.flows),
        ),
        pictures=(_picture(deep.flows),),
    )


def population_section(deep: Deep) -> Section:
    """Return how the signal fares in all seeds, before and after training."""
    tables = (
        [] if deep.trained_flows is None else [_table(deep.trained_flows, f"Seed {deep.seed} after training")]
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


def layers_numbers(deep: Deep) -> dict[str, Any]:
    """Return what these sections say as plain data."""
    trained = deep.trained_flows
    return {
        "network": network_numbers(deep.experiment),
        "seed": deep.seed,
        "point": deep.point,
        "flows": [flow.to_dict() for flow in deep.flows],
        "trained": None if trained is None else [flow.to_dict() for flow in trained],
        "population": {
            "before": deep.initial.to_dict(),
            "after": None if deep.trained is None else deep.trained.to_dict(),
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
        f"In {deep.name} ({deep.experiment.network.label}, seed {deep.seed}) {_share(first.kept)} of "
        f"the error signal reaches the first layer; layer {worst.layer} loses most, keeping "
        f"{_share(worst.ratio)}{f', {cause}' if cause else ''}."
    )


def _norm_words(flows: Sequence[Flow]) -> str:
    """Return how far the norms of wide layers may be off."""
    shares = [flow.norm_error / flow.jacobian for flow in flows if flow.norm_error and flow.jacobian]
    if not shares:
        return ""
    return (
        f" Norms of layers wider than {WHOLE} are Lanczos' and may be too small by "
        f"{format_number(100 * max(shares), digits=2)} % at most; bounds have that added."
    )


def _kept_words(flows: Sequence[Flow]) -> str:
    first = flows[0]
    if first.kept is None:
        return "∂L/∂a is 0 at the output: the loss asks for no change at this point, so nothing flows back."
    if first.kept == 0:
        dead = max(flow.layer for flow in flows if flow.kept == 0)
        return f"From layer {dead} down the signal is exactly 0: every unit there has slope 0 or weight 0."
    return (
        f"Of the signal that leaves the loss the first layer gets {_share(first.kept)}; the bounds "
        f"multiplied allow {_share(first.bound_kept)}."
    )


def _worst_words(worst: Flow | None) -> str:
    if worst is None:
        return "The signal shrinks at no layer."
    cause = _cause(worst)
    return (
        f"Most is lost at layer {worst.layer}: it keeps {_share(worst.ratio)}{f', {cause}' if cause else ''}."
    )


def _cause(flow: Flow) -> str:
    """Return whether weights or slopes took more."""
    if flow.by_slopes is None or flow.by_weights is None:
        return "" if flow.by_weights is not None else "by the slope of its activation"
    if flow.by_weights <= flow.by_slopes:
        return f"mainly by the weights of layer {flow.layer + 1}"
    return "mainly by the slopes of its activation"


def _table(flows: Sequence[Flow], title: str) -> Table:
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
        headers=["Layer", "Ratio", "≤ ‖Jacobian‖₂", "≤ max |f′| · ‖W‖₂", "Kept so far", "Bounds so far"],
        rows=[[f.layer, f.ratio, f.jacobian, f.bound, f.kept, f.bound_kept] for f in flows],
        shown=40,
    )


def _picture(flows: Sequence[Flow]) -> Any:
    layers = [float(flow.layer) for flow in flows]
    kept = [float("nan") if flow.kept is None else flow.kept for flow in flows]
    jacobians: list[float] = []
    for flow in reversed(flows):
        jacobians.insert(0, flow.jacobian * (jacobians[0] if jacobians else 1.0))
    return curves(
        [
            Curve(label="signal", x=layers, median=kept),
            Curve(label="Jacobians", x=layers, median=jacobians),
            Curve(label="bounds", x=layers, median=[flow.bound_kept for flow in flows]),
        ],
        x_label="Layer (inputs at the left, loss at the right)",
        y_label="Signal kept; products of ‖J‖₂ and bounds",
        title="What is left of the error signal, from the loss back",
        log_y=True,
    )


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
    return _share(float(stage.quantile(0.5)[0]))


def _share(value: float | None) -> str:
    """Return a share in percent, large ones as factors."""
    if value is None:
        return "nothing"
    return f"{format_number(100 * value, digits=2)} %" if value < 10 else f"{format_number(value)} times"


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else ''}{format_number(value, digits=3)}"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
