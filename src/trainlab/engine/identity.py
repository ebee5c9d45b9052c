"""Which code computed a run: a digest of an engine's sources, so that an older build never answers for it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_HERE = Path(__file__).parent
_FAST = ("coefficients.py", "fast.py", "job.py", "needs.py", "plans.py", "tile_rows.py", "tiles.py")
_SHARED = ("coarse.py", "layout.py", "readings.py", "rng.py", "runs.py")


@cache
def kernel_digest() -> str:
    """Return a digest of the kernel's sources, which names its compiled builds."""
    return _digest([_HERE / "rng.py", *sorted((_HERE / "kernel").glob("*.py"))])


@cache
def stored_name(engine: str) -> str:
    """Return the name under which the store keeps an engine's runs, as ``fast@1a2b3c4d``.

    It holds a digest of the sources that compute them, and for those that use it PyTorch's version.
    Neither numba nor torch is imported. An engine that isn't one of trainlab's keeps its own name.
    """
    if engine.partition("-")[0] == "fast":
        sources = [_HERE / name for name in _FAST]
        digest = _digest([*sources, *_shared(), *sorted((_HERE / "kernel").glob("*.py"))])
    elif engine.partition("-")[0] == "reference":
        digest = _digest([*sorted((_HERE / "reference").glob("*.py")), *_shared()], _torch_version())
    elif engine.partition("-")[0] == "torch":
        sources = [_HERE / "work.py", _HERE / "reference" / "optimizers.py"]
        digest = _digest([*sources, *sorted((_HERE / "torch").glob("*.py")), *_shared()], _torch_version())
    else:
        return engine
    return f"{engine}@{digest[:8]}"


def _shared() -> list[Path]:
    """Return what every engine computes with: this room's shared files, the formulas, and the examples."""
    rooms = [sorted((_HERE.parent / room).glob("*.py")) for room in ("maths", "tasks")]
    return [*(_HERE / name for name in _SHARED), *rooms[0], *rooms[1]]


def _digest(files: Iterable[Path], more: str = "") -> str:
    digest = hashlib.sha256(more.encode())
    for path in files:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _torch_version() -> str:
    try:
        return version("torch")
    except PackageNotFoundError:
        return ""
