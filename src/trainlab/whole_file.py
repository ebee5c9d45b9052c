"""Files written whole or not at all: to a neighbour first, which then takes the name."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Generator[BinaryIO]:
    """Give a file to write to, whose content is at `path` once the block is left without an exception.

    Until then, and after an exception, what was there is there. A link is followed.

    Raises:
        OSError: the folder isn't there, or can't be written to.
    """
    target = Path(path).resolve()
    handle, neighbour = tempfile.mkstemp(dir=target.parent)
    try:
        with open(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        # As of a file that is opened in the common way; a temporary one is for its owner alone.
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(neighbour, 0o666 & ~mask)
        os.replace(neighbour, target)
    except BaseException:
        Path(neighbour).unlink(missing_ok=True)
        raise
