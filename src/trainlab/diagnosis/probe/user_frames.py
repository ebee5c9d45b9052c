"""Where in the user's own code a call comes from: the nearest frame outside of libraries."""

from __future__ import annotations

import linecache
import os
import sys
import sysconfig
from types import CodeType, FrameType

from trainlab.diagnosis.observed.site import Site

_PACKAGE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_LIBRARIES = tuple(
    os.path.realpath(path) + os.sep
    for path in {
        sysconfig.get_path("stdlib"),
        sysconfig.get_path("purelib"),
        sysconfig.get_path("platlib"),
        _PACKAGE,
    }
    if path
)
_foreign: dict[str, bool] = {}
_sites: dict[tuple[CodeType, int], Site] = {}
MAX_TEXT = 120
MAX_SITES = 4096


def user_site() -> Site | None:
    """Return the innermost line of user code on the stack, or None."""
    frame = user_frame()
    return None if frame is None else site_of(frame.f_code, frame.f_lineno)


def user_frame() -> FrameType | None:
    """Return the innermost frame that is neither of a library nor of trainlab."""
    frame: FrameType | None = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]
    while frame is not None and is_library(frame.f_code.co_filename):
        frame = frame.f_back
    return frame


def user_frames() -> list[FrameType]:
    """Return all frames of user code, innermost first."""
    frame: FrameType | None = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]
    found: list[FrameType] = []
    while frame is not None:
        if not is_library(frame.f_code.co_filename):
            found.append(frame)
        frame = frame.f_back
    return found


def is_library(file: str) -> bool:
    """Whether the file belongs to Python, to an installed package, wherever it is, or to trainlab."""
    known = _foreign.get(file)
    if known is None:
        try:
            path = os.path.realpath(file)
        except OSError:  # the script's folder is gone
            path = file
        installed = any(f"{os.sep}{folder}{os.sep}" in path for folder in ("site-packages", "dist-packages"))
        known = file.startswith("<frozen") or installed or path.startswith(_LIBRARIES)
        _foreign[file] = known
    return known


def site_of(code: CodeType, line: int) -> Site:
    """Return the line with its text; the same object for the same line."""
    key = (code, line)
    site = _sites.get(key)
    if site is None:
        if len(_sites) > MAX_SITES:
            _sites.clear()
        text = " ".join(linecache.getline(code.co_filename, line).split())
        shown = text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 1]}…"
        site = Site(os.path.basename(code.co_filename), line, code.co_name, shown)
        _sites[key] = site
    return site
