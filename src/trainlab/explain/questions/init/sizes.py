"""Is 0.5 too small and 1.5 too large? Paired differences in the share solved, and a grid of deviations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import ClassVar, Literal

import numpy as np

from trainlab.draw import Measured, Picture, format_fixed, join, measured_curves
from trainlab.draw.table import Cell
from trainlab.engine import Runs
from trainlab.explain.populations import Populations, differences, diverged_share, solved_share
from trainlab.explain.questions.init.learning import with_weights
from trainlab.explain.questions.init.signals import network_signals
from trainlab.page.section import Section, Table
from trainlab.plain import Plain
from trainlab.spec import Experiment, Normal, Uniform
from trainlab.stats import Rate, ReadEstimate, Reading, share_words

GRID = (0.1, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0)
"""Deviations of normal draws; 0.5, 1 and 1.5 are among them."""

USUAL, CLAIMED = 1.0, (0.5, 1.5)
FEW = 0.05
"""Where both rates are surely below this, there is nothing to lose, and nothing is said."""

Outcome = Literal["upheld", "refuted", "bounded", "too few learn"]
DRAWS = ("normal", "uniform")


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One network under one training, by name."""

    name: str
    experiment: Experiment


@dataclass(frozen=True, kw_only=True, slots=True)
class Size(Plain):
    """One case from weights of one size (`value`: deviation, or half the width of a uniform)."""

    case: str
    draw: str
    value: float
    solved: Rate
    diverged: Rate


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim(Plain):
    """The statement that `value` is worse than 1: the paired difference in the share solved, and its reading.

    All claims are read together. `outcome`: "upheld" if fewer seeds are solved; "refuted" if more
    are, or if the whole interval lies inside ±2 points; "too few learn" if hardly any is solved at either;
    else "bounded": the interval is all that can be said.
    """

    AGAINST: ClassVar = USUAL
    _written = "case draw value against=AGAINST solved solved_at_1=usual difference outcome"

    case: str
    draw: str
    value: float
    usual: Rate
    solved: Rate
    difference: ReadEstimate
    outcome: Outcome


@dataclass(frozen=True, kw_only=True, slots=True)
class StartSize(Plain):
    """At the start, before training: the first layer's gradient over the last's, root mean squares."""

    _written = "case std=value measured=gradient_ratio theory=theory_ratio"

    case: str
    value: float
    gradient_ratio: float
    theory_ratio: float


def train_sizes(cases: Sequence[Case], populations: Populations) -> tuple[list[Size], list[Claim]]:
    """Train every case from every size, all on the same seeds, and read the claims together."""
    sizes_of = {"normal": GRID, "uniform": (*CLAIMED, USUAL)}
    places = [(case, draw, value) for case in cases for draw in DRAWS for value in sizes_of[draw]]
    experiments = [with_weights(case.experiment, _init(draw, value)) for case, draw, value in places]
    runs = populations.train(experiments)
    sizes = [
        Size(
            case=case.name,
            draw=draw,
            value=value,
            solved=solved_share(each),
            diverged=diverged_share(each),
        )
        for (case, draw, value), each in zip(places, runs, strict=True)
    ]
    by_place = {
        (case.name, draw, value): each for (case, draw, value), each in zip(places, runs, strict=True)
    }
    return sizes, _claims([case.name for case in cases], by_place)


def start_sizes(cases: Sequence[Case], *, networks: int) -> list[StartSize]:
    """Return how gradients lie at the start, for each size of the claims."""
    found: list[StartSize] = []
    for case in cases:
        for value in (0.5, 1.0, 1.5):
            signals = network_signals(case.name, with_weights(case.experiment, Normal(std=value)), networks)
            found.append(
                StartSize(
                    case=case.name,
                    value=value,
                    gradient_ratio=signals.gradient_ratio,
                    theory_ratio=signals.theory_ratio,
                )
            )
    return found


def _init(draw: str, value: float) -> Normal | Uniform:
    return Normal(std=value) if draw == "normal" else Uniform(a=-value, b=value)


def _claims(cases: Sequence[str], runs: dict[tuple[str, str, float], Runs]) -> list[Claim]:
    asked = [(case, draw, value) for case in cases for draw in DRAWS for value in CLAIMED]
    read = differences(
        {
            (case, draw, value): (runs[case, draw, USUAL], runs[case, draw, value])
            for case, draw, value in asked
        }
    )
    found: list[Claim] = []
    for (case, draw, value), difference in read.items():
        rates = solved_share(runs[case, draw, USUAL]), solved_share(runs[case, draw, value])
        found.append(
            Claim(
                case=case,
                draw=draw,
                value=value,
                usual=rates[0],
                solved=rates[1],
                difference=difference,
                outcome=_outcome(difference.reading, *rates),
            )
        )
    return found


def _outcome(read: Reading, usual: Rate, solved: Rate) -> Outcome:
    if usual.high < FEW and solved.high < FEW:
        return "too few learn"
    if read == "hurts":
        return "upheld"
    return "bounded" if read == "no difference seen" else "refuted"


# The section on 0.5 and 1.5: what was tested, for which networks it holds.


WORDS = {0.5: "0.5 is too small", 1.5: "1.5 is too large"}
OUTCOMES: tuple[Outcome, ...] = ("upheld", "refuted", "bounded", "too few learn")


def sizes_section(sizes: Sequence[Size], claims: Sequence[Claim], at_start: Sequence[StartSize]) -> Section:
    """Return curves of the share solved against the deviation, and the claims."""
    tested = f"{claims[0].difference.value.n:,} seeds, paired; {len(claims)} comparisons read together (Holm)"
    ratios = {(each.case, each.value): each for each in at_start}
    rows: list[tuple[Cell, ...]] = [
        (
            each.case,
            _draw_words(each),
            WORDS[each.value],
            _points(each),
            "<0.001" if each.difference.p_adjusted < 0.001 else f"{each.difference.p_adjusted:.3f}",
            each.outcome,
        )
        for each in claims
    ]
    starts: list[tuple[Cell, ...]] = [
        (name, *(_ratio(ratios[name, value].gradient_ratio) for value in (0.5, 1.0, 1.5)))
        for name in _names(at_start)
    ]
    return Section(
        name="sizes",
        heading="Is 0.5 too small, and 1.5 too large?",
        text=(
            "The statement, tested: weights drawn from N(0, std²), or from U(−a, a), with 0.5 and with 1.5 "
            f"instead of 1; the share solved, {tested}. Upheld: fewer seeds are solved. Refuted: more are, "
            "or the whole interval lies inside ±2 points. Bounded: neither was seen; the interval is all "
            "that can be said. No size is small or large by itself: what counts is n · Var(w), and so the "
            "width of the layer.",
            *(_best_words(sizes, name) for name in _names(at_start)),
            *(f"{WORDS[value]}: {told}." for value in CLAIMED for told in [outcome_words(claims, value)]),
        ),
        pictures=(_curves(sizes),),
        tables=(
            Table(
                title="Share solved beside that at 1, in points",
                headers=("Network", "Draw", "Statement", "difference", "p (Holm)", "outcome"),
                rows=rows,
                shown=40,
            ),
            Table(
                title="Gradient of the first layer ÷ that of the last, at the start (root mean squares)",
                headers=("Network", "std 0.5", "std 1", "std 1.5"),
                rows=starts,
            ),
        ),
    )


def outcome_words(claims: Sequence[Claim], value: float, draw: str = "") -> str:
    """Return for which networks a statement is upheld, refuted, bounded."""
    mine = [each for each in claims if each.value == value and draw in ("", each.draw)]
    parts: list[str] = []
    for outcome in OUTCOMES:
        found = [each for each in mine if each.outcome == outcome]
        if not found:
            continue
        names = [
            f"{case} ({' and '.join(each.draw for each in group)})" if not draw else case
            for case, members in groupby(found, key=lambda each: each.case)
            for group in [list(members)]
        ]
        word = "too few learn to tell" if outcome == "too few learn" else outcome
        parts.append(f"{word} for {join(names)}")
    return "; ".join(parts)


def _names(at_start: Sequence[StartSize]) -> list[str]:
    """Return the networks, each once, in order."""
    return list(dict.fromkeys(each.case for each in at_start))


def _best_words(sizes: Sequence[Size], name: str) -> str:
    """Return where on the grid most seeds are solved, and which deviations can't be told from that."""
    mine = [each for each in sizes if each.case == name and each.draw == "normal"]
    best = max(mine, key=lambda each: each.solved.k)
    if not best.solved.k:
        return f"{name}: no seed is solved at any deviation."
    near = [f"{each.value:g}" for each in mine if each.solved.high >= best.solved.low and each != best]
    overlap = ""
    if near:
        overlap = f"; the interval{'s' if len(near) > 1 else ''} at {join(near)} overlap"
        overlap += f"{'' if len(near) > 1 else 's'} with that"
    return f"{name}: most seeds are solved at std {best.value:g}, {share_words(best.solved)}{overlap}."


def _draw_words(claim: Claim) -> str:
    return f"N(0, {claim.value:g}²)" if claim.draw == "normal" else f"U(±{claim.value:g})"


def _points(claim: Claim) -> str:
    found = claim.difference.value
    shares = (found.estimate, found.low, found.high)
    estimate, low, high = (format_fixed(100 * share, 1, sign=True) for share in shares)
    return f"{estimate} ({low} to {high})"


def _ratio(value: float) -> str:
    return "–" if not np.isfinite(value) else f"{value:.3g}"


def _curves(sizes: Sequence[Size]) -> Picture:
    normal = [each for each in sizes if each.draw == "normal"]
    drawn: list[Measured] = []
    for name in dict.fromkeys(each.case for each in normal):
        mine = sorted((each for each in normal if each.case == name), key=lambda each: each.value)
        drawn.append(
            Measured(
                label=name,
                x=[each.value for each in mine],
                theory=[math.nan] * len(mine),
                measured=[100 * each.solved.estimate for each in mine],
                low=[100 * each.solved.low for each in mine],
                high=[100 * each.solved.high for each in mine],
            )
        )
    return measured_curves(
        drawn,
        x_label="standard deviation of the initial weights",
        y_label="Solved, % of seeds",
        title="Share solved by the size of the initial weights",
        measured_label="Points: share of seeds, with Wilson's 95 % interval.",
    )
