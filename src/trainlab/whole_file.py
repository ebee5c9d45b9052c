"""Files written whole or not at all: to a neighbour first, which then takes the name."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Generator[BinaryIO]:
    """Give a file to write to, whose content is at `path` once the block is left without an exception.

    Until then, and after an exception, what was there is there. A link is followed, and permissions stay.

    Raises:
        OSError: the folder isn't there, or can't be written to, or the disk is full; it has the file's name.
    """
    target = Path(path).resolve()
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
