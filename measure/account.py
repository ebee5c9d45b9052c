"""Prints what binds the kernel: the account of eight cases by parts of a core, beside the time they take.

For 2-5-4-1 and the nine-layer network, on single examples and on the full batch, by SGD and by Adam: how
long each part of one core needs for the instructions of a network-step, which of them binds, and how far the
time measured is from that. LLVM's tools read the instructions; without them only the mathematics is
accounted for.

    scripts/measure account
"""

from __future__ import annotations

import argparse
import platform
from collections.abc import Sequence
from dataclasses import dataclass, fields
from os import getloadavg
from pathlib import Path
from typing import Any

from measure.benchmarks_page import figure
from measure.blocks import machine, table
from measure.instruction_trace import PROCESSOR, REGISTERS, Modelled, Trace, missing_tools, simulate, trace_of
from measure.latency_chain import Instruction, chain_cycles, parsed
from measure.limit import Limit, Peaks, limit, measure_peaks, workloads
from measure.port_peaks import PortPeaks, has_vectors, measure_port_peaks
from measure.timed_work import TRAINLAB, in_turns, trainlab_job
from trainlab.spec import Experiment

# The account of a network-step by parts of a core: how long each needs for the instructions that really run.
#
# They are counted by the part that they keep busy; what one takes there is measured (`port_peaks.py`). The
# parts work side by side, so the one that needs longest is the bound: no order of them is faster.


PARTS = ("pipes", "loads", "stores", "divider", "front end", "chain")


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """How often each part of the core is used; `pipes` and `slots` are micro-operations."""

    pipes: int
    divisions: int
    square_roots: int
    vector_loads: int
    scalar_loads: int
    vector_stores: int
    scalar_stores: int
    slots: int


def counted(instructions: Sequence[Instruction], modelled: Sequence[Modelled]) -> Counts:
    """Count what instructions in a row use."""
    pipes = slots = divisions = roots = 0
    loads, stores = [0, 0], [0, 0]
    before: Instruction | None = None
    for each, model in zip(instructions, modelled, strict=True):
        work = max(1, model.micro_operations - model.loads) if each.calculates else 0
        pipes += work
        divisions += each.name.startswith("vdivp")
        roots += each.name.startswith("vsqrtp")
        if model.loads:
            loads[each.whole_vector] += 1
        if model.stores:
            stores[each.whole_vector] += 1
        fused = each.is_branch and before is not None and before.fuses_with_branch
        slots += 0 if fused else max(1, work)
        before = each
    return Counts(
        pipes=pipes,
        divisions=divisions,
        square_roots=roots,
        vector_loads=loads[True],
        scalar_loads=loads[False],
        vector_stores=stores[True],
        scalar_stores=stores[False],
        slots=slots,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """Nanoseconds of a network-step by part of the core, and all parts simulated `together`.

    The parts: `pipes` of vector arithmetic, `loads`, `stores`, the `divider`, the `front end` that hands
    instructions out, and the `chain` of those that wait for each other; None where it isn't known.
    """

    parts: dict[str, float | None]
    together: float | None

    @property
    def binds(self) -> str:
        """The part that needs longest."""
        return max(self.parts, key=lambda name: self.parts[name] or 0.0)

    @property
    def bound(self) -> float:
        """The nanoseconds that it needs."""
        return self.parts[self.binds] or 0.0


def account_of(trace: Trace, peaks: PortPeaks) -> Account:
    """Return the account of the instructions of a trace."""
    simulation = simulate(trace.text)
    instructions = [parsed(text) for text in trace.text]
    chain = chain_cycles(
        instructions,
        simulation.instructions,
        [dict(zip(REGISTERS, each, strict=True)) for each in trace.registers],
        forward=peaks.cycles("forward_latency"),
    )
    times = needed(counted(instructions, simulation.instructions), peaks)
    share = 1 / (trace.networks * trace.steps)
    return Account(
        parts={name: ns * share for name, ns in (times | {"chain": chain * peaks.clock}).items()},
        together=simulation.cycles * peaks.clock * share,
    )


def account_of_limit(floor: Limit) -> Account:
    """Return what is known without the compiled code: arithmetic and divisions of the mathematics alone."""
    unknown = dict.fromkeys(("loads", "stores", "front end", "chain"))
    parts: dict[str, float | None] = {"pipes": floor.ns, "divider": floor.divider_ns, **unknown}
    return Account(parts={name: parts[name] for name in PARTS}, together=None)


def needed(counts: Counts, peaks: PortPeaks) -> dict[str, float]:
    """Return the nanoseconds that each part needs, all but the chain."""
    return {
        "pipes": counts.pipes * peaks.multiply_add,
        "loads": counts.vector_loads * peaks.vector_load + counts.scalar_loads * peaks.scalar_load,
        "stores": counts.vector_stores * peaks.vector_store + counts.scalar_stores * peaks.scalar_store,
        "divider": counts.divisions * peaks.division + counts.square_roots * peaks.square_root,
        "front end": counts.slots * peaks.slot,
    }


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
        parser.error("the account is of x86-64 with AVX2 or AVX-512; here, see scripts/measure limit")
    works = [work for work in workloads() if work[0] in NETWORKS]
    traces, why_not = read_instructions([experiment for *_, experiment in works])
    if why_not and options.docs:
        parser.error(f"--docs needs the instructions: {why_not}")
    cases, ports = measured(works, traces)
    show(cases, ports, why_not)
    if options.docs:
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


# docs/account.md: what binds the kernel, written with what `scripts/measure account` measured.


DOCS = Path(__file__).parents[1] / "docs"
INTRODUCTION = f"""# What binds the kernel

Made by `scripts/measure account --docs` from what it measured; don't edit by hand.

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
        parts.append(f"## {network}\n\n{table(HEADERS, [case.row for case in here], figures=True)}\n")
        parts.append("".join(f"- {case.sentence}\n" for case in here))
    return "\n".join(parts)


def _about() -> str:
    about = machine()
    versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    return (
        f"{about['processor']} (family and model {about['family']}), {versions}; {about['date']}. "
        f"Load average {getloadavg()[0]:.0f}."
    )


if __name__ == "__main__":
    main()
