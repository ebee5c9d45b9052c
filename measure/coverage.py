"""How often the 95 % intervals that studies print hold the truth, on made-up truths.

``scripts/measure intervals`` prints the table, in two minutes on a core; ``--docs`` writes
measure/coverage.json, from which docs/coverage.md has its tables (`scripts/measure coverage`). What comes
out of rates and the rule of `--until-width` is summed exactly, the rest up to the seeds of `EXACT`; beyond,
`DRAWS` samples are drawn for each truth, which leaves a standard error of 0.1 points.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import msgspec
import numpy as np
from scipy import special

from measure.blocks import ROOT, table
from measure.coverage_sums import (
    Ends,
    Floats,
    Ints,
    contrast_coverage,
    drawn_totals,
    ends_of_rates,
    family_errors,
    lowest_rate_coverage,
    rate_coverage,
    score_law,
    stopped_coverage,
    stopped_together,
    totals_law,
)
from trainlab.draw import terminal_table
from trainlab.maths import wilson
from trainlab.stats import look_sizes
from trainlab.stats.sample_size import fewest_seeds

SEEDS = (8, 16, 32, 64, 256, 1024)
SHARES = (0.0, 0.001, 0.003, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5)
"""Truths of rates, with their mirror images."""
EVEN = np.linspace(0, 1, 2001)
"""Over these, evenly from 0 to 1, coverage is averaged too."""
PAIRS = (
    *((share, share) for share in (0.0, 0.001, 0.01, 0.1, 0.5, 0.99)),
    *((0.0, 0.003), (0.0, 0.02), (0.0, 0.1), (0.01, 0.06), (0.1, 0.2), (0.2, 0.8), (0.45, 0.5), (0.5, 0.6)),
    *((0.01, 0.99), (0.9, 0.95), (0.95, 1.0), (0.99, 1.0)),
    *((0.286, 0.714), (0.162, 0.838)),
)
"""Rates of two cells; with the last two, opposed, 8 and 16 seeds hold the truth least often."""
LIKENESS = ((0.0, False), (0.5, False), (0.9, False), (1.0, False), (0.9, True))
"""Correlation of the cells of a seed; the last moves cells of different sign opposite ways."""
WIDTHS = (0.01, 0.02, 0.05, 0.1, 0.2)
EXACT = {"difference": 256, "main effect": 64, "interaction": 64}
"""Up to so many seeds the coverage is summed exactly."""
DRAWS = 50_000


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """The coverage of a kind of interval at `n` seeds, in shares, over so many `truths`.

    `lowest` is the lowest, at the truth `where`; `width` the mean of the mean widths; `exact` says that it
    was summed, not drawn.
    """

    kind: str
    n: int
    truths: int
    mean: float
    lowest: float
    where: str
    width: float
    exact: bool = True


def rate_rows() -> Iterator[Row]:
    """Rates: as studies have them, by Wilson alone, and Clopper and Pearson's."""
    truths = np.unique([*SHARES, *(1 - share for share in SHARES)])
    for n in SEEDS:
        for kind, ends in (
            ("rate", ends_of_rates(n)),
            ("rate, Wilson alone", _wilsons(n)),
            ("rate, Clopper–Pearson", _clopper_pearsons(n)),
        ):
            yield _row(kind, n, [f"{share:g}" for share in truths], *rate_coverage(ends, truths))
            coverage, width = rate_coverage(ends, EVEN)
            lowest, where = lowest_rate_coverage(ends)
            yield Row(
                kind=f"{kind}: all rates",
                n=n,
                truths=len(EVEN),
                mean=float(coverage.mean()),
                lowest=lowest,
                where=f"{where:.5f}",
                width=float(width.mean()),
            )


def _wilsons(n: int) -> Ends:
    low, high = np.array([wilson(k, n) for k in range(n + 1)]).T
    return Ends(low=low, high=high)


def _clopper_pearsons(n: int) -> Ends:
    k = np.arange(1, n + 1)
    low = np.concatenate([[0.0], special.betaincinv(k, n - k + 1, 0.025)])
    return Ends(low=low, high=1 - low[::-1])


def difference_rows() -> Iterator[Row]:
    """Differences of two cells on the same seeds, from as alike as they can be to as opposed."""
    laws: list[tuple[str, Ints, Floats]] = []
    for before, after in PAIRS:
        for words, both in _jointly(before, after).items():
            lost, gained = before - both, after - both
            chance = np.array([lost, 1 - lost - gained, gained]).clip(min=0)
            laws.append((f"{before:g} to {after:g}, {words}", np.array([-1, 0, 1]), chance))
    for n in SEEDS:
        yield _contrasts("difference", n, laws, unit=1.0, bound=1.0)


def _jointly(before: float, after: float) -> dict[str, float]:
    """Return how often both are solved, for cells as alike as can be, independent, as opposed as can be."""
    both = {"alike": min(before, after), "independent": before * after, "opposed": before + after - 1}
    return {words: max(0.0, share) for words, share in both.items()}


def contrast_rows() -> Iterator[Row]:
    """Main effects and interactions of two changes: four cells of a seed, alike or opposed."""
    coded = np.array(list(product([-1, 1], repeat=2)))
    for kind, signs, unit, bound in (
        ("main effect", coded[:, 0], 2.0, 1.0),
        ("interaction", coded.prod(axis=1), 1.0, 2.0),
    ):
        laws: list[tuple[str, Ints, Floats]] = []
        for cells, (likeness, opposed) in product(_four_cells(), LIKENESS):
            words = ", ".join(f"{share:g}" for share in cells)
            how = f"{'opposed' if opposed else 'alike'} by {likeness:g}"
            laws.append((f"{words}; {how}", *score_law(cells, signs, likeness, opposed=opposed)))
        for n in SEEDS:
            yield _contrasts(kind, n, laws, unit=unit, bound=bound)


def _four_cells() -> Iterator[Floats]:
    """Yield the rates of the cells with neither change, the second, the first, both."""
    for share in (0.0, 0.001, 0.01, 0.1, 0.5, 0.99):
        yield np.full(4, share)
    for low, high in ((0.0, 0.003), (0.0, 0.05), (0.02, 0.2), (0.5, 0.6), (0.95, 1.0), (0.01, 0.99)):
        for high_ones in ((2, 3), (3,), (1, 2)):
            cells = np.full(4, low)
            cells[list(high_ones)] = high
            yield cells


def _contrasts(kind: str, n: int, laws: list[tuple[str, Ints, Floats]], *, unit: float, bound: float) -> Row:
    """Return the row of a contrast whose scores are integers, `unit` of which make 1."""
    coverage, width, exact = list[float](), list[float](), n <= EXACT[kind]
    for place, (_, scores, chance) in enumerate(laws):
        totals = (
            totals_law(scores, chance, n)
            if exact
            else drawn_totals(scores, chance, n, draws=DRAWS, seed=1000 * n + place)
        )
        held, wide = contrast_coverage(totals, n=n, bound=bound * unit, truth=float(scores @ chance))
        coverage.append(held)
        width.append(wide / unit)
    words = [words for words, *_ in laws]
    return _row(kind, n, words, np.array(coverage), np.array(width), exact=exact)


def narrowing_rows() -> Iterator[Row]:
    """Rates where seeds are added until the interval is narrow: with the rule's first look, and one at once.

    `width` is the mean number of seeds, `n` the first look.
    """
    for width in WIDTHS:
        shares = np.unique([*np.geomspace(width / 50, 0.5, 40), *np.linspace(0.4 * width, 1.6 * width, 21)])
        for kind, sizes in (
            ("until narrow", look_sizes(width, most=10**7)),
            ("until narrow, first look at once", _at_once(width)),
        ):
            found = np.array([stopped_coverage(share, sizes, width) for share in shares])
            words = [f"{share:.4f}" for share in shares]
            yield _row(f"{kind}: {100 * width:g} points", sizes[0], words, found[:, 0], found[:, 1])


def _at_once(width: float) -> tuple[int, ...]:
    """Return the looks from the fewest seeds on that could be enough."""
    sizes = [fewest_seeds(width)]
    last = look_sizes(width, most=10**7)[-1]
    while sizes[-1] < last:
        sizes.append(int(np.ceil(1.25 * sizes[-1])))
    return tuple(sizes)


def _row(kind: str, n: int, truths: list[str], coverage: Floats, width: Floats, *, exact: bool = True) -> Row:
    lowest = int(coverage.argmin())
    return Row(
        kind=kind,
        n=n,
        truths=len(truths),
        mean=float(coverage.mean()),
        lowest=float(coverage[lowest]),
        where=truths[lowest],
        width=float(width.mean()),
        exact=exact,
    )


PARTS: tuple[Callable[[], Iterator[Row]], ...] = (rate_rows, difference_rows, contrast_rows, narrowing_rows)


def measure() -> dict[str, Any]:
    """Return all that is measured, as measure/coverage.json has it."""
    rows: list[Row] = []
    for part in PARTS:
        for row in part():
            rows.append(row)
            print(f"\r{row.kind}, {row.n:,} seeds    ", end="", file=sys.stderr)
    return {
        "rows": msgspec.to_builtins(rows),
        "together": stopped_together(),
        "families": family_errors(),
    }


def main() -> None:
    """Measure, print the table, and keep it if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--docs", action="store_true", help="write measure/coverage.json")
    options = parser.parse_args()
    found = measure()
    heads = ("interval", "seeds", "truths", "mean", "lowest", "at", "mean width")
    cells = [
        (
            row["kind"],
            f"{row['n']:,}",
            f"{row['truths']:,}",
            f"{100 * row['mean']:.2f}",
            f"{100 * row['lowest']:.2f}",
            row["where"],
            f"{row['width']:.4g}",
        )
        for row in found["rows"]
    ]
    from rich.console import Console

    console = Console()
    console.print(terminal_table(heads, cells, title="Coverage of 95 % intervals, in %"))
    console.print_json(data={key: found[key] for key in ("together", "families")})
    if options.docs:
        (ROOT / KEPT).write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


# How often intervals hold the truth, from what `scripts/measure intervals --docs` kept.


KEPT = "measure/coverage.json"
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


if __name__ == "__main__":
    main()
