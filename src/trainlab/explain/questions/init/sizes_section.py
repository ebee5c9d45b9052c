"""The section on 0.5 and 1.5: what was tested, for which networks it holds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby

import numpy as np

from trainlab.draw import (
    Measured,
    Picture,
    format_fixed,
    intervals,
    join,
    measured_curves,
)
from trainlab.draw.table import Cell
from trainlab.explain.common.paired import difference_interval
from trainlab.explain.questions.init.sizes import CLAIMED, Claim, Outcome, Size, StartSize
from trainlab.page.section import Section, Table
from trainlab.stats import share_words

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
        pictures=(_curves(sizes), *_intervals(claims)),
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


def _intervals(claims: Sequence[Claim]) -> list[Picture]:
    return [
        intervals(
            [
                difference_interval(f"{each.case}, {each.draw}", each.difference)
                for each in claims
                if each.value == value
            ],
            x_label="difference in the share solved (points)",
            title=f"{value:g} instead of 1",
        )
        for value in CLAIMED
    ]
