"""docs/assignment.md and README's table: what the five changes do, and how networks fail."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
import numpy.typing as npt

import trainlab
from measure.blocks import percent, table
from measure.xor_studies import NOTEBOOK, WINDOW, Bools, Studies, carry_out, networks, of, opposite, share_of
from trainlab.budgets import bias_flags, layer_table
from trainlab.draw import Band, Curve, curves, join
from trainlab.stats import (
    HALF,
    ReadEstimate,
    interaction_effect,
    interaction_scores,
    more_than,
    paired_difference,
    picked_on_half,
    rate,
)
from trainlab.studies import CellResult, Verdict
from trainlab.studies.causes import THRESHOLD, gradients_of
from trainlab.studies.effects import factorial
from trainlab.studies.verdicts.robustness import has_turned, holds_everywhere, sides_words, turned_changes

__all__ = ["BLOCKS", "carry_out", "pictures"]


# What the five changes do: verdicts, effects, and their other sides.


def summary(studies: Studies) -> str:
    """One row per judged statement of the assignment."""
    told = [v for v in studies.xor44.verdicts if v.topic != "change"]
    told.sort(key=lambda v: v.topic != "parameters")  # as the assignment has them
    rows = [(v.statement, v.outcome, opposite(v)) for v in told]
    return table(("statement", "verdict", "seeds whose single run says the opposite"), rows)


def budget(studies: Studies) -> str:
    """How many networks have 44 parameters, and what the nine layers as written hold."""
    asked = [
        ("any width, a bias or not in each layer", trainlab.budget(44, inputs=2, outputs=1)),
        ("the same, at least 2 units wide", trainlab.budget(44, inputs=2, outputs=1, min_width=2)),
        (
            "at least 2 wide, every hidden layer with biases",
            trainlab.budget(44, inputs=2, outputs=1, hidden_bias="yes", min_width=2),
        ),
    ]
    nine = layer_table(
        widths=(*(2,) * 9, 1), biases=bias_flags(layers=9, hidden_bias="yes", output_bias="no")
    )
    same = of(studies.xor44, "parameters")[0]
    return (
        f"**{same.outcome.capitalize()}.** {same.sentence} They aren't special, though:\n\n"
        + table(
            ("networks from 2 inputs to 1 output", "with exactly 44 parameters"),
            [(w, f"{b.count():,}") for w, b in asked],
        )
        + f"\n\nWritten as nine linear layers, Model 3 holds {nine.parameters} parameters; the layer that "
        f"`forward` skips accounts for {nine.rows[1].parameters} of them."
    )


def together(studies: Studies) -> str:
    """Baseline against all five changes, and the best of the 32 combinations."""
    rows: list[tuple[str, ...]] = []
    best_rows: list[tuple[str, ...]] = []
    for verdict, network in zip(of(studies.xor44, "together"), networks(studies), strict=True):
        before, after = studies.cell(network), studies.cell(network, *studies.together)
        gain = paired_difference(before.runs.solved, after.runs.solved)
        rows.append(
            (
                network,
                percent(before.solved),
                percent(after.solved),
                str(gain),
                verdict.outcome,
                opposite(verdict),
            )
        )
        best_rows.append(best_row(studies, network))
    return (
        table(("", "baseline", "with A–E", "difference", "verdict", "one run says the opposite"), rows)
        + "\n\n"
        + f"Picked among the {2 ** len(studies.together)} combinations on one half of the seeds, and "
        "judged on the "
        "other:\n\n"
        + table(("", "the best on one half", "solved on the other", "more than A–E there"), best_rows)
    )


def demand(studies: Studies) -> str:
    """Only what the course itself asked for: longer training and no activation at the end."""
    rows: list[tuple[str, ...]] = []
    for network in networks(studies):
        cells = [studies.cell(network, *made) for made in ((), ("D",), ("E",), ("D", "E"))]
        gain = paired_difference(cells[0].runs.solved, cells[-1].runs.solved)
        when = cells[-1].when
        assert when is not None
        rows.append((network, *(percent(each.solved) for each in cells), str(gain), percent(when.ever)))
    heads = (
        "",
        "baseline",
        "D alone",
        "E alone",
        "D and E",
        "more than the baseline",
        "D and E, at some time",
    )
    return table(heads, rows)


def best_row(studies: Studies, network: str) -> tuple[str, ...]:
    """Return a network's best combination, and what it is worth on seeds that didn't pick it."""
    solved = {
        item.cell.changes: item.runs.solved for item in studies.xor44.cells if item.cell.network == network
    }
    best, other = picked_on_half(solved)
    lead = paired_difference(solved[studies.together][other], solved[best][other])
    return network, "+".join(best) or "none", percent(share_of(solved[best][other])), str(lead)


def changes(studies: Studies) -> str:
    """Every change on every network: over the factorial, and alone."""
    verdicts = iter(of(studies.xor44, "change"))
    rows = [
        (f"{e.change}, {e.network}", read(e.main), read(e.alone), opposite(next(verdicts)))
        for e in studies.xor44.effects
    ]
    rows.sort(key=lambda row: row[0])
    lines: list[str] = []
    turned = {verdict.about for verdict in of(studies.xor44, "change") if has_turned(verdict)}
    for name in studies.together:
        main = [
            (
                e.main.reading if (e.network, name) not in turned else f"{e.main.reading} on average only",
                e.network,
            )
            for e in studies.xor44.effects
            if e.change == name and e.main
        ]
        words = (
            f"{word}: {', '.join(n for r, n in main if r == word)}"
            for word in dict.fromkeys(r for r, _ in main)
        )
        lines.append(f"- **{name}** {'; '.join(words)}.")
    heads = ("", "over all combinations", "alone, at the baseline", "one pair of runs says otherwise")
    return "\n".join(lines) + "\n\n" + table(heads, rows)


def read(value: ReadEstimate | None) -> str:
    """Return an effect and how it reads after Holm's correction."""
    return "–" if value is None else f"{value.value}: {value.reading}"


def solved_when(studies: Studies) -> str:
    """At some time, at the end, throughout: of the ends of each network, and of D after A, B and E."""
    cells = [(name, changes) for name in networks(studies) for changes in ((), studies.together)]
    cells += [("Model 3", ("A", "B", "E")), ("Model 3", ("A", "B", "D", "E"))]
    rows: list[tuple[str, ...]] = []
    for name, changes in cells:
        item = studies.cell(name, *changes)
        when = item.when
        assert when is not None
        assert when.stayed is not None
        shown = "A–E" if changes == studies.together else "+".join(changes) or "baseline"
        rows.append(
            (
                f"{name}, {shown}",
                percent(when.ever),
                percent(item.solved),
                percent(when.stayed),
                f"{when.unlearnt:,}",
                f"{when.first[1]:,.0f}" if when.first else "–",
            )
        )
    heads = ("", "at some time", "at the end", "from the first time on", "unlearnt", "first solved, epoch")
    return table(heads, rows)


def sides(studies: Studies) -> str:
    """How many verdicts hold from every side, which turn, and which are decided from some sides only."""
    asked = [verdict for verdict in studies.xor44.verdicts if verdict.sides]
    turned = [verdict for verdict in asked if has_turned(verdict)]
    held = sum(map(holds_everywhere, asked))
    rest = [verdict for verdict in asked if not has_turned(verdict) and not holds_everywhere(verdict)]
    some = f", and {len(rest)} are decided from some sides only" if rest else ""
    counts = (
        f"{held} of the {len(asked)} verdicts that can be asked in other ways come out the same in all of "
        f"them; {len(turned)} turn{'s' * (len(turned) == 1)} round{some}."
    )
    return "\n".join([counts, "", *map(_side_line, (*turned, *rest))])


def _side_line(verdict: Verdict) -> str:
    return f"- {verdict.statement.removesuffix('.')}: {sides_words(verdict)}"


def interactions(studies: Studies) -> str:
    """The largest interaction of each network."""
    names = studies.together
    rows: list[tuple[str, ...]] = []
    for network in networks(studies):
        solved = {(item.cell.network, item.cell.changes): item.runs.solved for item in studies.xor44.cells}
        crossed = factorial(solved, network, names)
        assert crossed is not None
        pairs = list(combinations(range(len(names)), 2))
        scores = {pair: interaction_scores(crossed, *pair) for pair in pairs}
        (a, b), other = picked_on_half(scores, size=abs)
        effect = interaction_effect(crossed[other], a, b)
        rows.append((network, f"{names[a]} with {names[b]}", str(effect)))
    heads = (
        "",
        "largest on one half of the seeds",
        "on the other: the effect of one, where the other is made, less where it isn't",
    )
    return table(heads, rows)


# How networks fail: gradients, answers, and the second notebook.


def vanishing(studies: Studies) -> str:
    """The verdicts on Model 3, and its gradients layer by layer."""
    ends = [("baseline", studies.cell("Model 3")), ("A–E", studies.cell("Model 3", *studies.together))]
    found = of(studies.xor44, "vanishing")
    lines = [
        f"- **{v.outcome.capitalize()}.** {v.sentence} A single failed run says the opposite: {opposite(v)}."
        for v in found
    ]
    heads = ["layer"]
    columns: list[list[str]] = []
    begin: list[str] = []
    for words, item in ends:
        failed = ~item.runs.solved & ~item.runs.diverged
        for group, chosen in (("failed", failed), ("solved", item.runs.solved)):
            heads.append(f"{words}, {group} ({int(chosen.sum())})")
            start, end = item.runs.gradient_curve[chosen, 0], gradients_of(item.runs)[chosen]
            below = rate(int((start[:, 0] < THRESHOLD).sum()), len(start)) if len(start) else "none"
            begin.append(f"- {words}, {group} runs: {below} begin with a first-layer gradient below 1e-4.")
            columns.append(
                [f"{small(start[:, layer])} → {small(end[:, layer])}" for layer in range(end.shape[1])]
            )
    start = ends[1][1].gradients
    fade = (start[-1].median[0] / start[0].median[0]) ** (1 / (len(start) - 1))
    begin.append(
        f"- With A–E, at the start, each layer's gradient is {fade:.1f} times smaller than the next one's."
    )
    rows = [(str(place), *cells) for place, cells in enumerate(zip(*columns, strict=True), 1)]
    return "\n".join(lines) + "\n\n" + table(heads, rows) + "\n\n" + "\n".join(begin)


def small(values: npt.NDArray[np.floating]) -> str:
    """Return the median of gradients with one digit, as in 2e-05."""
    return f"{np.median(values):.0e}" if values.size else "–"


def cause(studies: Studies) -> str:
    """What becomes of the same seeds with equalised gradients, and with the first layers frozen."""
    found = of(studies.cause, "cause")
    return "\n".join(f"- **{verdict.outcome.capitalize()}.** {verdict.sentence}" for verdict in found)


def same_value(studies: Studies) -> str:
    """Do Model 3's failed runs answer three of the four points alike, and with 0.694?"""
    found = studies.alike()
    n, seeds = found.three.n, len(studies.cell("Model 3", *studies.together).runs.solved)
    outcome = more_than(HALF, found.three).capitalize()
    shown = percent(rate(found.three.k, seeds))
    value, share, near, exact = found.values, found.three, found.near, found.exact
    counts = (found.all_four, n - found.three.k - found.all_four)
    low, middle, high = (f"{q:.2f}" for q in np.quantile(value, (0.05, 0.5, 0.95)))
    pattern = table(
        ("of Model 3's failed runs with A–E", "k of n (share, 95 % interval)"),
        [
            ("three points alike, the fourth apart", str(share)),
            ("all four alike", str(rate(counts[0], n))),
            ("neither", str(rate(counts[1], n))),
        ],
    )
    return (
        f"{pattern}\n\n**{outcome}** as a pattern of the runs that fail. The number says little: where three "
        f"are alike, their common value lies between {low} and {high} in nine of ten runs (median {middle}), "
        f"between 0.60 and 0.75 in {near}, and rounds to 0.694 in {exact}. A single run of Model 3, solved "
        f"ones included, shows the pattern on {shown} of the seeds."
    )


def predictions(studies: Studies) -> str:
    """How often each network answers 0, 1, 1, 0, and how exactly."""
    rows: list[tuple[str, ...]] = []
    for verdict, network in zip(of(studies.xor44, "predictions"), networks(studies), strict=True):
        item = studies.cell(network, *studies.together)
        error = np.abs(item.runs.predictions - item.runs.experiment.data().targets).max(axis=(1, 2))
        within = [percent(rate(int((error < limit).sum()), len(error))) for limit in (0.01, 0.0005)]
        rows.append(
            (network, percent(item.right), percent(item.solved), *within, verdict.outcome, opposite(verdict))
        )
    heads = (
        "",
        "after rounding",
        "within 0.1",
        "within 0.01",
        "to three digits",
        "verdict",
        "one run says the opposite",
    )
    return table(heads, rows)


def minus_zero(item: CellResult) -> Bools:
    """Return whether each answer rounds to −0, ``[n, points]``."""
    rounded = np.round(item.runs.predictions[:, :, 0])
    return np.asarray((rounded == 0) & np.signbit(rounded), dtype=np.bool_)


def rises_of(item: CellResult, every: int = 1) -> npt.NDArray[np.float64]:
    """Return for each run the share of loss readings, every so many, that are above the one before."""
    curve = item.runs.loss_curve[:, ::every].astype(np.float64)
    return np.asarray((np.diff(curve, axis=1) > 0).mean(axis=1))


def notebook(studies: Studies) -> str:
    """The second notebook's first three iterations: how often an answer rounds to −0, and its conclusions."""
    cells = {changes: studies.notebook.cell("2-11-1", *changes) for changes in NOTEBOOK}
    rows = [
        (
            name,
            percent(cells[changes].solved),
            percent(share_of(minus_zero(cells[changes])[:, 3])),
            percent(share_of(minus_zero(cells[changes]).any(axis=1))),
            f"{100 * np.median(rises_of(cells[changes])):.0f} %",
        )
        for changes, name in NOTEBOOK.items()
    ]
    return table(
        (
            "2-11-1, full batch, Adam, 2,001 epochs",
            "solved",
            "(1, 1) rounds to −0",
            "any answer does",
            "readings that rise",
        ),
        rows,
    )


# README's table: what the demo finds.


def tour(studies: Studies) -> str:
    """README's table: what the demo finds."""
    rows = [
        (
            network,
            percent(studies.cell(network).solved),
            percent(studies.cell(network, *studies.together).solved),
        )
        for network in networks(studies)
    ]
    return (
        table(("network", "solved at the baseline", "solved with all five changes"), rows)
        + f"\n\n- {_lost(studies)}\n- {_hurting(studies)}"
    )


def _lost(studies: Studies) -> str:
    """Say what the deepest network's failures are, and whether that depends on the threshold."""
    name = networks(studies)[-1]
    causes = studies.cell(name, *studies.together).causes
    at = (causes.vanishing_at_more, causes.vanishing, causes.vanishing_at_less)
    more, plain, less = (0 if rate is None else rate.k for rate in at)
    return (
        f"With all five changes {causes.failed:,} runs of {name} still fail. In {plain:,} of them almost no "
        f"gradient reaches the first layer (below {THRESHOLD:g}), although the last still has one. At a "
        f"threshold of 1e-3 it is {more:,}, at 1e-5 {less:,}."
    )


def _hurting(studies: Studies) -> str:
    """Say which changes hurt, and by how much."""
    labels = {change.name: change.label for change in studies.xor44.study.changes}
    effects = [e for e in studies.xor44.effects if e.main and e.main.reading == "hurts"]
    if not effects:
        return "No change hurts any of the networks."
    each = ", ".join(f"{e.network} {e.main.value}" for e in effects if e.main)
    names = dict.fromkeys(e.change for e in effects)
    said = " and ".join(f"{name} ({labels[name]})" for name in names)
    turned = turned_changes(studies.xor44.verdicts)
    but = f" It depends on how it is asked: {join(turned)}." if turned else ""
    return f"Not every change helps. Averaged over the others, {said} hurts: {each}.{but}"


# The picture, and which function makes which block.


def pictures(studies: Studies) -> dict[str, str]:
    """Return the files of docs/pictures by name."""
    drawn = [
        Curve(
            label=name,
            x=[WINDOW * place for place in range(values.shape[1])],
            median=np.median(values, axis=0),
            bands=[Band(label="5–95 % of seeds", low=low, high=high)],
        )
        for name, values in studies.windows.items()
        for low, high in [np.quantile(values, (0.05, 0.95), axis=0)]
    ]
    title = (
        "The loss of the second notebook, summed over 50 epochs and divided by 50; the first is one epoch's"
    )
    shown = curves(drawn, x_label="Epoch", y_label="Loss", title=title, log_y=True)
    return {"assignment-window.svg": shown.svg + "\n"}


BLOCKS: tuple[Callable[[Studies], str], ...] = (
    summary,
    budget,
    together,
    demand,
    changes,
    solved_when,
    sides,
    interactions,
    vanishing,
    cause,
    same_value,
    predictions,
    notebook,
    tour,
)
