"""The account of a network-step by parts of a core: how long each needs for the instructions that really run.

They are counted by the part that they keep busy; what one takes there is measured (`port_peaks.py`). The
parts work side by side, so the one that needs longest is the bound: no order of these instructions is faster.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.instruction_trace import REGISTERS, Trace
from benchmarks.instructions import Instruction, parsed
from benchmarks.latency_chain import chain_cycles
from benchmarks.limit import Limit
from benchmarks.mca import Modelled, simulate
from benchmarks.port_peaks import PortPeaks

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
