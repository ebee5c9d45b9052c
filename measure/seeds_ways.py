"""`trainlab seeds` on six scripts: which way it takes, how much faster, and whether both ways agree.

``scripts/measure seeds_ways --lifted 400 --again 60``; prints a table in Markdown.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

from scipy import stats

from trainlab.diagnosis.seeds.populate import populate
from trainlab.diagnosis.seeds.question import Question
from trainlab.execution import default_workers

SCRIPTS = Path(__file__).parent / "training_scripts"
NAMES = (
    "xor_44_parameters",
    "digits_with_loader",
    "curve_with_adam",
    "sums_with_lstm",
    "digits_with_cnn",
    "squares_of_tensors",
)
FEW = 4
"""How many seeds warm the kernel up, and show the way of a script that isn't lifted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """One script, both ways."""

    name: str
    why: str
    lifted: dict[str, Any] | None
    again: dict[str, Any]

    def row(self) -> list[str]:
        """Return the row of the table."""
        again = self.again
        each = again["how"]["seconds"] / max(1, len(again["runs"]))
        if self.lifted is None:
            return [self.name, f"run again: {self.why}", "", f"{each:.2f} s", "", "", "", ""]
        quick = self.lifted["how"]["seconds"] / len(self.lifted["runs"])
        ours, theirs = (_values(data) for data in (self.lifted, again))
        same = stats.ks_2samp(ours, theirs).pvalue
        table = [[k, n - k] for k, n in map(_rate, (self.lifted, again))]
        return [
            self.name,
            f"lifted, {self.lifted['way']['checks']['largest_relative_difference']:.1e}",
            f"{1000 * quick:.2f} ms",
            f"{each:.2f} s",
            f"{each / quick:,.0f} ×",
            *(f"{k} of {n}" for k, n in map(_rate, (self.lifted, again))),
            f"{stats.fisher_exact(table).pvalue:.2f} / {same:.2f}",
        ]


def compare(name: str, *, lifted: int, again: int) -> Compared:
    """Run a script both ways, if it can be lifted."""
    script = str(SCRIPTS / f"{name}.py")
    first = _population(Question(script=script, count=FEW, workers=default_workers()))
    is_lifted = first["way"]["name"] == "lifted"
    quick = None
    for _ in range(2 if is_lifted else 0):
        # The second time nothing is compiled.
        quick = _population(Question(script=script, count=lifted, workers=default_workers()))
    slow = first
    if is_lifted:
        slow = _population(Question(script=script, count=again, workers=default_workers(), lift=False))
    return Compared(name=name, why=first["way"]["why"], lifted=quick, again=slow)


def _population(question: Question) -> dict[str, Any]:
    population = populate(question, stop=Event(), on_progress=lambda done, total, left: None)
    assert population is not None
    return population.to_dict()


def _values(data: dict[str, Any]) -> list[float]:
    return [run["last_loss"] for run in data["runs"] if run["last_loss"] is not None]


def _rate(data: dict[str, Any]) -> tuple[int, int]:
    rate = data["success"]["rate"]
    return rate["k"], rate["n"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lifted", type=int, default=400)
    parser.add_argument("--again", type=int, default=60)
    parser.add_argument("names", nargs="*", default=NAMES)
    asked = parser.parse_args()
    headers = [
        *("script", "way, largest relative difference", "a run, lifted", "a run, again", "ratio"),
        *("succeed, lifted", "succeed, again", "p: rates / last losses"),
    ]
    for line in (headers, ["---"] * len(headers)):
        print(f"| {' | '.join(line)} |", flush=True)
    for name in asked.names:
        row = compare(name, lifted=asked.lifted, again=asked.again).row()
        print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
