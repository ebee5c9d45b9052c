"""A process is taken from one call of some code to the next, one instruction at a time."""

from __future__ import annotations

import ctypes

import pytest

from benchmarks.instruction_trace import EPOCHS_BEFORE, REGISTERS, RIP, stepped


@pytest.mark.process
def test_from_one_call_to_the_next():
    library = ctypes.CDLL(None)
    address = ctypes.cast(library.labs, ctypes.c_void_p).value or 0

    def work() -> None:
        for number in range(EPOCHS_BEFORE + 2):
            library.labs(ctypes.c_long(number))

    found = stepped(work, address)
    assert found[0][RIP] == address
    assert address not in {registers[RIP] for registers in found[1:]}
    # The first argument says which call it was.
    assert found[0][REGISTERS.index("rdi")] == EPOCHS_BEFORE
    assert len(found) > 10
