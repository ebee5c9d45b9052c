# pyright: basic
"""A copied process that can't harm anybody: what is open is taken from it, and what it writes goes elsewhere.

A forked process shares its files, pipes and sockets with the one that it was forked from. So all that is open
for writing becomes ``/dev/null``, files that are read get a position of their own, and what the copy opens
for writing lies in a folder that is thrown away. What can't be led there ends the copy (audit hooks of
Python), or is refused by the kernel (Landlock, from Linux 5.13 on).
"""

from __future__ import annotations

import builtins
import ctypes
import fcntl
import io
import os
import re
import stat
import sys
import tempfile
import threading
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader

from trainlab.diagnosis.probe.global_state import Patches

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_SHARED = re.compile(r"^\S+ .w.s (?!.*/dev/shm/sem\.)")
"""A line of ``/proc/self/maps``: memory that is written, and shared with others, but no semaphore."""
_HARMLESS_THREADS = ("tqdm._monitor", "tensorboard.")
"""Modules whose threads may be missing in a copy: nothing waits for them, or no longer (`Guard`)."""


def why_not_here() -> str:
    """Say why this process can't be copied now, as it reads after "because"; nothing if it can."""
    if sys.platform != "linux":
        return "processes are copied on Linux only"
    if threading.current_thread() is not threading.main_thread():
        return "it trains in a thread"
    if torch.cuda.is_initialized():
        return "it trains on a GPU, which can't be copied"
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return "it trains in several processes"
    others = [one for one in threading.enumerate() if one is not threading.main_thread()]
    strange = [one.name for one in others if not type(one).__module__.startswith(_HARMLESS_THREADS)]
    if strange:
        return f"it has a thread of its own ({strange[0]})"
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as file:
        shared = [line.split(maxsplit=5)[5:] for line in file if _SHARED.match(line)]
    if shared:
        return f"it shares memory ({''.join(shared[0]).strip() or 'without a name'})"
    return ""


def let_go_of_files(kept: Collection[int] = ()) -> None:
    """Take from this process what it shares with the one that it was forked from, but for what is `kept`."""
    null = os.open(os.devnull, os.O_RDWR)
    for number in [int(name) for name in os.listdir("/proc/self/fd")]:
        if number in kept or number == null:
            continue
        with suppress(OSError):  # the folder that was just listed
            _let_go(number, null)
    os.close(null)


def _let_go(number: int, null: int) -> None:
    kind, inherited = os.fstat(number).st_mode, os.get_inheritable(number)
    writes = fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY
    if stat.S_ISREG(kind) and not writes:
        own = os.open(f"/proc/self/fd/{number}", os.O_RDONLY)
        os.lseek(own, os.lseek(number, 0, os.SEEK_CUR), os.SEEK_SET)
        os.dup2(own, number, inheritable=inherited)
        os.close(own)
    elif stat.S_ISSOCK(kind) or stat.S_ISFIFO(kind) or number <= 2 or (writes and stat.S_IFMT(kind)):
        os.dup2(null, number, inheritable=inherited)  # what has no kind is the kernel's own, as of epoll


_FORBIDDEN = {
    "subprocess.Popen": "it starts a process",
    "os.system": "it starts a process",
    "os.exec": "it starts a program",
    "os.posix_spawn": "it starts a process",
    "os.fork": "it starts a process",
    "os.forkpty": "it starts a process",
    "os.kill": "it sends a signal",
    "os.killpg": "it sends a signal",
    "socket.connect": "it opens a connection",
    "socket.bind": "it opens a port",
    "socket.sendto": "it sends something",
    "socket.sendmsg": "it sends something",
}
_CHANGES = frozenset(
    f"os.{name}"
    for name in (
        "remove", "rename", "rmdir", "mkdir", "link", "symlink", "truncate", "chmod", "chown", "utime",
        "setxattr", "removexattr",
    )
)  # fmt: skip


class Guard:
    """Leads what the process writes to a folder, and ends it where that can't be done.

    Args:
        folder: an empty one, which is thrown away.
        end: ends the process; called with the reason, as it reads after "because".
    """

    def __init__(self, folder: str, end: Callable[[str], None]) -> None:
        self.folder = folder
        self.end = end
        self.on = True
        self._real: dict[str, str] = {}
        """Where each file is that was written."""
        self._patches = Patches()

    def start(self) -> None:
        """From here on."""
        around = self._patches.around
        for owner in (builtins, io):
            around(owner, "open", self._around_open)
        around(os, "open", self._around_os_open)
        for name in ("mkdir", "makedirs", "rmdir"):
            around(os, name, partial(self._around_change, lambda path, *more: None))
        for name in ("remove", "unlink"):
            around(os, name, partial(self._around_change, self._removed))
        for name in ("rename", "replace"):
            around(os, name, partial(self._around_change, self._renamed))
        around(DataLoader, "__iter__", self._around_loader)
        tempfile.tempdir = self.folder
        around(torch, "save", partial(self._around_file, 1, "wb"))
        around(torch, "load", partial(self._around_file, 0, "rb"))
        writer = getattr(
            sys.modules.get("tensorboard.summary.writer.event_file_writer"), "_AsyncWriter", None
        )
        for name in ("write", "flush", "close"):
            # Its thread isn't there in a copy, and what waits for it would wait forever.
            if writer is not None:
                around(writer, name, lambda *given: None)
        sys.addaudithook(self._audited)
        restrict_to(self.folder)

    def stop(self) -> None:
        """Let the process write its report in the folder; the kernel goes on guarding the rest."""
        self.on = False
        self._patches.undo()

    def _around_open(self, original: Any, file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        return original(self._place(file, mode), mode, *args, **kwargs)

    def _around_os_open(self, original: Any, path: Any, flags: int, *args: Any, **kwargs: Any) -> Any:
        writes = "a" if flags & os.O_APPEND else "w" if flags & _WRITING else "r"
        return original(self._place(path, writes), flags, *args, **kwargs)

    def _around_change(
        self, instead: Callable[..., None], original: Any, path: Any, *args: Any, **kwargs: Any
    ) -> None:
        if self._is_ours(path):
            original(path, *args, **kwargs)
        else:
            instead(path, *args)

    def _around_file(self, at: int, mode: str, original: Any, *args: Any, **kwargs: Any) -> Any:
        if len(args) > at:
            args = (*args[:at], self._place(args[at], mode), *args[at + 1 :])
        elif "f" in kwargs:
            kwargs["f"] = self._place(kwargs["f"], mode)
        return original(*args, **kwargs)

    def _around_loader(self, original: Any, loader: Any) -> Any:
        without_workers(loader)
        return original(loader)

    def _place(self, file: Any, mode: str) -> Any:
        """Return where a file is instead; what isn't written here, and wasn't, stays what it is."""
        if not self.on or not isinstance(file, str | bytes | os.PathLike):
            return file
        whole = _whole(file)
        if whole in self._real:
            return self._real[whole]
        if not set(mode) & set("wax+") or self._is_ours(file):
            return file
        self._real[whole] = own = os.path.join(self.folder, f"{len(self._real)}-{os.path.basename(whole)}")
        if set(mode) & set("ar"):
            with suppress(OSError):
                Path(own).write_bytes(Path(whole).read_bytes())
        return own

    def _removed(self, path: Any, *more: Any) -> None:
        self._real.pop(_whole(path), None)

    def _renamed(self, old: Any, new: Any, *more: Any) -> None:
        if (real := self._real.pop(_whole(old), None)) is not None:
            self._real[_whole(new)] = real

    def _audited(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.on:
            return
        if event in _FORBIDDEN:
            self._refuse(_FORBIDDEN[event])
        elif event == "open":
            path, _, flags = args
            if flags & _WRITING and isinstance(path, str | bytes) and not self._is_ours(path):
                self._refuse(f"it writes {os.fsdecode(path)}")
        elif event in _CHANGES and not self._is_ours(args[0]):
            self._refuse(f"it changes {args[0]!r}")
        elif event == "sqlite3.connect" and args[0] not in (":memory:", b":memory:"):
            self._refuse(f"it opens the database {args[0]!r}")

    def _is_ours(self, path: Any) -> bool:
        if not isinstance(path, str | bytes | os.PathLike):
            return False
        return _whole(path).startswith((f"{self.folder}{os.sep}", os.devnull))

    def _refuse(self, why: str) -> None:
        self.stop()
        self.end(why)


def without_workers(loader: Any) -> None:
    """Have a loader draw its batches itself: a copy starts no processes."""
    loader.num_workers, loader.timeout = 0, 0


def _whole(path: Any) -> str:
    return os.path.abspath(os.fsdecode(path))


_CREATE, _ADD_RULE, _RESTRICT = 444, 445, 446
_BENEATH, _NO_NEW_PRIVILEGES = 1, 38
_WRITES = sum(1 << bit for bit in (1, 4, 5, 6, 7, 8, 9, 10, 11, 12))
"""Landlock's rights that change files: write, remove, make of each kind."""
_TRUNCATE, _NETWORK = 1 << 14, 0b11


def restrict_to(folder: str) -> None:
    """Have the kernel refuse this process to change any file that isn't in this folder, and to connect.

    That holds for what C++ opens, of which Python sees nothing. Before Linux 5.13, or where Landlock is
    switched off, it does nothing. See landlock(7).
    """
    kernel = ctypes.CDLL(None)
    version = kernel.syscall(_CREATE, None, ctypes.c_size_t(0), 1)
    if version < 1:
        return
    rights = _WRITES | (_TRUNCATE if version >= 3 else 0)
    asked = (ctypes.c_uint64 * 2)(rights, _NETWORK if version >= 4 else 0)
    ruleset = kernel.syscall(_CREATE, asked, ctypes.c_size_t(16 if version >= 4 else 8), 0)
    if ruleset < 0:
        return
    for place, allowed in ((folder, rights), (os.devnull, rights & (1 << 1 | _TRUNCATE))):
        beneath = os.open(place, os.O_PATH)
        rule = allowed.to_bytes(8, sys.byteorder) + beneath.to_bytes(4, sys.byteorder)  # packed in the kernel
        kernel.syscall(_ADD_RULE, ruleset, _BENEATH, rule, 0)
        os.close(beneath)
    kernel.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    kernel.syscall(_RESTRICT, ruleset, 0)
    os.close(ruleset)
