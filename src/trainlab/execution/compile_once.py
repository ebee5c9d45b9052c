"""The kernel is compiled once a node: what one process compiles for a kind of experiment, others wait for."""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from trainlab.engine import Engine
from trainlab.engine.identity import kernel_digest, processor
from trainlab.execution.plan import Chunk


def compile_once(engine: Engine, chunk: Chunk) -> None:
    """Compile and load what the fast engine needs for a chunk; only one process of a node at a time compiles.

    What is compiled is kept on disk by numba. An empty file, named by the kind of experiment, says that this
    was done here, so that later processes load it side by side. If it is wrong, because numba's files were
    deleted, several may compile the same: that costs seconds and nothing else (`compile_cache.NamedFiles`).
    """
    if not engine.name.startswith("fast"):
        return
    folder = Path(tempfile.gettempdir(), f"trainlab-kernel-{os.getuid()}")
    if not _is_ours(folder):
        return  # The engine compiles as it trains, at worst several processes the same.
    done = folder / _kind(engine, chunk)
    if done.exists():
        return
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            _load(engine, chunk)
            done.touch()


def _is_ours(folder: Path) -> bool:
    """Whether the folder is there, made if need be, and nobody else can put anything into it.

    Its name can be guessed, so somebody else may have made it first, with links to our files in it.
    """
    with suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o022
    return False


def _load(engine: Engine, chunk: Chunk) -> None:
    from trainlab.engine.fast import FastEngine
    from trainlab.engine.fast.job import prepare

    assert isinstance(engine, FastEngine)
    prepare(
        chunk.experiment,
        marks=chunk.marks,
        population=len(chunk.seeds),
        networks=engine.networks,
        samples=engine.samples,
        dtype=engine.dtype,
        checked=engine.checked,
    )


def _kind(engine: Engine, chunk: Chunk) -> str:
    """Return a name for all chunks that need the same of the kernel: alike but for numbers and widths."""
    described: dict[str, Any] = chunk.experiment.to_dict()
    network = chunk.experiment.network
    described["network"] = [*sorted(set(network.activations)), any(network.dropouts)]
    parts = (
        kernel_digest(),
        processor(),
        os.environ.get("NUMBA_CACHE_DIR", ""),
        repr(engine),
        min(len(chunk.seeds), 64),
        _without_numbers(described),
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:24]


def _without_numbers(part: Any) -> Any:
    """Return plain data with the types of numbers in their place."""
    if isinstance(part, dict):
        return {name: _without_numbers(value) for name, value in cast("dict[str, Any]", part).items()}
    if isinstance(part, list | tuple):
        return [_without_numbers(value) for value in cast("list[Any]", part)]
    return type(part).__name__ if isinstance(part, int | float) and not isinstance(part, bool) else part
