"""The code of the kernel's units in the package: text in LLVM's language, compressed, a kind at a time.

Those of a kind differ in little but numbers: all 934 take 0.4 MB, and a kind is read in milliseconds.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import TypeVar

from trainlab.engine.kernel.lanes import Unit
from trainlab.engine.source_digest import source_digest
from trainlab.errors import EngineError

T = TypeVar("T")
ARCHIVE = Path(__file__).with_name("kernel.zip")
_READS_IT = ("archive.py", "machine_code.py")
"""Files of the kernel that read its compiled code, and change nothing in it."""
_COMPILED_IN = ("activation_functions.py", "gradients.py", "loss_functions.py")
"""Files of maths whose constants the kernel's compiled code holds."""
_BEGIN = "; unit "
_WHEN = (1980, 1, 1, 0, 0, 0)


def sources_of_kernel(kernel: Path = ARCHIVE.parent) -> list[Path]:
    """Return the files that decide what compiled code does, below the package that has this folder."""
    package = kernel.parents[1]
    own = [path for path in sorted(kernel.glob("*.py")) if path.name not in _READS_IT]
    return [*own, *(package / "maths" / name for name in _COMPILED_IN), package / "engine" / "rng.py"]


@cache
def kernel_digest() -> str:
    """Return a digest of what the sources of compiled code do: what the package's code was made of."""
    return source_digest(sources_of_kernel())


@cache
def code_digest() -> str:
    """Return a digest of all the package's code as it is, sound or not; empty if there is none."""
    try:
        return hashlib.sha256(ARCHIVE.read_bytes()).hexdigest()
    except OSError:
        return ""


def packed(codes: dict[Unit, str], made_of: Iterable[str]) -> bytes:
    """Return an archive of units, made of the source of a digest by compilers of versions (`made_of`)."""
    groups: dict[str, list[str]] = {}
    for unit, code in codes.items():
        groups.setdefault(unit.kind, []).append(f"{_BEGIN}{unit.symbol}\n{code}")
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_LZMA) as archive:
        archive.comment = " ".join(made_of).encode()
        for name, texts in groups.items():
            archive.writestr(zipfile.ZipInfo(name, _WHEN), "".join(texts), zipfile.ZIP_LZMA)
    return content.getvalue()


def packaged(unit: Unit) -> str | None:
    """Return the code of a unit that is in the package; None if it isn't.

    Raises:
        EngineError: the package's code can't be read, or was made of other sources than these.
    """
    if unit.lanes.checked:
        return None
    _check_sources()
    return _of_kind(unit.kind).get(unit.symbol)


@cache
def made_of() -> tuple[str, ...]:
    """Return the digests of the code's source and of what packed it, then compilers: ``numba==0.62.0``."""

    def comment() -> str:
        with zipfile.ZipFile(ARCHIVE) as archive:
            return archive.comment.decode()

    return tuple(_read(comment).split())


def read_all() -> dict[str, str]:
    """Return the code of every unit in the package by its symbol."""

    def names() -> list[str]:
        with zipfile.ZipFile(ARCHIVE) as archive:
            return archive.namelist()

    return {symbol: code for name in _read(names) for symbol, code in _of_kind(name).items()}


@cache
def _check_sources() -> None:
    """Refuse code that was made of other sources: it would train as they did, under the name of these."""
    if made_of()[:1] != (kernel_digest(),):
        raise EngineError(
            f"{ARCHIVE} was made of other sources than those beside it. Run scripts/kernel in a clone; "
            "elsewhere install trainlab anew."
        )


@cache
def _of_kind(kind: str) -> dict[str, str]:
    def text() -> str:
        with zipfile.ZipFile(ARCHIVE) as archive:
            return archive.read(kind).decode() if kind in archive.namelist() else ""

    parts = [part.split("\n", 1) for part in _read(text).split(_BEGIN)[1:]]
    return {part[0]: part[1] for part in parts}


def _read(reader: Callable[[], T]) -> T:
    """Return what is read from the archive, or say in a line what is wrong with it."""
    try:
        import lzma
    except ImportError:
        raise EngineError(
            f"{ARCHIVE}: needs Python's module lzma, which this Python was built without. Take another "
            "Python, or build it again where liblzma's headers are (on Debian: apt-get install liblzma-dev)."
        ) from None
    damaged = (OSError, zipfile.BadZipFile, lzma.LZMAError, EOFError, ValueError, NotImplementedError)
    try:
        return reader()
    except (*damaged, RuntimeError, KeyError, IndexError) as error:
        raise EngineError(f"{ARCHIVE}: can't be read ({error}). Install trainlab anew.") from None
