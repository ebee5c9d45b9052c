"""Files written whole or not at all: to a neighbour first, which then takes the name."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


def why_not_writable(path: str | os.PathLike[str], *, device: bool = False) -> str:
    """Say why a file can't be written there, and what to do; nothing if it can.

    With `device`, it may be a character device or a pipe, which is written to at once and holds nothing.
    """
    file = Path(path)
    try:
        if file.is_dir():
            return "is a folder; give the name of a file in it."
        if not file.parent.is_dir():
            return f"the folder {file.parent} does not exist. Make it first."
        if file.exists() and not os.access(file, os.W_OK):
            return "is read-only. Give another name."
        if is_special(file):
            return _why_no_device(file) if device else "is a device or a pipe; give the name of a file."
        # Asking for permission isn't enough: some file systems say yes and then refuse.
        tempfile.TemporaryFile(dir=file.resolve().parent).close()
    except (OSError, ValueError) as error:
        return f"can't be written ({(isinstance(error, OSError) and error.strerror) or error})."
    return ""


def is_special(file: Path) -> bool:
    """Whether something is there that is neither a file nor a folder."""
    return file.exists() and not file.is_file() and not file.is_dir()


def _why_no_device(file: Path) -> str:
    """Try a device with a line break, which changes neither JSON nor a page."""
    if file.is_block_device() or file.is_socket():
        return "is a disk or a socket; give the name of a file."
    if file.is_fifo():
        try:
            # It stays open: closed, it would be the end for whoever reads it.
            os.open(file, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            return "is a pipe that nobody reads; start its reader first."
    else:
        with open(file, "wb", buffering=0) as opened:
            if not opened.isatty():
                opened.write(b"\n")
    return ""


def _without_waiting(path: str, flags: int) -> int:
    """Open a device or pipe, but don't wait for somebody to read it."""
    opened = os.open(path, (flags & ~(os.O_CREAT | os.O_TRUNC)) | os.O_NONBLOCK)
    os.set_blocking(opened, True)
    return opened


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Generator[BinaryIO]:
    """Give a file to write to, whose content is at `path` once the block is left without an exception.

    Until then, and after an exception, what was there is there. A link is followed, and permissions stay.
    A device or pipe, as ``/dev/stdout``, is written to, and never replaced by a file.

    Raises:
        OSError: the folder isn't there, or can't be written to, or the disk is full; it has the file's name.
    """
    target = Path(path).resolve()
    if is_special(Path(path)):
        with open(path, "wb", opener=_without_waiting) as file:
            yield file
        return
    handle, neighbour = tempfile.mkstemp(dir=target.parent)
    try:
        with open(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(neighbour, _permissions(target))
        os.replace(neighbour, target)
    except BaseException as error:
        Path(neighbour).unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:
            error.filename = os.fspath(path)
        raise


def _permissions(file: Path) -> int:
    """Return those of the file, or of a new one in the common way; a temporary one is for its owner alone."""
    with suppress(FileNotFoundError):
        return stat.S_IMODE(file.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
