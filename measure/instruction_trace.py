"""The instructions that the kernel runs in one epoch of one tile, in order, with the registers before each.

A child process trains a tile; this process halts it where the third epoch's steps begin, and from there to
where the fourth's begin takes it forward one instruction at a time (ptrace). So nothing is estimated: loops
have been run through as often as the network's sizes say, and what happens between two epochs is there, too.
The instructions are read from memory and put into words by llvm-objdump. x86-64 Linux only.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainlab.engine.fast.job import prepare
from trainlab.engine.fast.tiles import train_tiles
from trainlab.spec import Experiment

# llvm-mca: how a processor that LLVM has tables of would run some instructions.
#
# Its tables of Intel's Ice Lake server are taken: the latest that version 14 has with two 512-bit pipes, and
# the same ports as the server cores after it. It takes instructions as they come: no jump is followed, none
# waits for what was stored before.


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


LONGEST = 15
"""Bytes of the longest instruction."""
PAGE = 4096
BREAKPOINT = 0xCC
"""int3, which halts a process one byte further."""
EPOCHS_BEFORE = 2
TRACE_ME, PEEK, POKE, CONTINUE, STEP, GET_REGISTERS, SET_REGISTERS = 0, 1, 4, 7, 9, 12, 13
REGISTERS = (
    *("r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8", "rax", "rcx", "rdx", "rsi", "rdi"),
    *("orig_rax", "rip", "cs", "eflags", "rsp", "ss", "fs_base", "gs_base", "ds", "es", "fs", "gs"),
)
"""The fields of the kernel's user_regs_struct, 8 bytes each."""
RIP = REGISTERS.index("rip")


@dataclass(frozen=True, kw_only=True, slots=True)
class Trace:
    """Instructions in the order in which they ran: `text` in AT&T syntax, `registers` before each.

    They make `steps` optimizer steps of `networks` networks.
    """

    text: list[str]
    registers: list[tuple[int, ...]]
    networks: int
    steps: int


def trace_of(experiment: Experiment, *, population: int) -> Trace:
    """Return one epoch of one tile, of as many networks as the engine puts in one of a population.

    OSError where ptrace isn't allowed.
    """
    job = prepare(
        experiment.at_epochs(EPOCHS_BEFORE + 2),
        marks=(),
        population=population,
        networks=None,
        samples=None,
        dtype="float32",
        checked=False,
    )
    seeds = range(job.lane.networks)

    def train() -> None:
        train_tiles(job, seeds, threads=1)

    # Compiles, so that the child's code lies where it lies here.
    train()
    registers = stepped(train, int(job.record["unit_steps"]))
    return Trace(
        text=disassembled([each[RIP] for each in registers]),
        registers=registers,
        networks=job.lane.networks,
        steps=experiment.steps_per_epoch,
    )


def stepped(work: Callable[[], None], address: int) -> list[tuple[int, ...]]:
    """Return the registers before each instruction from a call of the code at `address` to the next one.

    `work` runs in a child process, which doesn't outlive that.
    """
    child = os.fork()
    if child == 0:
        ptrace(TRACE_ME, 0)
        os.kill(os.getpid(), signal.SIGSTOP)
        work()
        os._exit(0)
    try:
        os.waitpid(child, 0)
        for _ in range(EPOCHS_BEFORE):
            go_to(address, child)
            go(STEP, child)
        found = [tuple(go_to(address, child))]
        while (registers := go(STEP, child))[RIP] != address:
            found.append(tuple(registers))
        return found
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def ptrace(request: int, child: int, address: int = 0, data: int = 0) -> int:
    """Call ptrace; OSError where it fails."""
    library = ctypes.CDLL(None, use_errno=True)
    library.ptrace.restype = ctypes.c_long
    ctypes.set_errno(0)
    arguments = (ctypes.c_void_p(value) for value in (address, data))
    result = library.ptrace(ctypes.c_long(request), ctypes.c_long(child), *arguments)
    if result == -1 and ctypes.get_errno():
        raise OSError(ctypes.get_errno(), f"ptrace: {os.strerror(ctypes.get_errno())}")
    return int(result)


def go_to(address: int, child: int) -> Any:
    """Let the child run until it reaches an address, and return its registers there."""
    code = ptrace(PEEK, child, address)
    ptrace(POKE, child, address, (code & ~0xFF) | BREAKPOINT)
    registers = go(CONTINUE, child)
    ptrace(POKE, child, address, code)
    registers[RIP] = address
    ptrace(SET_REGISTERS, child, 0, ctypes.addressof(registers))
    return registers


def go(request: int, child: int) -> Any:
    """Let the child run to its next halt, and return its registers there."""
    ptrace(request, child)
    _, status = os.waitpid(child, 0)
    if not os.WIFSTOPPED(status) or os.WSTOPSIG(status) != signal.SIGTRAP:
        raise OSError(f"the traced process ended or got a signal: status {status:#x}")
    registers = (ctypes.c_ulonglong * len(REGISTERS))()
    ptrace(GET_REGISTERS, child, 0, ctypes.addressof(registers))
    return registers


def disassembled(addresses: Sequence[int]) -> list[str]:
    """Return the instruction at each address, in AT&T syntax; it is read from this process's memory."""
    found: dict[int, str] = {}
    for first, last in clusters(sorted(set(addresses))):
        code = ctypes.string_at(first, last + LONGEST - first)
        found |= {first + offset: text for offset, text in decoded(code).items()}
    return [found[address] for address in addresses]


def clusters(addresses: Sequence[int]) -> list[tuple[int, int]]:
    """Return the first and last of each run of ascending addresses with no hole that a page fits into."""
    holes = [i for i in range(1, len(addresses)) if addresses[i] - addresses[i - 1] >= PAGE]
    starts, stops = [0, *holes], [*holes, len(addresses)]
    return [(addresses[start], addresses[stop - 1]) for start, stop in zip(starts, stops, strict=True)]


def decoded(code: bytes) -> dict[int, str]:
    """Return the instructions of machine code by their offset in it."""
    with tempfile.TemporaryDirectory() as folder:
        raw, wrapped = Path(folder, "code"), Path(folder, "code.o")
        raw.write_bytes(code)
        run_tool("llvm-objcopy", "-I", "binary", "-O", "elf64-x86-64", str(raw), str(wrapped))
        listing = run_tool("llvm-objdump", "-D", "-j", ".data", "--no-show-raw-insn", str(wrapped))
    # Where a jump goes, and what a number is, are told in <…> and after #.
    lines = re.findall(r"^ *([0-9a-f]+):\s+([^<#\n]+)", listing, flags=re.MULTILINE)
    return {int(offset, 16): " ".join(text.split()) for offset, text in lines}
