"""How much memory is left: the machine's, and that of the control group that this process is in."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

MEMINFO = Path("/proc/meminfo")
GROUPS = Path("/proc/self/cgroup")
MOUNTED = Path("/sys/fs/cgroup")
GB = 1e9


def available_memory() -> int | None:
    """Return how many bytes could still be taken without swapping; None where it can't be known."""
    known = [free for free in (_of_machine(), *_of_groups()) if free is not None]
    return max(0, min(known)) if known else None


def gigabytes(size: float) -> str:
    """Return a number of bytes in words: ``3.2 GB``."""
    return f"{size / GB:,.{1 if size < 100 * GB else 0}f} GB"


def _of_machine() -> int | None:
    with suppress(OSError, ValueError, IndexError):
        for line in MEMINFO.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return 1024 * int(line.split()[1])
    with suppress(OSError, ValueError):
        # Elsewhere than on Linux only what is built in is known.
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def _of_groups() -> list[int | None]:
    """Return what is left to this process's control group and to each above it, of either version."""
    try:
        lines = GROUPS.read_text().splitlines()
    except OSError:
        return []
    left: list[int | None] = []
    for line in lines:
        number, controllers, path = (*line.split(":", 2), "", "")[:3]
        if number == "0" and not controllers:
            root, limit, used = MOUNTED, "memory.max", "memory.current"
        elif "memory" in controllers.split(","):
            root, limit, used = MOUNTED / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes"
        else:
            continue
        own = root / path.lstrip("/")
        left += [_left(folder, limit, used) for folder in (own, *own.parents) if folder.is_relative_to(root)]
    return left


def _left(folder: Path, limit: str, used: str) -> int | None:
    """Return what a group may still take; the pages of files that it holds can be given back."""
    try:
        # "max" is no number, and no limit.
        most, taken = int((folder / limit).read_text()), int((folder / used).read_text())
        pages = dict(line.split(" ", 1) for line in (folder / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):
        return None
    return most - taken + int(pages.get("inactive_file", pages.get("total_inactive_file", "0")))
