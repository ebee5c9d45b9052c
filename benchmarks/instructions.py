"""One instruction in AT&T syntax: its operands, and which part of the core it keeps busy."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

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
