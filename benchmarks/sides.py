"""The verdicts of a study asked again of its cells trained in float64, and by PyTorch.

All 96 cells of examples/xor44.toml on 1,000 seeds, in float64 and in PyTorch, stacks of 512 networks: some
twenty minutes on a core. Finished runs are kept, so it can be stopped and run again.
``--docs`` writes docs/sides.json, which docs/assignment.md reports (`docs.engines.retrained`).

python -m benchmarks.sides
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.machine import machine
from trainlab.execution import Progress
from trainlab.studies import StudyResult, study
from trainlab.studies.verdicts.robustness_words import as_asked, sides_words

STUDY = "xor44"
SEEDS = 1000
RUNS = 24
"""How many runs a plain PyTorch loop trains as well, one by one: ten seconds for a long one."""
KEPT = Path(__file__).parents[1] / "docs" / "sides.json"


def main() -> None:
    """Train what is missing, and print how each verdict comes out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS, help="of each cell by PyTorch")
    parser.add_argument("--store", default=".trainlab", help="the folder that keeps finished runs")
    parser.add_argument("--docs", action="store_true", help="write docs/sides.json")
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
