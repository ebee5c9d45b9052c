"""The figures of the pages: each function of BLOCKS makes the Markdown of one block from the two studies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

import trainlab
from trainlab.budgets import bias_flags, layer_table
from trainlab.stats import Rate, ReadEstimate, paired_difference, rate
from trainlab.studies import CellResult, Verdict
from trainlab.studies.causes import THRESHOLD, gradients_of
from trainlab.studies.sides import AS_ASKED, sides_words

Bools = npt.NDArray[np.bool_]
ALIKE = 0.01
"""Predictions closer than this are called the same."""

SEEDS = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Studies:
    """The two studies and two races that every figure comes from."""

    xor44: trainlab.StudyResult
    notebook: trainlab.StudyResult
    race: trainlab.RaceResult
    race_all: trainlab.RaceResult

    @property
    def together(self) -> tuple[str, ...]:
        """All changes of the assignment, A to E."""
        return self.xor44.study.change_names

    def cell(self, network: str, *changes: str) -> CellResult:
        """Return one cell of the assignment's study."""
        return self.xor44.cell(network, *changes)


def carry_out(*, store: str | None, seeds: int = SEEDS) -> Studies:
    """Run the studies and races, or read them from the store; the first race has four times the seeds."""
    networks = trainlab.budget(44, inputs=2, outputs=1, hidden_bias="yes", min_width=2)
    race, race_all = (
        trainlab.race(
            "xor44", networks=networks, cell=cell, seeds=min(32, seeds), max_seeds=most, store=store
        )
        for cell, most in ((":A+B+E", 4 * seeds), (":A+B+C+D+E", seeds))
    )
    return Studies(
        xor44=trainlab.study("xor44", seeds=seeds, store=store),
        notebook=trainlab.study("second_notebook", seeds=seeds, store=store),
        race=race,
        race_all=race_all,
    )


def summary(studies: Studies) -> str:
    """One row a statement of the assignment, judged."""
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
        best = max(
            (item for item in studies.xor44.cells if item.cell.network == network),
            key=lambda item: item.solved.k,
        )
        lead = paired_difference(after.runs.solved, best.runs.solved)
        best_rows.append((network, "+".join(best.cell.changes), percent(best.solved), str(lead)))
    return (
        table(("", "baseline", "with A–E", "difference", "verdict", "one run says the opposite"), rows)
        + "\n\n"
        + table(("", "best of the 32 combinations", "solved", "more than A–E"), best_rows)
    )


def changes(studies: Studies) -> str:
    """Every change on every network: over the factorial, and alone."""
    verdicts = iter(of(studies.xor44, "change"))
    rows = [
        (f"{e.change}, {e.network}", read(e.main), read(e.alone), opposite(next(verdicts)))
        for e in studies.xor44.effects
    ]
    rows.sort(key=lambda row: row[0])
    lines: list[str] = []
    for name in studies.together:
        main = [(e.main.reading, e.network) for e in studies.xor44.effects if e.change == name and e.main]
        words = (
            f"{word}: {', '.join(n for r, n in main if r == word)}"
            for word in dict.fromkeys(r for r, _ in main)
        )
        lines.append(f"- **{name}** {'; '.join(words)}.")
    heads = ("", "over all combinations", "alone, at the baseline", "one pair of runs says otherwise")
    return "\n".join(lines) + "\n\n" + table(heads, rows)


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
    """How many verdicts hold from every side, and which turn round."""
    asked = [verdict for verdict in studies.xor44.verdicts if verdict.sides]
    turned = [verdict for verdict in asked if verdict.sides[0].words == AS_ASKED]
    held = sum(all(side.outcome == verdict.outcome for side in verdict.sides) for verdict in asked)
    lines = [f"- {verdict.statement.removesuffix('.')}: {sides_words(verdict)}" for verdict in turned]
    return "\n".join(
        [f"{held} of the {len(asked)} verdicts that can be asked otherwise come out the same.", "", *lines]
    )


def interactions(studies: Studies) -> str:
    """The largest interaction of each network."""
    rows: list[tuple[str, ...]] = []
    for network in networks(studies):
        found = [item for item in studies.xor44.interactions if item.network == network]
        large = max(found, key=lambda item: abs(item.effect.value.estimate))
        rows.append((network, " with ".join(large.changes), str(large.effect.value)))
    return table(
        ("", "largest interaction", "the effect of one, where the other is made, less where it isn't"), rows
    )


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


def same_value(studies: Studies) -> str:
    """Do Model 3's failed runs answer three of the four points alike, and with 0.694?"""
    runs = studies.cell("Model 3", *studies.together).runs
    answers = np.sort(runs.predictions[~runs.solved & ~runs.diverged, :, 0].astype(np.float64), axis=1)
    n = len(answers)
    all_four = answers[:, 3] - answers[:, 0] < ALIKE
    lower = answers[:, 2] - answers[:, 0] < ALIKE
    three = (lower | (answers[:, 3] - answers[:, 1] < ALIKE)) & ~all_four
    value = np.where(lower, answers[:, 1], answers[:, 2])[three]
    near = rate(int(((value > 0.6) & (value < 0.75)).sum()), len(value))
    exact = rate(int((np.round(value, 3) == 0.694).sum()), len(value))
    share = rate(int(three.sum()), n)
    outcome = "Upheld" if share.low > 0.5 else "Refuted" if share.high < 0.5 else "Mixed"
    shown = percent(rate(int(three.sum()), len(runs.solved)))
    low, middle, high = (f"{q:.2f}" for q in np.quantile(value, (0.05, 0.5, 0.95)))
    pattern = table(
        ("of Model 3's failed runs with A–E", "k of n (share, 95 % interval)"),
        [
            ("three points alike, the fourth apart", str(share)),
            ("all four alike", str(rate(int(all_four.sum()), n))),
            ("neither", str(rate(int((~three & ~all_four).sum()), n))),
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


NOTEBOOK = {
    (): "1: tanh, L1",
    ("then MSE",): "2: tanh, MSE, from the weights of 1",
    ("MSE",): "tanh, MSE, begun anew",
    ("sigmoid",): "sigmoid, L1",
    ("MSE", "sigmoid"): "3: sigmoid, MSE",
}
"""The second notebook's iterations by their numbers, with the cells that it left out."""


def notebook(studies: Studies) -> str:
    """The second notebook's first three iterations: how often an answer rounds to −0, and its conclusions."""
    cells = {changes: studies.notebook.cell("2-11-1", *changes) for changes in NOTEBOOK}
    rows = [
        (
            name,
            percent(cells[changes].solved),
            percent(_share(minus_zero(cells[changes])[:, 3])),
            percent(_share(minus_zero(cells[changes]).any(axis=1))),
            f"{100 * np.median(rises_of(cells[changes])):.0f} %",
        )
        for changes, name in NOTEBOOK.items()
    ]
    first, second, third = cells[()], cells["then MSE",], cells["MSE", "sigmoid"]
    smoother = rate(int((rises_of(second) < rises_of(first)).sum()), len(first.runs.solved))
    return (
        table(
            (
                "2-11-1, full batch, Adam, 2,001 epochs",
                "solved",
                "(1, 1) rounds to −0",
                "any answer does",
                "readings that rise",
            ),
            rows,
        )
        + "\n\n"
        + "\n".join(
            [
                f'- Iteration 1, "it gives −0": {_most(minus_zero(first).any(axis=1))}',
                f'- Iteration 2, "MSE cures it": {_cure(first, second)}',
                f'- Iteration 3, "sigmoid and MSE together cure it": {_cure(first, third)}',
                f'- "Sigmoid with L1 still gives −0": {_most(minus_zero(cells["sigmoid",]).any(axis=1))}',
                f'- "MSE gives the smoother curve": **{_word(smoother)}**. Fewer readings of the loss '
                f"rise in iteration 2 than in 1 on {smoother} of the seeds.",
            ]
        )
    )


def minus_zero(item: CellResult) -> Bools:
    """Return whether each answer rounds to −0, ``[n, points]``."""
    rounded = np.round(item.runs.predictions[:, :, 0])
    return np.asarray((rounded == 0) & np.signbit(rounded), dtype=np.bool_)


def _share(of: Bools) -> Rate:
    return rate(int(of.sum()), len(of))


def _most(of: Bools) -> str:
    """Return whether so it is on most seeds, on a minority, or can't be said."""
    share = _share(of)
    return f"**{_word(share)}**, on {share} of the seeds."


def _word(share: Rate) -> str:
    return "upheld" if share.low > 0.5 else "refuted" if share.high < 0.5 else "mixed"


def _cure(before: CellResult, after: CellResult) -> str:
    """Return whether what gave −0 doesn't any more: cured if that is so on nine in ten of its seeds."""
    sick, still = minus_zero(before).any(axis=1), minus_zero(after).any(axis=1)
    left, change = _share(still[sick]), paired_difference(sick, still)
    word = "upheld" if left.high < 0.1 else "refuted" if left.low > 0.1 else "mixed"
    return f"**{word}**. Of the runs that had it, {left} still do; over all seeds it is {change}."


def rises_of(item: CellResult) -> npt.NDArray[np.float64]:
    """Return for each run the share of loss readings, ten epochs apart, that are above the one before."""
    return np.asarray((np.diff(item.runs.loss_curve.astype(np.float64), axis=1) > 0).mean(axis=1))


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
    """Say what the deepest network's failures are, and whether that hangs on the threshold."""
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
    return f"Not every change helps. Averaged over the others, {said} hurts: {each}."


def race_board(studies: Studies) -> str:
    """The race of the 30 networks with A+B+E: verdict, first ones, and where the assignment's three are."""
    return board(studies, studies.race)


def race_all_board(studies: Studies) -> str:
    """The same with all five changes."""
    return board(studies, studies.race_all)


def board(studies: Studies, race: trainlab.RaceResult) -> str:
    """Return a race's verdict, its first six and the assignment's three, and what it took."""
    own = {studies.xor44.study.experiment(name).network: name for name in networks(studies)}
    models = {(net.widths, net.biases): name for net, name in own.items()}
    rows: list[tuple[str, ...]] = []
    for place, item in enumerate(race.candidates):
        network = item.experiment.network
        model = models.get((network.widths, network.biases), "")
        if place < 6 or model:
            out = "–" if item.dropped_in is None else f"{item.dropped_in}"
            rows.append(
                (
                    item.rank_words,
                    f"{item.name}{f', {model}' if model else ''}",
                    f"{item.solved.k:,} of {item.solved.n:,}",
                    percent(item.solved),
                    out,
                )
            )
    saved = 1 - race.runs / race.full_grid
    return (
        f"**{race.verdict}**\n\n"
        + table(("rank", "network", "solved", "share (simultaneous interval)", "dropped in round"), rows)
        + f"\n\n{race.runs:,} runs, where all {len(race.candidates)} networks on {race.rounds[-1].seeds:,} "
        f"seeds would have been {race.full_grid:,}: {100 * saved:.0f} % saved."
    )


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def networks(studies: Studies) -> tuple[str, ...]:
    """Return Model 1, 2 and 3."""
    return studies.xor44.study.network_names


def of(result: trainlab.StudyResult, topic: str) -> list[Verdict]:
    """Return the verdicts on one topic."""
    return [verdict for verdict in result.verdicts if verdict.topic == topic]


def percent(value: Rate) -> str:
    """Return a share with its interval."""
    return f"{100 * value.estimate:.1f} % ({100 * value.low:.1f}–{100 * value.high:.1f})"


def opposite(verdict: Verdict) -> str:
    """Return the share of seeds whose single run gives the opposite answer."""
    return "–" if verdict.opposite is None else percent(verdict.opposite)


def read(value: ReadEstimate | None) -> str:
    """Return an effect and how it reads after Holm's correction."""
    return "–" if value is None else f"{value.value}: {value.reading}"


def small(values: npt.NDArray[np.floating]) -> str:
    """Return the median of gradients with one digit, 2e-05."""
    return f"{np.median(values):.0e}" if values.size else "–"


BLOCKS: tuple[Callable[[Studies], str], ...] = (
    summary,
    budget,
    together,
    changes,
    solved_when,
    sides,
    interactions,
    vanishing,
    same_value,
    predictions,
    notebook,
    tour,
    race_board,
    race_all_board,
)
