"""Whether anybody still waits for an answer: what takes long asks between its parts, and ends if nobody does.

A worker says how that is known; elsewhere, as in lessons and notebooks, every answer is wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar


class GivenUpError(Exception):
    """Nobody waits for this answer any more."""


def _always() -> bool:
    return True


_wanted: ContextVar[Callable[[], bool]] = ContextVar("wanted", default=_always)


@contextmanager
def while_wanted(wanted: Callable[[], bool]) -> Generator[None]:
    """Have `check_wanted` ask `wanted` inside the block."""
    before = _wanted.set(wanted)
    try:
        yield
    finally:
        _wanted.reset(before)


def check_wanted() -> None:
    """Return if somebody still waits for the answer that is being made.

    Raises:
        GivenUpError: nobody does.
    """
    if not _wanted.get()():
        raise GivenUpError
