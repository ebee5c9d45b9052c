"""The longest chain of instructions of which each waits for the one before, through registers and memory.

Every instruction is taken to start as soon as its operands are there: no pipe is ever busy, no branch is
guessed wrong. What then still takes time from one epoch to the next is the latency that nothing can hide
within one tile.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from measure.instruction_trace import Modelled

# One instruction in AT&T syntax: its operands, and which part of the core it keeps busy.


_OPERAND = re.compile(r"(?:[^,(]|\([^)]*\))+")
_VECTOR = re.compile(r"%(?:[xyz]mm|k)\d")
_FULL = re.compile(r"%[yz]mm\d")
_MOVES = ("vmov", "vbroadcast", "vpbroadcast")
_FUSES = ("cmp", "test", "and", "add", "sub", "inc", "dec")
_ELEMENT = re.compile(r"^v(?:p?broadcast(?:ss|sd|d|q)|\w+s[sd])$")


@dataclass(frozen=True, slots=True)
class Instruction:
    """An instruction: its name and operands, the one that it writes last."""

    name: str
    operands: tuple[str, ...]

    @property
    def on_vectors(self) -> bool:
        """Whether it has to do with a vector or a mask."""
        return any(_VECTOR.search(operand) for operand in self.operands)

    @property
    def memory(self) -> str | None:
        """The operand in memory, if there is one; `lea` and `nop` only look as if they had one."""
        if self.name.startswith(("lea", "nop")):
            return None
        return next((operand for operand in self.operands if "(" in operand), None)

    @property
    def whole_vector(self) -> bool:
        """Whether it reads or writes a whole vector of memory, not one number."""
        full = any(_FULL.search(operand) for operand in self.operands)
        return (
            full and _ELEMENT.match(self.name) is None and not any("{1to" in each for each in self.operands)
        )

    @property
    def calculates(self) -> bool:
        """Whether it needs a vector pipe: moves from, to or without memory don't, nor what only clears."""
        if not self.on_vectors or self.clears:
            return False
        moves = self.name.startswith(_MOVES)
        between = self.name.startswith("vmov") and not any("{" in each for each in self.operands)
        return not (moves and (self.memory is not None or between))

    @property
    def clears(self) -> bool:
        """Whether it is a way to write 0, which no pipe has to do with."""
        return self.name.startswith(("xor", "vpxor", "vxorp")) and len(set(self.operands)) == 1

    @property
    def is_branch(self) -> bool:
        """Whether it jumps on a condition."""
        return self.name.startswith("j") and self.name != "jmp"

    @property
    def fuses_with_branch(self) -> bool:
        """Whether a branch after it takes no slot of its own."""
        return self.name.startswith(_FUSES)


@cache
def parsed(text: str) -> Instruction:
    """Return an instruction from its text; a mask like ``{%k1}`` stays with its operand."""
    name, _, rest = text.partition(" ")
    return Instruction(name, tuple(operand.strip() for operand in _OPERAND.findall(rest)))


PASSES = 3
CELL = 4
"""Bytes that memory is followed by."""
VECTOR_LOAD, SCALAR_LOAD = 7, 5
"""Cycles of a latency in the tables that are the load's, where an instruction reads memory and calculates."""

_REGISTER = re.compile(r"%(\w+)")
_MEMORY = re.compile(r"(?:%\w+:)?(-?(?:0x[0-9a-f]+|\d+))?\(([^)]*)\)")
_FAMILIES = {
    "a": "rax",
    "b": "rbx",
    "c": "rcx",
    "d": "rdx",
    "si": "rsi",
    "di": "rdi",
    "sp": "rsp",
    "bp": "rbp",
}
_WRITES_ONLY = re.compile(r"(mov|lea|set|pop|v(?!f[n]?m|perm[it]2|pternlog))")
_READS_ONLY = re.compile(r"(cmp|test|j|nop|push|call|ret)")
_BYTES = {"x": 16, "y": 32, "z": 64}


@dataclass(slots=True)
class _Times:
    """When each register and cell of memory is there, in cycles, and the last of all results."""

    registers: dict[str, float] = field(default_factory=dict[str, float])
    cells: dict[int, float] = field(default_factory=dict[int, float])
    last: float = 0.0

    def of(self, names: Sequence[str]) -> float:
        return max((self.registers.get(name, 0.0) for name in names), default=0.0)


def chain_cycles(
    instructions: Sequence[Instruction],
    modelled: Sequence[Modelled],
    registers: Sequence[Mapping[str, int]],
    *,
    forward: float,
) -> float:
    """Return the cycles that the chain takes each time the instructions are run again.

    `registers` are those before each instruction, for its place in memory; `forward` is the cycles from a
    number's being there to its being stored and loaded again.
    """
    times = _Times()
    ends: list[float] = []
    for _ in range(PASSES):
        for each, model, before in zip(instructions, modelled, registers, strict=True):
            _advance(times, each, model, before, forward)
        ends.append(times.last)
    return ends[-1] - ends[-2]


def _advance(
    times: _Times, each: Instruction, model: Modelled, before: Mapping[str, int], forward: float
) -> None:
    memory = each.memory
    ready = 0.0 if each.clears else times.of(sources(each))
    done = ready + model.latency
    if memory is not None:
        place = address_of(memory, before)
        cells = range(place // CELL, (place + size_of(each) - 1) // CELL + 1)
        if model.loads:
            load = _load_cycles(each, model)
            stored = max((times.cells[cell] + forward for cell in cells if cell in times.cells), default=0.0)
            done = max(ready, times.of(names_in(memory)) + load, stored) + model.latency - load
        if model.stores:
            # What is stored is there when it has been calculated; the way through memory is in `forward`.
            times.cells |= dict.fromkeys(cells, done if model.loads else ready)
    for name in written(each):
        times.registers[name] = done
    times.last = max(times.last, done)


def _load_cycles(each: Instruction, model: Modelled) -> int:
    """Return how much of an instruction's latency is that of its load."""
    if not each.calculates and each.name.startswith(("v", "mov")):
        return model.latency
    return min(model.latency, VECTOR_LOAD if each.on_vectors else SCALAR_LOAD)


@cache
def sources(each: Instruction) -> list[str]:
    """Return the registers that are read, but for those of a place in memory."""
    if not each.operands:
        return []
    *first, last = each.operands
    masked = "{" in last and "{z}" not in last
    kept = _READS_ONLY.match(each.name) or not _WRITES_ONLY.match(each.name) or masked
    found = [name for operand in first if "(" not in operand for name in names_in(operand)]
    return [*found, *(names_in(last) if kept and "(" not in last else re.findall(r"\{%(k\d)\}", last))]


@cache
def written(each: Instruction) -> list[str]:
    """Return the register that is written."""
    if not each.operands or _READS_ONLY.match(each.name) or "(" in each.operands[-1]:
        return []
    return names_in(each.operands[-1])[:1]


@cache
def names_in(operand: str) -> list[str]:
    """Return the registers an operand names, each by one name whatever part of it is meant."""
    return [whole_register(name) for name in _REGISTER.findall(operand)]


def whole_register(name: str) -> str:
    """Return rax for eax, ax and al; v5 for xmm5, ymm5 and zmm5; r9 for r9d."""
    if name[1:3] == "mm":
        return f"v{name[3:]}"
    if re.match(r"r\d", name):
        return name.rstrip("dwb")
    bare = name.removeprefix("r").removeprefix("e")
    return _FAMILIES.get(bare) or _FAMILIES.get(bare.rstrip("xhl")) or name


@cache
def size_of(each: Instruction) -> int:
    """Return how many bytes of memory an instruction reads or writes."""
    if each.whole_vector:
        return next(
            _BYTES[found] for operand in each.operands for found in re.findall(r"%([xyz])mm", operand)
        )
    if each.on_vectors and each.name.endswith("ps"):
        return 4 if "{1to" in "".join(each.operands) else 16
    return 4 if each.name.endswith(("ss", "l", "castd")) else 8


def address_of(operand: str, registers: Mapping[str, int]) -> int:
    """Return the address that an operand in memory means."""
    found = _MEMORY.search(operand)
    if found is None:
        raise ValueError(f"{operand!r}: not a place in memory")
    offset, inside = found.groups()
    base, index, scale = (*(part.strip() for part in inside.split(",")), "", "")[:3]
    place = int(offset or "0", 0)
    place += registers[base[1:]] if base else 0
    place += registers[index[1:]] * int(scale or "1") if index else 0
    return place & (2**64 - 1)
