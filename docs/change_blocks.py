"""The page on the assignment, on what the five changes do: verdicts, effects, and their other sides."""

from __future__ import annotations

from itertools import combinations

import trainlab
from docs.words import percent, table
from docs.xor_studies import Studies, networks, of, opposite, share_of
from trainlab.budgets import bias_flags, layer_table
from trainlab.stats import (
    ReadEstimate,
    interaction_effect,
    interaction_scores,
    paired_difference,
    picked_on_half,
)
from trainlab.studies import Verdict
from trainlab.studies.effects import factorial
from trainlab.studies.verdicts.robustness_words import has_turned, holds_everywhere, sides_words


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
