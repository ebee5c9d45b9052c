"""Temporary folders that nobody has to tidy up: those whose owner is dead go when the next one is made.

Each holds a file that its owner keeps locked (flock). The lock ends with the owner, whatever it died of, so a
folder whose lock is free belongs to nobody; one without the file isn't ours, and stays.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress

PREFIX, OWNER = "trainlab-", ".trainlab-owner"

_mine: set[str] = set()
_swept: set[str] = set()


@contextmanager
def scratch_folder(purpose: str) -> Generator[str]:
    """Make a folder ``trainlab-PURPOSE-…`` and remove it after the block with all that is in it."""
    where = tempfile.gettempdir()
    if where not in _swept:
        _swept.add(where)
        sweep(where)
    process = os.getpid()
    folder, owner = _made(purpose)
    try:
        yield folder
    finally:
        if os.getpid() == process:  # a process forked inside leaves this block, too
            _remove(folder)
        os.close(owner)


def remove_all() -> None:
    """Remove what this process has made and not removed: it is about to end without leaving its blocks."""
    for folder in list(_mine):
        _remove(folder)


def sweep(where: str) -> None:
    """Remove the folders in there whose owner is dead."""
    with suppress(OSError), os.scandir(where) as entries:
        for entry in entries:
            if entry.name.startswith(PREFIX) and entry.is_dir(follow_symlinks=False):
                _remove_if_left(entry.path)


def _made(purpose: str) -> tuple[str, int]:
    """Return a new folder and its locked file, open."""
    while True:
        folder = tempfile.mkdtemp(prefix=f"{PREFIX}{purpose}-")
        _mine.add(folder)
        place = os.path.join(folder, OWNER)
        owner = os.open(place, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(owner, fcntl.LOCK_EX)
        if os.path.exists(place):
            return folder, owner
        # Somebody who tidied up had the lock first.
        os.close(owner)
        _mine.discard(folder)


def _remove(folder: str) -> None:
    _empty(folder)
    _mine.discard(folder)


def _empty(folder: str) -> None:
    """Remove all that is in the folder, and then, unless somebody still writes to it, the folder."""
    with suppress(OSError):
        for entry in list(os.scandir(folder)):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            elif entry.name != OWNER:
                os.unlink(entry.path)
        if os.listdir(folder) in ([], [OWNER]):
            shutil.rmtree(folder)


def _remove_if_left(folder: str) -> None:
    try:
        if os.stat(folder, follow_symlinks=False).st_uid != os.geteuid():
            return
        owner = os.open(os.path.join(folder, OWNER), os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        return
    try:
        fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _empty(folder)
    except OSError:
        pass  # its owner lives
    finally:
        os.close(owner)
