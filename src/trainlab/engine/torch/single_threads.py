"""Threads that compute with one thread each inside torch, whatever the rest of the process does."""

from __future__ import annotations

import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

_lock = threading.Lock()
_users = 0
_before = 1


@contextmanager
def single_threads(count: int) -> Generator[ThreadPoolExecutor]:
    """Give a pool of `count` threads in which torch doesn't split its work: split sums round differently.

    torch keeps the number for each thread, but threads that it hasn't met yet take the one set last; so the
    last user to leave sets it back.
    """
    import torch

    global _users, _before
    set_threads: Any = torch.set_num_threads
    with _lock:
        _before = torch.get_num_threads() if _users == 0 else _before
        _users += 1
    try:
        with ThreadPoolExecutor(count, initializer=set_threads, initargs=(1,)) as pool:
            yield pool
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                set_threads(_before)
