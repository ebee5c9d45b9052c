"""Prints what binds the kernel: the account of eight cases by parts of a core, beside the time they take.

For 2-5-4-1 and the nine-layer network, on single examples and on the full batch, by SGD and by Adam: how
long each part of one core needs for the instructions of a network-step, which of them binds, and how far the
time measured is from that. LLVM's tools read the instructions; without them only the mathematics is
accounted for.

    scripts/bench --account
"""

from __future__ import annotations

import argparse
import platform
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from benchmarks.account import PARTS, Account, account_of, account_of_limit
from benchmarks.contenders import TRAINLAB, in_turns, trainlab_job
from benchmarks.instruction_trace import Trace, trace_of
from benchmarks.limit import limit
from benchmarks.mca import PROCESSOR, missing_tools
from benchmarks.peaks import Peaks, measure_peaks
from benchmarks.port_peaks import PortPeaks, has_vectors, measure_port_peaks
from benchmarks.results import figure
from benchmarks.workloads import workloads
from trainlab.spec import Experiment

NETWORKS = ("2-5-4-1", "nine-layer")
AIMS = {"single": 1.5, "full": 1.2}
"""How many times the limit is aimed at, by sampling."""
ROUNDS = 8
HEADERS = ("", *PARTS, "binds", "together", "measured", "× bound", "limit", "× limit")
VECTORS = {"zmm": "AVX-512", "ymm": "AVX2, as there is no AVX-512"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One case: what is trained how, its account, its limit and its time; in ns a network-step."""

    network: str
    sampling: str
    optimizer: str
    account: Account
    limit: float
    measured: float

    @property
    def name(self) -> str:
        """What its row is called."""
        return f"{self.sampling}, {self.optimizer}"

    @property
    def sentence(self) -> str:
        """What binds it, and whether that rules out what is aimed at."""
        binds, bound, aim = self.account.binds, self.account.bound, AIMS[self.sampling]
        reach = bound / self.limit
        return (
            f"{self.name}: {binds} bind{'' if binds.endswith('s') else 's'}; the time is "
            f"{self.measured / bound:.2f} × that bound. The bound is {reach:.2f} × the limit, so {aim} × is "
            f"{'out of reach with these instructions' if reach > aim else 'not ruled out'}."
        )

    @property
    def row(self) -> tuple[str, ...]:
        """Its row of the table."""
        account = self.account
        return (
            self.name,
            *(_figure(account.parts[part]) for part in PARTS),
            account.binds,
            _figure(account.together),
            figure(self.measured),
            f"{self.measured / account.bound:.2f}",
            figure(self.limit),
            f"{self.measured / self.limit:.2f}",
        )


def _figure(value: float | None) -> str:
    return "–" if value is None else figure(value)


def main() -> None:
    """Measure, print the tables, and write the page if asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--docs", action="store_true", help="write docs/account.md")
    options = parser.parse_args()
    if not has_vectors("avx2"):
        parser.error("the account is of x86-64 with AVX2 or AVX-512; here, see python -m benchmarks.limit")
    works = [work for work in workloads() if work[0] in NETWORKS]
    traces, why_not = read_instructions([experiment for *_, experiment in works])
    if why_not and options.docs:
        parser.error(f"--docs needs the instructions: {why_not}")
    cases, ports = measured(works, traces)
    show(cases, ports, why_not)
    if options.docs:
        from benchmarks.account_page import write_page

        write_page(cases, ports)


def read_instructions(experiments: Sequence[Experiment]) -> tuple[list[Trace | None], str]:
    """Return the instructions of each experiment; None of each, and why, where they can't be read."""
    nothing: list[Trace | None] = [None] * len(experiments)
    if platform.system() != "Linux":
        return nothing, "that takes Linux"
    if missing := missing_tools():
        return nothing, f"{', '.join(missing)}: not installed (on Debian: apt-get install llvm)"
    try:
        return [trace_of(each, population=TRAINLAB.networks) for each in experiments], ""
    except OSError as error:
        return nothing, str(error)


def measured(
    works: Sequence[tuple[str, str, str, Experiment]], traces: Sequence[Trace | None]
) -> tuple[list[Case], PortPeaks]:
    """Time all works in turns, with the peaks before and after."""
    jobs = [
        trainlab_job(experiment, networks=TRAINLAB.networks, steps=TRAINLAB.steps, threads=1)
        for *_, experiment in works
    ]
    first = measure_peaks(), measure_port_peaks()
    seconds = in_turns(jobs, rounds=ROUNDS)
    peaks, ports = most_of(first[0], measure_peaks()), least_of(first[1], measure_port_peaks())
    cases: list[Case] = []
    for (network, sampling, optimizer, experiment), trace, took in zip(works, traces, seconds, strict=True):
        floor = limit(experiment, peaks)
        cases.append(
            Case(
                network=network,
                sampling=sampling,
                optimizer=optimizer,
                account=account_of_limit(floor) if trace is None else account_of(trace, ports),
                limit=floor.ns,
                measured=took / (TRAINLAB.networks * TRAINLAB.steps) * 1e9,
            )
        )
    return cases, ports


def most_of(first: Peaks, second: Peaks) -> Peaks:
    """Return the greater of each rate."""
    return Peaks(
        **{each.name: max(getattr(first, each.name), getattr(second, each.name)) for each in fields(Peaks)}
    )


def least_of(first: PortPeaks, second: PortPeaks) -> PortPeaks:
    """Return the less of each time."""
    names = [each.name for each in fields(PortPeaks) if each.name != "vector"]
    least: dict[str, Any] = {name: min(getattr(first, name), getattr(second, name)) for name in names}
    return PortPeaks(vector=first.vector, **least)


def show(cases: Sequence[Case], ports: PortPeaks, why_not: str) -> None:
    """Print the peaks, a table for each network, and whose tables the simulation goes by."""
    from rich.console import Console

    from trainlab.draw import terminal_table

    console = Console(width=128)
    console.print(f"{VECTORS[ports.vector]}, {ports}", highlight=False)
    for network in dict.fromkeys(case.network for case in cases):
        here = [case for case in cases if case.network == network]
        rows = [case.row for case in here]
        console.print(terminal_table(HEADERS, rows, title=f"{network}: ns per network-step, 1 thread"))
        if not why_not:
            console.print("\n".join(case.sentence for case in here), highlight=False)
    if why_not:
        console.print(f"The instructions were not read: {why_not}.", highlight=False)
        console.print(
            "So pipes and divider are those of the mathematics alone, and other parts aren't known."
        )
    else:
        console.print(f"together: llvm-mca's simulation by its tables of {PROCESSOR}.", highlight=False)


if __name__ == "__main__":
    main()
