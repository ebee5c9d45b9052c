"""Starting Ray in tests: it gives a node thirty seconds, too few on a busy machine at times."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pytest

T = TypeVar("T")
TRIES = 4


def was_late(said: str) -> bool:
    """Whether these are Ray's words for its own processes that weren't there in time."""
    return "timed out" in said.lower()


def patiently(start: Callable[[], T]) -> T:
    """Start, again if Ray gave up waiting for its own processes; skip the test if it always does."""
    for _ in range(TRIES):
        try:
            return start()
        except Exception as error:
            if not was_late(str(error)):
                raise
    pytest.skip(f"Ray's processes didn't start within 30 seconds, {TRIES} times: the machine is too busy")
