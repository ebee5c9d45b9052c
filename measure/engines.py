"""The assignment's cells trained by PyTorch and in float64: what was kept, compared with today's runs."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any, cast

from measure.blocks import ROOT, machine, table
from measure.xor_studies import Studies, carry_out, networks
from trainlab.draw import counted, join
from trainlab.execution import Progress
from trainlab.stats import SIGNIFICANCE
from trainlab.studies import StudyResult, study
from trainlab.studies.verdicts.robustness import as_asked, sides_words

# The assignment's cells trained by PyTorch: kept results, compared with today's runs.


__all__ = ["BLOCKS", "carry_out"]

FIDELITY, SIDES = "measure/fidelity.json", "measure/sides.json"


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


# The verdicts of a study asked again of its cells trained in float64, and by PyTorch.
#
# All 96 cells of examples/xor44.toml on 1,000 seeds, in float64 and in PyTorch, stacks of 512 networks: some
# twenty minutes on a core. Finished runs are kept, so it can be stopped and run again.
# ``--docs`` writes measure/sides.json, which docs/assignment.md reports (`retrained`).


STUDY = "xor44"
SEEDS = 1000
RUNS = 24
"""How many runs a plain PyTorch loop trains as well, one by one: ten seconds for a long one."""
KEPT = Path(__file__).with_name("sides.json")


def main() -> None:
    """Train what is missing, and print how each verdict comes out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS, help="of each cell by PyTorch")
    parser.add_argument("--store", default=".trainlab", help="the folder that keeps finished runs")
    parser.add_argument("--docs", action="store_true", help="write measure/sides.json")
    options = parser.parse_args()

    def note(progress: Progress) -> None:
        runs = f"{progress.runs_done:,} of {progress.runs_total:,} runs"
        print(f"\r{runs}, {progress.seconds_left} s left ", end="", file=sys.stderr)

    plain = study(STUDY, store=options.store, on_progress=note)
    asked = study(STUDY, sides=options.seeds, fidelity=RUNS, store=options.store, on_progress=note)
    for verdict in asked.verdicts:
        print(f"{verdict.statement} {verdict.outcome}. {sides_words(verdict)}")
    print(*(each.sentence for each in asked.retrained), sep="\n")
    if options.docs:
        KEPT.write_text(
            json.dumps(compared(plain, asked), indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )


def compared(plain: StudyResult, asked: StudyResult) -> dict[str, Any]:
    """Return how each verdict fares without these sides, and on each of them, as plain data."""
    words = [each.words for each in asked.retrained]
    outcomes = {verdict.statement: as_asked(verdict) for verdict in plain.verdicts}
    return {
        "machine": machine(),
        "seeds": plain.how.seeds,
        "ways": [each.to_dict() for each in asked.retrained],
        "loop": None if asked.fidelity is None else asked.fidelity.to_dict(),
        "verdicts": [
            {
                "statement": verdict.statement,
                "outcome": outcomes[verdict.statement],
                "sides": {
                    side.words: {"outcome": side.outcome, "turns": side.turns}
                    for side in verdict.sides
                    if side.words in words
                },
            }
            for verdict in asked.verdicts
            if any(side.words in words for side in verdict.sides)
        ],
    }


if __name__ == "__main__":
    main()
