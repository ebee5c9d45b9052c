"""Which code computed a run: a digest of what an engine's sources do, so that an older one never answers."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from trainlab.engine.source_digest import source_digest

_HERE = Path(__file__).parent
_FAST = (
    "coefficients.py",
    "custom_compiled.py",
    "fast.py",
    "job.py",
    "needs.py",
    "plans.py",
    "tile_rows.py",
    "tiles.py",
)
_SHARED = ("coarse.py", "custom_loss.py", "layout.py", "readings.py", "rng.py", "runs.py")
_COMPILED_IN = ("activation_functions.py", "gradients.py", "loss_functions.py")
"""Files of maths whose constants the kernel's compiled code holds."""
_TORCH_TOO = ("kernel/philox.py", "reference/losses.py", "reference/optimizers.py", "work.py")
"""Files outside of its own folder that the torch engine computes with."""


@cache
def kernel_digest() -> str:
    """Return a digest of the sources that end up in compiled code, which names its builds on disk.

    It is one of their bytes: numba, too, compiles a file anew after any edit.
    """
    constants = [_HERE.parent / "maths" / name for name in _COMPILED_IN]
    digest = hashlib.sha256()
    for path in (_HERE / "rng.py", *constants, *sorted((_HERE / "kernel").glob("*.py"))):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@cache
def stored_name(engine: str) -> str:
    """Return the name under which the store keeps an engine's runs, as ``fast@1a2b3c4d``.

    It holds a digest of what the sources that compute them do, and for those that use it PyTorch's version.
    Neither numba nor torch is imported. An engine that isn't one of trainlab's keeps its own name.
    """
    if engine.partition("-")[0] == "fast":
        sources = [_HERE / name for name in _FAST]
        digest = source_digest([*sources, *_shared(), *sorted((_HERE / "kernel").glob("*.py"))])
    elif engine.partition("-")[0] == "reference":
        digest = source_digest([*sorted((_HERE / "reference").glob("*.py")), *_shared()], _torch_version())
    elif engine.partition("-")[0] == "torch":
        sources = [_HERE / name for name in _TORCH_TOO]
        digest = source_digest(
            [*sources, *sorted((_HERE / "torch").glob("*.py")), *_shared()], _torch_version()
        )
    else:
        return engine
    return f"{engine}@{digest[:8]}"


def _shared() -> list[Path]:
    """Return what every engine computes with: this room's shared files, formulas, examples and specs.

    Specs say how many steps an epoch has, which layers have a bias, how long a schedule is.
    """
    rooms = [
        path for room in ("maths", "spec", "tasks") for path in sorted((_HERE.parent / room).glob("*.py"))
    ]
    return [*(_HERE / name for name in _SHARED), *rooms]


def _torch_version() -> str:
    try:
        return version("torch")
    except PackageNotFoundError:
        return ""
