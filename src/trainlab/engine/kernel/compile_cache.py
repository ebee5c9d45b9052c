# pyright: basic
# numba has no types.
"""Compiled functions that are kept on disk, each under the digest of the sources that end up in it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from numba import njit
from numba.core.caching import FunctionCache, IndexDataCacheFile
from numba.core.ccallback import CFunc
from numba.core.sigutils import normalize_signature

from trainlab.engine.identity import kernel_digest


def cached_njit(function: Callable[..., None]) -> Any:
    """Compile a function, and keep it on disk under a name that holds the kernel's digest.

    numba itself compares the function's own file alone: after an edit of a constant or function that is
    compiled into it, the old build would still answer. And what it keeps names the types of the arguments by
    their modules: after an upgrade that moves one, numba couldn't even read it.
    """
    function.__qualname__ = f"{function.__qualname__}-{kernel_digest()}"
    compiled: Any = njit(nogil=True, cache=True, error_model="numpy")(function)
    _keep_by_name(compiled._cache)
    return compiled


def cached_cfunc(function: Callable[..., None], signature: Any, *, kept_on_disk: bool) -> Any:
    """Compile a function that C can call, at once; or load it, if that was done before and `kept_on_disk`."""
    compiled: Any = CFunc(
        function, normalize_signature(signature), locals={}, options={"error_model": "numpy"}
    )
    if kept_on_disk:
        compiled.enable_caching()
        _keep_by_name(compiled._cache)
    compiled.compile()
    return compiled


def _keep_by_name(cache: FunctionCache) -> None:
    cache._cache_file = NamedFiles(
        cache_path=cache._cache_path,
        filename_base=cache._impl.filename_base,
        source_stamp=cache._impl.locator.get_source_stamp(),
    )


class NamedFiles(IndexDataCacheFile):
    """numba's files of a function's builds, each named by what it is a build of.

    numba numbers them. Two processes that compile at the same time read the same index, take the same number,
    and one's build is then loaded for the other's: another optimizer's steps, say, without a word.
    """

    def save(self, key: Any, data: Any) -> None:
        """Write a build, then that it is there; of two processes one may drop the other's line, no more."""
        name = self._name_of(key)
        self._save_data(name, data)
        overloads = self._load_index()
        if overloads.get(key) != name:
            self._save_index({**overloads, key: name})

    def load(self, key: Any) -> Any:
        """Return the build; None if there is none, or one that numba has numbered."""
        return super().load(key) if self._load_index().get(key) == self._name_of(key) else None

    def _name_of(self, key: Any) -> str:
        digest = hashlib.sha256(repr(key).encode()).hexdigest()[:24]
        return self._data_name_pattern.format(number=0).removesuffix("0.nbc") + f"{digest}.nbc"
