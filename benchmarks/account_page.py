"""docs/account.md: what binds the kernel, written with what `scripts/bench --account` measured."""

from __future__ import annotations

from collections.abc import Sequence
from os import getloadavg
from pathlib import Path

from benchmarks.account_table import HEADERS, VECTORS, Case
from benchmarks.machine import machine
from benchmarks.mca import PROCESSOR
from benchmarks.port_peaks import PortPeaks

DOCS = Path(__file__).parents[1] / "docs"
INTRODUCTION = f"""# What binds the kernel

Made by `scripts/bench --account --docs` from what it measured; don't edit by hand.

The [limit](benchmarks.md) counts what the mathematics of a network-step needs. The account counts the
instructions that really run. A tile of networks is taken through an epoch one instruction at a time; each
instruction is counted by the part of the core that it keeps busy; and what one takes there is measured by a
loop that holds nothing else. The parts work side by side, so the one that needs longest **binds**: no order
of these instructions takes less, whatever else is improved. All figures are nanoseconds a network-step, on
one thread.

- **pipes**: vector arithmetic, at the measured rate of multiply-adds.
- **loads**, **stores**: whole vectors and single numbers, each at its own rate.
- **divider**: divisions and square roots, of which only one can be under way. They are exact, as the results
  have to be the same on every processor.
- **front end**: what hands out instructions, a few in each cycle.
- **chain**: the longest chain in which each instruction waits for the one before, through registers and
  memory, from one step to the next. A tile's networks share it, so it costs each of them little.
- **together**: llvm-mca's simulation of all of these at once, by its tables of {PROCESSOR}: other latencies
  than this processor's, no wrong guesses at branches, no waiting for stores.
- **measured**: trainlab, all included, the best of several rounds; then times the bound, and times the limit.

Aimed at are 1.5 times the limit on single examples, and 1.2 times on full batches. A bound can be below the
limit: that adds up multiply-adds and activations, but while an activation waits for its own division, the
pipes are free for other multiply-adds.
"""


def write_page(cases: Sequence[Case], ports: PortPeaks, docs: Path = DOCS) -> None:
    """Write the page."""
    (docs / "account.md").write_text(page(cases, ports, _about()), encoding="utf-8")


def page(cases: Sequence[Case], ports: PortPeaks, about: str) -> str:
    """Return the page; `about` is the machine, in words."""
    parts = [INTRODUCTION, f"## The machine\n\n{about}\n\n{VECTORS[ports.vector]}, {ports}.\n"]
    for network in dict.fromkeys(case.network for case in cases):
        here = [case for case in cases if case.network == network]
        parts.append(f"## {network}\n\n{_table([case.row for case in here])}")
        parts.append("".join(f"- {case.sentence}\n" for case in here))
    return "\n".join(parts)


def _about() -> str:
    about = machine()
    versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    return (
        f"{about['processor']} (family and model {about['family']}), {versions}; {about['date']}. "
        f"Load average {getloadavg()[0]:.0f}."
    )


def _table(rows: Sequence[Sequence[str]]) -> str:
    lines = [HEADERS, ("---", *["---:"] * (len(HEADERS) - 1)), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
