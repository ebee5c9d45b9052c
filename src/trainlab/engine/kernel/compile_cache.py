"""Compiled functions that are kept on disk, each under the digest of the sources that end up in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit

from trainlab.engine.identity import kernel_digest


def cached_njit(function: Callable[..., None]) -> Any:
    """Compile a function, and keep it on disk under a name that holds the kernel's digest.

    numba itself compares the function's own file alone: after an edit of a constant or function that is
    compiled into it, the old build would still answer. And what it keeps names the types of the arguments by
    their modules: after an upgrade that moves one, numba couldn't even read it.
    """
    function.__qualname__ = f"{function.__qualname__}-{kernel_digest()}"
    return njit(nogil=True, cache=True, error_model="numpy")(function)
