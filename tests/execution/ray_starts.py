"""Starting Ray in tests: it gives a node thirty seconds, too few on a busy machine at times."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
TRIES = 4
LATE = re.compile("timed out during startup|while waiting for node to startup|waiting for node info")


def was_late(said: str) -> bool:
    """Whether these are Ray's words for its own processes that weren't there in time."""
    return LATE.search(said) is not None


def patiently(start: Callable[[], T]) -> T:
    """Start, again if Ray gave up waiting for its own processes."""
    for _ in range(TRIES - 1):
        try:
            return start()
        except Exception as error:
            if not was_late(str(error)):
                raise
    return start()
