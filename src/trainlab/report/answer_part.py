"""A study's answer at first sight: a plain sentence, how often each network is solved, what helps."""

from __future__ import annotations

from collections.abc import Sequence

from trainlab.draw import Interval, Picture, format_fixed, format_percent, intervals, join
from trainlab.report.chosen import cell_words, cells_of, networks_of
from trainlab.report.parts import Front, fold, paragraph, picture, terms
from trainlab.report.words import unbroken
from trainlab.spec import Network, solved_words
from trainlab.stats import Rate, ReadEstimate, Reading, share_words
from trainlab.studies.cells import CellResult
from trainlab.studies.result import StudyResult

MOST_ROWS = 12
"""So many rows of the picture stand in a screen's height."""
FEW = 2
"""More changes than this aren't named one by one in the answer."""
_COUNTS = {3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine"}
MOST_TERMS = 10
"""Of more networks and changes, the list is folded."""


def answer_front(result: StudyResult) -> Front:
    """Return the answer, its picture, and what the names in it stand for."""
    drawn = answer_picture(result)
    return Front(
        say=paragraph(unbroken(answer_words(result)), kind="question"),
        show=picture(drawn) if drawn is not None else "",
        more=_found(result)
        + _compared(result)
        + "".join(paragraph(f"Note: {note}") for note in result.notes),
    )


def answer_words(result: StudyResult) -> str:
    """Return the answer in a sentence or two: what all changes came to, or how often cells are solved."""
    everything = result.study.change_names
    ends = {name: (_cell(result, name, ()), _cell(result, name, everything)) for name in networks_of(result)}
    pairs = {name: (a, b) for name, (a, b) in ends.items() if a is not None and b is not None}
    if everything and pairs:
        return _together_words(result, {name: b.solved for name, (_, b) in pairs.items()})
    best = max(result.cells, key=lambda item: item.solved.estimate)
    if len(result.cells) == 1:
        return f"{_called(result, best)} is solved: {share_words(best.solved, 'seeds')}."
    return (
        f"Of {len(result.cells)} cells {_called(result, best)} is solved most often: {_share(best.solved)}."
    )


def _together_words(result: StudyResult, after: dict[str, Rate]) -> str:
    """Return which networks all changes make learn, as the verdicts have it, and the others' shares."""
    everything = result.study.change_names
    one = len(everything) == 1
    count = _COUNTS.get(len(everything), f"{len(everything)}")
    several = f"All {count} changes" if len(everything) > FEW else join(everything)
    subject = everything[0] if one else f"{several} together"
    make, do = ("makes", "does") if one else ("make", "do")
    outcomes = [verdict.outcome for verdict in result.verdicts if verdict.topic == "together"]
    if len(outcomes) != len(after):
        shares = "; ".join(f"{name} {_share(value)}" for name, value in after.items())
        return f"Solved with {join(everything)}: {shares}."
    found = dict(zip(after, outcomes, strict=True))
    learn = [name for name, outcome in found.items() if outcome == "upheld"]
    rest = [f"{name} ({_share(after[name])})" for name, outcome in found.items() if outcome == "refuted"]
    open_ = [f"{name} ({_share(after[name])})" for name, outcome in found.items() if outcome == "mixed"]
    if learn:
        words = f"{subject} {make} {join(learn)} learn"
        words += f", but not {join(rest)}." if rest else "."
    else:
        words = f"{subject} {do} not make {join(rest)} learn." if rest else ""
    if open_:
        words += f" These runs can't say it of {join(open_)}."
    return words.strip()


def answer_picture(result: StudyResult) -> Picture | None:
    """Return how often each network is solved: at the baseline, in its best cell, and with all changes.

    Of many networks the best cells are left out, and the networks that no longer fit a screen.
    """
    networks = networks_of(result)
    per_network = {name: _rows(result, name) for name in networks}
    rows = [row for name in networks for row in per_network[name]]
    best_shown = len(rows) <= MOST_ROWS
    if not best_shown:
        rows = [row for row in rows if not row.label.startswith("best of")]
    left = max(0, len(rows) - MOST_ROWS)
    rows = rows[:MOST_ROWS]
    if not rows or all(len(item) < 1 for item in per_network.values()):
        return None
    notes: list[str] = []
    if any(row.label.startswith("best of") for row in rows):
        notes.append("The best was picked from these same seeds, so its share flatters.")
    if left:
        notes.append(f"{left:,} more rows are below.")
    return intervals(
        rows,
        x_label="share of seeds solved, % (with 95 % intervals)",
        title="How often each network is solved",
        reference=None,
        hold=(0.0, 100.0),
        notes=notes,
    )


def _rows(result: StudyResult, network: str) -> list[Interval]:
    cells, everything = cells_of(result, network), result.study.change_names
    first, last = _cell(result, network, ()), _cell(result, network, everything)
    best = max(cells, key=lambda item: item.solved.estimate)
    chosen: list[tuple[str, CellResult]] = []
    if first is not None:
        chosen.append(("baseline", first))
    if last is not None and everything:
        chosen.append((cell_words(result, everything), last))
    if all(item is not best for _, item in chosen) and len(cells) > 1:
        names = cell_words(result, best.cell.changes)
        chosen.insert(1 if first is not None else 0, (f"best of {len(cells)}: {names}", best))
    if not chosen:
        chosen = [(cell_words(result, item.cell.changes), item) for item in cells[:MOST_ROWS]]
    return [
        Interval(
            label=label,
            estimate=100 * item.solved.estimate,
            low=100 * item.solved.low,
            high=100 * item.solved.high,
            group=network,
        )
        for label, item in chosen
    ]


def _found(result: StudyResult) -> str:
    """Return what helps, what hurts, and which statements don't hold; each in one line."""
    pairs = [("Helps", _effects(result, "helps")), ("Hurts", _effects(result, "hurts"))]
    refuted = [v.statement for v in result.verdicts if v.outcome == "refuted" and v.topic != "change"]
    return terms([(words, told) for words, told in (*pairs, ("Refuted", refuted)) if told])


def _effects(result: StudyResult, wanted: Reading) -> list[str]:
    """Return the changes that read so, averaged over the others: a line a network, the greatest first."""
    found: dict[str, list[tuple[float, str]]] = {}
    several = len(networks_of(result)) > 1
    for effect in result.effects:
        value = effect.main or effect.alone
        if value is not None and value.reading == wanted:
            words = f"{effect.change} {_points(value)}"
            found.setdefault(effect.network, []).append((abs(value.value.estimate), words))
    told = [
        (f"{name}: " if several else "") + ", ".join(words for _, words in sorted(each, reverse=True))
        for name, each in found.items()
    ]
    if told:
        told[-1] += f" (points{_averaged(result)})"
    return told


def _averaged(result: StudyResult) -> str:
    crossed = any(effect.main for effect in result.effects) and len(result.study.changes) > 1
    return ", averaged over the other changes" if crossed else ""


def _points(value: ReadEstimate) -> str:
    return format_fixed(100 * value.value.estimate, 1, sign=True)


def _compared(result: StudyResult) -> str:
    """Return what the networks and changes are, and what counts as solved."""
    pairs = compared(result)
    solved = paragraph(
        f"A run is solved {solved_words(result.study.baseline.solved)} at the end. All cells share their "
        "seeds, so that differences are taken seed by seed.",
        kind="muted",
    )
    told = terms(pairs)
    return (
        fold(f"The {len(pairs)} networks and changes", told) if len(pairs) > MOST_TERMS else told
    ) + solved


def compared(result: StudyResult) -> list[tuple[str, str]]:
    """Return the networks and changes that are crossed, each with what it is."""
    study = result.study
    networks = [(name, study.experiment(name).network) for name in study.network_names]
    pairs = [
        (
            name,
            f"{_widths(name, network)}{network.parameters:,} parameters, biases {_each(network.biases)}, "
            f"activation {_each(network.activations)}",
        )
        for name, network in networks
    ]
    return pairs + [(change.name, change.label or "a change without a label") for change in study.changes]


def _widths(name: str, network: Network) -> str:
    return "" if name == network.label else f"widths {network.label}, "


def _each(values: tuple[bool, ...] | tuple[str, ...]) -> str:
    """Return what holds for every layer, or for all but the last, or layer by layer."""
    words = [str(value) if isinstance(value, str) else ("yes" if value else "no") for value in values]
    if len(set(words)) == 1:
        return words[0]
    if len(set(words[:-1])) == 1:
        return f"{words[0]} (last layer {words[-1]})"
    return ", ".join(words)


def _cell(result: StudyResult, network: str, changes: Sequence[str]) -> CellResult | None:
    return next((c for c in cells_of(result, network) if c.cell.changes == tuple(changes)), None)


def _called(result: StudyResult, item: CellResult) -> str:
    if not result.study.changes:
        return item.cell.network
    return f"{item.cell.network} with {cell_words(result, item.cell.changes)}"


def _share(value: Rate) -> str:
    return f"{format_percent(value.k, value.n, decimals=1)} % of {value.n:,} seeds"
