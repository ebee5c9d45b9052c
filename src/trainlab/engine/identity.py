"""Which code computed a run: a digest of what an engine's sources do, so that older code never answers."""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from trainlab.engine.kernel.archive import code_digest
from trainlab.engine.source_digest import syntax_digest, with_more

_HERE = Path(__file__).parent
_FOLDERS = {"fast": ("fast", "kernel"), "reference": ("reference",), "torch": ("torch", "kernel")}
"""The folders of each engine's own sources."""
_SHARED = (
    "custom_loss.py",
    "evaluation.py",
    "layout.py",
    "rng.py",
    "runs.py",
)
_SAME_BITS = {
    "924e8373f0a8b580f26ac37e29ee44d630c6b027e1bd336a9ddcfe6e5739bfa9": (
        "64b6b823be5ba8296ede9d452dc3856e713c60077712a2e44306bae8318c299b"
    ),
    "d8f6cf5c8fe6c5444c17778ff92d3589c140e5649c49e64dbac75d167daf865d": (
        "f5c24753c6e7c1c9564ba45e1fc0b3405f614c8dbdf4bdf6ca98896a26e92d35"
    ),
    "c7662e833d683c9d31a59c27587024f60627e29f246b34fb3385e987e9536dfd": (
        "3fe3d0959622a89ff6cb98ba7e48aac5daa1ee2ce57c41a8b9c02a7cb384023b"
    ),
}
"""By the digest of sources: that of earlier ones which give the same bits, under which runs go on being kept.

For what was compared on every kind of experiment alone, and on x86-64 alone: elsewhere earlier versions left
numbers below 10⁻³⁸ as they were. After the next change of the sources it says nothing.
"""
_TORCH_TOO = ("reference/optimizers.py",)
"""What the torch engine computes with beside its own folder and the kernel, which draws for it."""


@cache
def processor() -> str:
    """Return the kind of processor, as ``rocketlake-1a2b3c``: runs of the same kind are equal to the bit.

    By LLVM's name for it and a digest of its instructions, for which code is compiled.
    """
    from trainlab.engine.kernel.machine_code import processor as named

    name, features = named()
    flags = sorted(flag[1:] for flag in features.split(",") if flag.startswith("+"))
    return f"{name}-{hashlib.sha256(' '.join(flags).encode()).hexdigest()[:6]}"


@cache
def stored_name(engine: str) -> str:
    """Return the name under which the store keeps an engine's runs, as ``fast@1a2b3c4d``.

    It holds a digest of what the sources that compute them do, and PyTorch's version where that is used.
    Torch isn't imported. An engine that isn't one of trainlab's keeps its own name.
    """
    kind = engine.partition("-")[0]
    if kind not in _FOLDERS:
        return engine
    digest = _sources_digest(kind)
    if platform.machine() in ("x86_64", "AMD64"):
        digest = _SAME_BITS.get(digest, digest)
    named = with_more(digest, "" if kind == "fast" else _torch_version())
    return f"{engine}@{named[:8]}"


def _sources_digest(kind: str) -> str:
    sources = [path for folder in _FOLDERS[kind] for path in _files_of(_HERE / folder)]
    if kind == "torch":
        sources += [_HERE / name for name in _TORCH_TOO]
    digest = syntax_digest([*sources, *_shared()])
    return digest if kind == "reference" else hashlib.sha256(f"{digest} {code_digest()}".encode()).hexdigest()


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
