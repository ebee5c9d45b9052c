"""docs/fidelity.md, made of docs/fidelity.json: how often each engine's runs are solved, cell by cell.

python -m benchmarks.rates_page
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from trainlab.draw import counted
from trainlab.stats import rate

DOCS = Path(__file__).parents[1] / "docs"
INTRODUCTION = """# Does the fast engine train like PyTorch?

Made by `python -m benchmarks.rates --docs` from what it measured ([the numbers](fidelity.json)).

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


def write(engine: str, found: dict[str, Any], docs: Path = DOCS) -> None:
    """Keep what was found beside what the other engine's comparison left, and write the page."""
    path = docs / "fidelity.json"
    kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    kept[engine] = found
    path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (docs / "fidelity.md").write_text(page(kept), encoding="utf-8")


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
    lines = [HEADS, ("---", *["---:"] * (len(HEADS) - 1))]
    lines += [
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
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    (DOCS / "fidelity.md").write_text(
        page(json.loads((DOCS / "fidelity.json").read_text(encoding="utf-8"))), encoding="utf-8"
    )
