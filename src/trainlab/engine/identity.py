"""Which code computed a run: a digest of what an engine's sources do, so that older code never answers."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from trainlab.engine.source_digest import source_digest

_HERE = Path(__file__).parent
_FOLDERS = {"fast": ("fast", "kernel"), "reference": ("reference",), "torch": ("torch",)}
"""The folders of each engine's own sources."""
_SHARED = (
    "bfloat16.py",
    "custom_loss.py",
    "evaluation.py",
    "layout.py",
    "rng.py",
    "runs.py",
    "warm_start.py",
)
_COMPILED_IN = ("activation_functions.py", "gradients.py", "loss_functions.py")
"""Files of maths whose constants the kernel's compiled code holds."""
_TORCH_TOO = ("kernel/philox.py", "reference/optimizers.py")
"""Files outside of its own folder that the torch engine computes with."""


@cache
def kernel_digest() -> str:
    """Return a digest of the sources that end up in compiled code, which names its builds on disk.

    Every byte counts: numba, too, compiles a file anew after any edit.
    """
    constants = [_HERE.parent / "maths" / name for name in _COMPILED_IN]
    digest = hashlib.sha256()
    for path in (_HERE / "rng.py", *constants, *_files_of(_HERE / "kernel")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@cache
def processor() -> str:
    """Return the kind of processor, as ``rocketlake-1a2b3c``: runs of the same kind are equal to the bit.

    By LLVM's name for it and a digest of its instructions, for which code is compiled.
    """
    from llvmlite import binding

    there: dict[str, bool] = dict(binding.get_host_cpu_features())
    flags = sorted(name for name in there if there[name])
    return f"{binding.get_host_cpu_name()}-{hashlib.sha256(' '.join(flags).encode()).hexdigest()[:6]}"


@cache
def stored_name(engine: str) -> str:
    """Return the name under which the store keeps an engine's runs, as ``fast@1a2b3c4d``.

    It holds a digest of what the sources that compute them do, and PyTorch's version where that is used.
    Neither numba nor torch is imported. An engine that isn't one of trainlab's keeps its own name.
    """
    kind = engine.partition("-")[0]
    if kind not in _FOLDERS:
        return engine
    sources = [path for folder in _FOLDERS[kind] for path in _files_of(_HERE / folder)]
    if kind == "torch":
        sources += [_HERE / name for name in _TORCH_TOO]
    digest = source_digest([*sources, *_shared()], "" if kind == "fast" else _torch_version())
    return f"{engine}@{digest[:8]}"


def is_current(stored: str) -> bool:
    """Return whether runs that the store keeps under this name are what an engine here would compute."""
    engine, _, digest = stored.partition("@")
    return not digest or stored_name(engine) == stored


def _shared() -> list[Path]:
    """Return what every engine computes with: this room's shared files, formulas, examples and specs.

    Specs say how many steps an epoch has, which layers have a bias, how long a schedule is.
    """
    rooms = [path for room in ("maths", "spec", "tasks") for path in _files_of(_HERE.parent / room)]
    return [*(_HERE / name for name in _SHARED), *rooms]


def _files_of(folder: Path) -> list[Path]:
    """Return the sources in a folder."""
    return sorted(folder.glob("*.py"))


def _torch_version() -> str:
    try:
        return version("torch")
    except PackageNotFoundError:
        return ""
