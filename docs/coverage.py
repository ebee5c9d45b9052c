"""How often intervals hold the truth, from what `python -m benchmarks.coverage --docs` kept."""

from __future__ import annotations

import json
from typing import Any

from docs.blocks import ROOT
from docs.words import table

KEPT = "docs/coverage.json"
WHOLE = ": all rates"
RATES = ("rate", "rate, Wilson alone", "rate, Clopper–Pearson")
CONTRASTS = ("difference", "main effect", "interaction")
UNTIL = ("until narrow", "until narrow, first look at once")


def kept() -> dict[str, Any]:
    """Return what was computed."""
    return json.loads((ROOT / KEPT).read_text(encoding="utf-8"))


def rates() -> str:
    """A row a number of seeds: the interval that studies have, Wilson's alone, and the exact one."""
    rows = _rows()
    heads = (
        "seeds",
        "ours: mean",
        "lowest",
        "width",
        "Wilson: mean",
        "lowest",
        "Clopper–Pearson: mean",
        "width",
    )
    lines: list[list[str]] = []
    for n in dict.fromkeys(row["n"] for row in rows.values() if row["kind"] == f"rate{WHOLE}"):
        ours, wilsons, exact = (rows[f"{kind}{WHOLE}", n] for kind in RATES)
        ends = [_percent(wilsons["mean"]), _percent(wilsons["lowest"])]
        cells = [_percent(ours["mean"]), f"{_percent(ours['lowest'])} at {float(ours['where']):.3g}"]
        lines.append(
            [
                f"{n:,}",
                *cells,
                _points(ours["width"]),
                *ends,
                _percent(exact["mean"]),
                _points(exact["width"]),
            ]
        )
    return table(heads, lines)


def few_rates() -> str:
    """A row a number of seeds: the same over a list of rates, most of them near 0 and 1."""
    rows = _rows()
    heads = ("seeds", "ours: mean", "lowest", "Wilson: mean", "lowest", "Clopper–Pearson: mean", "lowest")
    numbers = dict.fromkeys(row["n"] for row in rows.values() if row["kind"] == "rate")
    lines = [
        [
            f"{n:,}",
            *(
                words
                for kind in RATES
                for row in [rows[kind, n]]
                for words in (_percent(row["mean"]), f"{_percent(row['lowest'])} at {row['where']}")
            ),
        ]
        for n in numbers
    ]
    return table(heads, lines)


def contrasts() -> str:
    """A row a kind and number of seeds: differences of two cells, main effects, interactions."""
    heads = ("interval", "seeds", "truths", "mean", "lowest", "where", "mean width")
    lines = [
        [
            row["kind"],
            f"{row['n']:,}",
            f"{row['truths']:,}",
            f"{_percent(row['mean'])}{'' if row['exact'] else ' (drawn)'}",
            _percent(row["lowest"]),
            row["where"],
            _points(row["width"]),
        ]
        for row in kept()["rows"]
        if row["kind"] in CONTRASTS
    ]
    return table(heads, lines)


def until_narrow() -> str:
    """A row a width: the rule's coverage, and what it were with the first look as early as can be."""
    heads = ("until", "first look", "mean", "lowest", "at", "looked at at once: lowest", "at")
    found = {kind: [row for row in kept()["rows"] if row["kind"].startswith(f"{kind}: ")] for kind in UNTIL}
    lines = [
        [
            row["kind"].removeprefix(f"{UNTIL[0]}: "),
            f"{row['n']:,} seeds",
            _percent(row["mean"]),
            _percent(row["lowest"]),
            row["where"],
            _percent(hasty["lowest"]),
            hasty["where"],
        ]
        for row, hasty in zip(found[UNTIL[0]], found[UNTIL[1]], strict=True)
    ]
    return table(heads, lines)


def together() -> str:
    """A row a width: two cells that get seeds until both are narrow, and their paired difference."""
    heads = ("until", "interval of", "truths", "mean", "lowest")
    lines = [
        [
            f"{100 * row['width']:g} points",
            f"the {row['what']}",
            f"{row['truths']:,}",
            _percent(row["mean"]),
            _percent(row["lowest"]),
        ]
        for row in kept()["together"]
    ]
    return table(heads, lines)


def families() -> str:
    """A row a case: how often any of 15 changes that do nothing is said to help or hurt."""
    heads = ("seeds", "rate of all cells", "any said to differ", "without Holm's correction")
    lines = [
        [f"{row['n']:,}", f"{100 * row['share']:g} %", _percent(row["any"]), _percent(row["apart"])]
        for row in kept()["families"]
    ]
    return table(heads, lines)


def _rows() -> dict[tuple[str, int], dict[str, Any]]:
    return {(row["kind"], row["n"]): row for row in kept()["rows"]}


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _points(share: float) -> str:
    return f"{100 * share:.1f}"


BLOCKS = (rates, few_rates, contrasts, until_narrow, together, families)
