"""The assignment's cells trained by PyTorch: kept results, compared with today's runs."""

from __future__ import annotations

import json
from typing import Any, cast

from docs.blocks import ROOT
from docs.words import table
from docs.xor_studies import Studies, carry_out, networks
from trainlab.draw import counted, join
from trainlab.stats import SIGNIFICANCE
from trainlab.studies.verdicts.robustness_words import as_asked

__all__ = ["BLOCKS", "carry_out"]

FIDELITY, SIDES = "docs/fidelity.json", "docs/sides.json"


def kept(path: str) -> Any:
    """Return the kept results of a long comparison."""
    return json.loads((ROOT / path).read_text(encoding="utf-8"))


def fidelity(studies: Studies) -> str:
    """Each network's first and last cell with both engines, same seeds, and how many of all cells differ."""
    rows = {row["cell"]: row for row in kept(FIDELITY)["torch"]["rows"]}
    ends = {"baseline": "none", "A–E": "+".join(studies.together)}
    shown = [
        (
            f"{network}, {words}",
            f"{row['fast']:,} of {row['seeds']:,}",
            f"{row['other']:,} of {row['seeds']:,}",
            row["words"],
        )
        for network in networks(studies)
        for words, made in ends.items()
        for row in [rows[f"{network}:{made}"]]
    ]
    heads = ("", "solved here", "in PyTorch", "here less PyTorch, same seeds")
    return f"{table(heads, shown)}\n\n{_all_cells(rows)}{_older(studies, rows)}"


def _all_cells(rows: dict[str, Any]) -> str:
    differ = [name for name, row in rows.items() if row["p"] < SIGNIFICANCE]
    largest = max(rows.values(), key=lambda row: abs(row["difference"]))
    here, there, runs = (sum(row[name] for row in rows.values()) for name in ("fast", "other", "seeds"))
    found = f"in {len(differ)} of them ({join(differ)})" if differ else "in none of them"
    return (
        f"All {counted(len(rows), 'cell')} of the two studies were trained this way: {found} is it shown "
        "that PyTorch solves more or fewer (McNemar's test, Holm's correction). In all, "
        f"{here:,} of {runs:,} runs are solved here, {there:,} there; the largest difference is that of "
        f"{largest['cell']}, {largest['words']}."
    )


def _older(studies: Studies, rows: dict[str, Any]) -> str:
    """Say for how many cells the comparison isn't about this page's runs; empty if for none."""
    solved = {
        item.cell.name: item.solved.k for result in (studies.xor44, studies.notebook) for item in result.cells
    }
    other = [name for name, k in solved.items() if name not in rows or rows[name]["fast"] != k]
    return f" **Out of date**: the runs of {counted(len(other), 'cell')} are others today." if other else ""


def retrained(studies: Studies) -> str:
    """How the verdicts come out with cells trained in float64 and by PyTorch, and with a plain loop."""
    found = kept(SIDES)
    today = {verdict.statement: as_asked(verdict) for verdict in studies.xor44.verdicts}
    lines: list[str] = []
    for way in found["ways"]:
        asked = [each for each in found["verdicts"] if way["words"] in each["sides"]]
        lines.append(f"- {_way(way, asked)}")
    if found["loop"]:
        lines.append(f"- {found['loop']['sentence']}")
    other = [
        each["statement"] for each in found["verdicts"] if today.get(each["statement"]) != each["outcome"]
    ]
    if other:
        lines.append(f"- **Out of date**: {counted(len(other), 'verdict')} come out otherwise today.")
    return "\n".join(lines)


def _way(way: dict[str, Any], asked: list[dict[str, Any]]) -> str:
    """Return how many verdicts hold when cells are trained this way, and each that doesn't."""
    sides = [(each, each["sides"][way["words"]]) for each in asked]
    turn = [each for each, side in sides if side["turns"]]
    same = [each for each, side in sides if side["outcome"] == each["outcome"]]
    rest = [(each, side) for each, side in sides if each not in same]
    told = "; ".join(
        f"{each['statement'].removesuffix('.')}: {cast('str', side['outcome'])}, not {each['outcome']}"
        for each, side in rest
    )
    others = f" Otherwise: {told}." if told else ""
    turns = f"{len(turn)} turn{'s' * (len(turn) == 1)} round" if turn else "none turns round"
    come = "comes" if len(same) == 1 else "come"
    comes = f"{len(same)} of {counted(len(asked), 'verdict')} {come} out as here"
    return f"Trained {way['words']}, {comes}; {turns}.{others} {way['sentence']}"


BLOCKS = (fidelity, retrained)
