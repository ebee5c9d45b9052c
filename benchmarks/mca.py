"""llvm-mca: how a processor that LLVM has tables of would run some instructions.

Its tables of Intel's Ice Lake server are taken: the latest that version 14 has with two 512-bit pipes, and
the same ports as the server cores after it. It takes instructions as they come: no jump is followed, nothing
waits for what was stored before.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

TOOLS = ("llvm-mca", "llvm-objdump", "llvm-objcopy")
PROCESSOR = "icelake-server"
ITERATIONS = 3

_PLAIN_LOAD = re.compile(r"^(v(?:mov[au]ps|movdq[au]64|p?broadcast\w+) [^%,]*\([^)]*\), %)zmm(\d+)$")


@dataclass(frozen=True, kw_only=True, slots=True)
class Modelled:
    """What the tables say of one instruction: micro-operations (loads and stores too), latency in cycles."""

    micro_operations: int
    latency: int
    loads: bool
    stores: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Simulation:
    """Instructions in a row, run again and again: cycles each time, and each instruction by the tables."""

    processor: str
    cycles: float
    instructions: list[Modelled]


def missing_tools() -> list[str]:
    """Return LLVM's tools that are not installed."""
    return [name for name in TOOLS if shutil.which(name) is None]


def run_tool(name: str, *arguments: str, given: str | None = None) -> str:
    """Run one of LLVM's tools, and return what it prints; what it warns of is left out."""
    done = subprocess.run([name, *arguments], input=given, capture_output=True, text=True, check=True)
    return done.stdout


def simulate(instructions: Sequence[str]) -> Simulation:
    """Return how llvm-mca runs the instructions, in AT&T syntax."""
    given = "\n".join(as_modelled(text) for text in instructions)
    options = ("-mtriple=x86_64", f"-mcpu={PROCESSOR}", f"-iterations={ITERATIONS}", "--json")
    return simulation_of(run_tool("llvm-mca", *options, given=given))


def as_modelled(text: str) -> str:
    """Return a load of 512 bits as one of 256, a call or return as a jump, others as they are.

    The tables book 512-bit loads on the arithmetic pipes as well, which processors don't, and say of calls
    that they take 100 cycles.
    """
    if text.startswith(("call", "ret")):
        return "jmp *%rax"
    return _PLAIN_LOAD.sub(r"\1ymm\2", text)


def simulation_of(printed: str) -> Simulation:
    """Read llvm-mca's JSON."""
    found: dict[str, Any] = json.loads(printed)
    (region,) = found["CodeRegions"]
    summary = region["SummaryView"]
    return Simulation(
        processor=found["TargetInfo"]["CPUName"],
        cycles=summary["TotalCycles"] / summary["Iterations"],
        instructions=[
            Modelled(
                micro_operations=each["NumMicroOpcodes"],
                latency=each["Latency"],
                loads=each["mayLoad"],
                stores=each["mayStore"],
            )
            for each in region["InstructionInfoView"]["InstructionList"]
        ],
    )
