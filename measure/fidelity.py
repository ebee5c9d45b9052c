"""Success rates of the fast engine beside PyTorch's, cell by cell, on the same seeds.

Long float32 runs of two engines part ways (rounding over rounding), so single runs can't be compared, but
rates must agree, and so must the share of runs that end at a loss of exactly 0. The other side is the torch
engine, PyTorch's operations on stacks of networks: all cells of examples/xor44.toml and of
examples/second_notebook.toml, 1,000 seeds each, about an hour on a core. Finished runs are kept, so it can
be stopped and run again; ``--kept`` compares what is there. With ``--engine reference`` it is the plain loop,
a network at a time, and the 20 cells of the most steps; `scripts/measure plain_runs` trains them.
``--docs`` writes measure/fidelity.json and the page made from it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from measure import blocks, plain_runs
from measure.plain_runs import Ends
from trainlab.draw import counted, terminal_table
from trainlab.engine import Runs
from trainlab.errors import TrainlabError
from trainlab.execution import Progress
from trainlab.spec import Cell, load_study
from trainlab.stats import Estimate, Rate, holm, mcnemar_p, paired_difference, rate
from trainlab.store import Store
from trainlab.studies import study

KEPT = Path(__file__).with_name("fidelity.json")
INTRODUCTION = """# Does the fast engine train like PyTorch?

Made by `scripts/measure rates --docs` from what it measured ([the numbers](../measure/fidelity.json)).

Long float32 trainings by two programs part ways, since sums are taken in another order and each step builds
on the last. So one run can't be held against another; how many are solved can. Every cell below was trained
twice, on the same seeds: by trainlab's fast engine, and in PyTorch, as the headings say. Runs that only one
of them solves are counted (McNemar's exact test), and p is corrected for the number of cells (Holm). *At 0*
are the runs whose loss ends at exactly 0.

**What this can't show.** XOR and these networks only. With so many cells even a difference whose own interval
leaves out 0 needn't be one: p says which is shown.
"""
HEADS = ("cell", "fast", "PyTorch", "difference", "p (Holm)", "at 0: fast", "PyTorch")
OTHERS = {
    "torch": "trainlab's torch engine: PyTorch's operations on stacks of networks",
    "reference": "A plain PyTorch loop, a network at a time",
}
"""The titles of the parts, by the other engine."""


def write(engine: str, found: dict[str, Any], path: Path = KEPT) -> None:
    """Keep what was found beside what the other engine's comparison left."""
    both: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    both[engine] = found
    path.write_text(json.dumps(both, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def made() -> dict[Path, str]:
    """Return the page, by its path."""
    return {Path("docs/fidelity.md"): page(json.loads(KEPT.read_text(encoding="utf-8")))}


def page(found: dict[str, Any]) -> str:
    """Return the page of the comparisons, by the other engine's name."""
    parts = [INTRODUCTION]
    for engine, title in OTHERS.items():
        if engine in found:
            parts.append(f"## {title}\n\n{_summary(found[engine])}\n\n{_table(found[engine]['rows'])}")
    return "\n".join(parts)


def _summary(part: dict[str, Any]) -> str:
    rows, about = part["rows"], part["machine"]
    differ = [row["cell"] for row in rows if row["p"] < 0.05]
    largest = max(rows, key=lambda row: abs(row["difference"]))
    runs = sum(row["seeds"] for row in rows)
    fast, other = (rate(sum(row[name] for row in rows), runs) for name in ("fast", "other"))
    at_0, other_at_0 = (rate(sum(row[name] for row in rows), runs) for name in ("fast_at_0", "other_at_0"))
    verdict = (
        f"**{', '.join(differ)}: one solves more runs than the other.**"
        if differ
        else f"**In none of {counted(len(rows), 'cell')} is a difference shown.**"
    )
    versions = about["versions"]
    notes = _together(part) + _near_0(part)
    return (
        f"{verdict} In all, the fast engine solves {fast}, PyTorch {other}. The largest "
        f"difference is that of {largest['cell']}: {largest['words']} on {largest['seeds']:,} seeds. "
        f"{at_0} and {other_at_0} end at a loss of exactly 0.{notes}\n\n"
        f"PyTorch {versions['torch']}, numba {versions['numba']}, {about['processor']}; {about['date']}."
    )


def _together(part: dict[str, Any]) -> str:
    """Return what all cells show together: the comparison that would see the smallest difference."""
    seeds, cells = min(row["seeds"] for row in part["rows"]), len(part["rows"])
    too_few = 2 * 0.5**seeds * cells >= 0.05
    together = part.get("together")
    if together is None:
        return ""
    alone = (
        f"With {counted(seeds, 'seed')} no single cell could be shown to differ, whatever came out; all"
        if too_few
        else "All"
    )
    return (
        f" {alone} cells together differ by {together['words']}: p = {together['p']:.2g} by McNemar's test, "
        "for this number of seeds alone."
    )


def _near_0(part: dict[str, Any]) -> str:
    """Return how many losses end at 0 but for rounding, where that was counted."""
    if "together" not in part:
        return ""
    fast, other = part["together"]["near_0"]
    return f" Below 1e-12, 0 but for rounding, end {fast:,} and {other:,}."


def _table(rows: list[dict[str, Any]]) -> str:
    lines = [
        (
            row["cell"],
            f"{row['fast']:,} of {row['seeds']:,}",
            f"{row['other']:,}",
            row["words"],
            f"{row['p']:.2g}",
            f"{row['fast_at_0']:,}",
            f"{row['other_at_0']:,}",
        )
        for row in rows
    ]
    return blocks.table(HEADS, lines, figures=True) + "\n"


STUDIES = ("xor44", "second_notebook")
LONGEST = 20
NEAR_0 = 1e-12
"""A loss below it differs from 0 by rounding."""
SEEDS = {"torch": 1000, "reference": 200}


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """A cell's runs by both engines, on the same seeds."""

    name: str
    fast: Runs | Ends
    other: Runs | Ends

    @property
    def difference(self) -> Estimate:
        """The rate of the fast engine minus the other's."""
        return paired_difference(self.other.solved, self.fast.solved)

    @property
    def p(self) -> float:
        """McNemar's exact test, two-sided."""
        return mcnemar_p(self.fast.solved, self.other.solved)


def cells_asked(engine: str) -> list[Cell]:
    """Return all cells, or for the plain loop those that take the most steps; Adam's come first."""
    cells = [cell for name in STUDIES for cell in load_study(name).cells()]
    ordered = sorted(cells, key=lambda cell: ("A" not in cell.changes, -cell.experiment.epochs))
    return ordered[:LONGEST] if engine == "reference" else ordered


def train(cells: Sequence[Cell], engine: str, seeds: int, store: str) -> dict[str, Runs]:
    """Return the cells' runs by their names; those that the store has are read from there."""

    def note(progress: Progress) -> None:
        runs = f"{progress.runs_done:,} of {progress.runs_total:,} runs"
        print(f"\r{engine}: {runs}, {progress.seconds_left} s left ", end="", file=sys.stderr)

    asked, found = {cell.name for cell in cells}, dict[str, Runs]()
    for name in STUDIES:
        only = [cell.name for cell in load_study(name).cells() if cell.name in asked]
        if only:
            result = study(name, seeds=seeds, only=only, store=store, engine=engine, on_progress=note)
            found |= {item.cell.name: item.runs for item in result.cells}
    return found


def kept(cells: Sequence[Cell], engine: str, seeds: int, store: str) -> list[Cell]:
    """Return the cells for which the store has all these runs of the other engine."""
    with Store.open(store, create=False) as opened:
        held = {(item.fingerprint, item.engine.partition("@")[0]): item.seeds for item in opened.summary()}
    return [cell for cell in cells if held.get((cell.experiment.fingerprint, engine), 0) >= seeds]


def main() -> None:
    """Train what is missing, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=SEEDS, default="torch")
    parser.add_argument(
        "--seeds", type=int, help="1,000 of the torch engine; of the plain loop what was trained"
    )
    parser.add_argument("--store", default=".trainlab", help="the folder that keeps finished runs")
    parser.add_argument("--kept", action="store_true", help="train nothing more with the other engine")
    parser.add_argument("--docs", action="store_true", help="write the numbers and docs/fidelity.md")
    options = parser.parse_args()
    if options.engine == "reference" and (options.seeds or options.kept):
        parser.error("--seeds, --kept: the plain loop is compared on what measure.plain_runs has trained.")
    seeds = options.seeds or SEEDS[options.engine]
    cells = cells_asked(options.engine)
    if options.kept:
        cells = kept(cells, options.engine, seeds, options.store)
    if not cells:
        print(f"No cell has {counted(seeds, 'seed')} of {options.engine} in {options.store}.")
        return
    other: Mapping[str, Runs | Ends]
    if options.engine == "reference":
        try:
            other = plain_runs.read(cells)
        except TrainlabError as error:
            parser.error(str(error))
        seeds = len(other[cells[0].name].loss)
    else:
        other = train(cells, options.engine, seeds, options.store)
    fast = train(cells, "fast", seeds, options.store)
    pairs = [Pair(name=cell.name, fast=fast[cell.name], other=other[cell.name]) for cell in cells]
    show(pairs, engine=options.engine)
    if options.docs:
        write(options.engine, compared(pairs, engine=options.engine, about=blocks.machine()))
        blocks.write(made())


def compared(pairs: Sequence[Pair], *, engine: str, about: dict[str, Any]) -> dict[str, Any]:
    """Return what was found as plain data, a row a cell."""
    adjusted = holm(np.array([pair.p for pair in pairs]))
    together = Pair(
        name="all cells", fast=_joined([pair.fast for pair in pairs]), other=_joined([p.other for p in pairs])
    )
    return {
        "engine": engine,
        "machine": about,
        "together": {
            "words": str(together.difference),
            "p": together.p,
            "near_0": [int((runs.loss < NEAR_0).sum()) for runs in (together.fast, together.other)],
        },
        "rows": [
            {
                "cell": pair.name,
                "seeds": len(pair.fast.solved),
                "fast": int(pair.fast.solved.sum()),
                "other": int(pair.other.solved.sum()),
                "difference": pair.difference.estimate,
                "low": pair.difference.low,
                "high": pair.difference.high,
                "words": str(pair.difference),
                "p": float(p),
                "fast_at_0": int((pair.fast.loss == 0).sum()),
                "other_at_0": int((pair.other.loss == 0).sum()),
            }
            for pair, p in zip(pairs, adjusted, strict=True)
        ],
    }


def show(pairs: Sequence[Pair], *, engine: str) -> None:
    """Print a row a cell, and what they come to."""
    from rich.console import Console

    adjusted = holm(np.array([pair.p for pair in pairs]))
    rows = [
        (
            pair.name,
            f"{pair.fast.solved.sum():,}",
            f"{pair.other.solved.sum():,}",
            str(pair.difference),
            f"{p:.2g}",
            f"{(pair.fast.loss == 0).sum():,}",
            f"{(pair.other.loss == 0).sum():,}",
        )
        for pair, p in zip(pairs, adjusted, strict=True)
    ]
    headers = ("cell", "fast", engine, f"fast − {engine}, same seeds", "p (Holm)", "at 0: fast", engine)
    Console(width=110).print(terminal_table(headers, rows, title="Solved"))
    largest = max(pairs, key=lambda pair: abs(pair.difference.estimate))
    print(f"Cells that differ (McNemar, Holm, 5 %): {int((adjusted < 0.05).sum())} of {len(pairs)}")
    print(f"The largest difference: {largest.name}, {largest.difference}, {len(largest.fast.solved):,} seeds")
    print(f"At a loss of exactly 0: fast {_zeros([pair.fast for pair in pairs])}")
    print(f"  {engine}: {_zeros([pair.other for pair in pairs])}")


def _joined(runs: Sequence[Runs | Ends]) -> Ends:
    losses = np.concatenate([np.asarray(each.loss, dtype=np.float64) for each in runs])
    return Ends(solved=np.concatenate([each.solved for each in runs]), loss=losses)


def _zeros(runs: Sequence[Runs | Ends]) -> Rate:
    losses = np.concatenate([each.loss for each in runs])
    return rate(int((losses == 0).sum()), len(losses))


if __name__ == "__main__":
    main()
