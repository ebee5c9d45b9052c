"""Frames: which line of the user's a call comes from, and the probe's own kept out of his sight."""

from __future__ import annotations

import functools
import linecache
import os
import sys
import sysconfig
from collections.abc import Callable, Iterator, Sequence
from types import CodeType, FrameType, TracebackType
from typing import Any, cast

from trainlab.diagnosis.place import Site

# Where in the user's own code a call comes from: the nearest frame outside of libraries.


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


# Keeps the probe's own frames out of what users see: tracebacks, and the lines that warnings name.
#
# The probe stands between a script and PyTorch: a call passes through `listener.py` or a wrapper, and where
# a function mode is on, through `handle_torch_function` of PyTorch and once more through the function that
# called it. Without the probe there are none of these. A warning counts frames to find the line that it is
# about (`stacklevel`), and Python's filters go by that line's module: with frames in between, the warning
# would name the probe, be shown once for all of the script's lines, and a `DeprecationWarning` not at all.


_DIAGNOSIS = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_DETOUR = "handle_torch_function"
"""What PyTorch's functions written in Python call where a function mode is on; it calls them again."""


def forget_own_frames(error: BaseException) -> None:
    """Take the probe's frames out of an exception's traceback, and of those that it came from."""
    seen = set[int]()
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        _relink(each)
        waiting += [each.__cause__, each.__context__]
        if isinstance(each, BaseExceptionGroup):
            waiting += cast("BaseExceptionGroup[BaseException]", each).exceptions


def warn_instead_of(
    original: Callable[..., None], *, is_read: Callable[[], bool] = lambda: False
) -> Callable[..., None]:
    """Return `warnings.warn`, counting as if there were no probe.

    A compiler that reads it (`is_read`) finds the original alone: of frames it would itself warn. Whoever has
    kept it may call it when Python ends, and the names of this file mean nothing any more.
    """
    is_ending = sys.is_finalizing

    @functools.wraps(original)
    def warn(
        message: Any,
        category: type[Warning] | None = None,
        stacklevel: int = 1,
        source: Any = None,
        **options: Any,
    ) -> None:
        if is_ending():
            original(message, category, stacklevel + 1, source, **options)
            return
        prefixes = options.pop("skip_file_prefixes", ())
        if is_read() or options or (prefixes and sys.version_info < (3, 12)):
            # Wrong arguments among them: Python says what is wrong.
            skipping = {"skip_file_prefixes": prefixes} if prefixes else {}
            original(message, category, stacklevel, source, **skipping, **options)
        else:
            level = _level_with_own(sys._getframe(), stacklevel, prefixes)  # pyright: ignore[reportPrivateUsage]
            original(message, category, level, source)

    return warn


def showwarning_instead_of(original: Callable[..., None]) -> Callable[..., None]:
    """Return `warnings.showwarning`, naming the user's line where PyTorch's compiled code warns of ours."""
    is_ending = sys.is_finalizing

    @functools.wraps(original)
    def showwarning(
        message: Any, category: type[Warning], filename: str, lineno: int, file: Any = None, line: Any = None
    ) -> None:
        if not is_ending() and filename.startswith(_DIAGNOSIS):
            frame = _behind(sys._getframe(), filename, lineno)  # pyright: ignore[reportPrivateUsage]
            if frame is not None:
                filename, lineno, line = frame.f_code.co_filename, frame.f_lineno, None
        original(message, category, filename, lineno, file, line)

    return showwarning


def _relink(error: BaseException) -> None:
    entries = list(_entries(error.__traceback__))
    own = _own([entry.tb_frame.f_code for entry in entries])
    kept = [entry for entry, is_own in zip(entries, own, strict=True) if not is_own]
    if not kept or len(kept) == len(entries):
        return
    for entry, following in zip(kept, [*kept[1:], None], strict=True):
        entry.tb_next = following
    error.__traceback__ = kept[0]


def _entries(trace: TracebackType | None) -> Iterator[TracebackType]:
    while trace is not None:
        yield trace
        trace = trace.tb_next


def _own(codes: Sequence[CodeType]) -> list[bool]:
    """Return of each frame, outermost first, whether it is there because of the probe."""
    own = [code.co_filename.startswith(_DIAGNOSIS) for code in codes]
    for place in range(len(codes) - 2, -1, -1):
        if codes[place].co_name == _DETOUR and own[place + 1]:
            own[place] = True
            if place:
                own[place - 1] = True
    return own


def _level_with_own(frame: FrameType, stacklevel: int, prefixes: tuple[str, ...] = ()) -> int:
    """Return the stacklevel, from the given frame of ours, of what would be at `stacklevel` without us.

    As Python does, files with one of the prefixes aren't counted, but for the one that warns; with prefixes
    the line is outside of it at the least.
    """
    stack = list(_stack(frame))
    own = _own([each.f_code for each in reversed(stack)])[::-1]
    foreign = [level for level, is_own in enumerate(own, start=1) if not is_own]
    if prefixes:
        stacklevel = max(stacklevel, 2)
        counted = [level for level in foreign if not stack[level - 1].f_code.co_filename.startswith(prefixes)]
        foreign = sorted({*foreign[:1], *counted})
    return foreign[stacklevel - 1] if 1 <= stacklevel <= len(foreign) else len(stack) + 1


def _behind(frame: FrameType, filename: str, lineno: int) -> FrameType | None:
    """Return the first frame that isn't ours outside of the one at this line."""
    stack = list(_stack(frame))
    own = _own([each.f_code for each in reversed(stack)])[::-1]
    places = [(each.f_code.co_filename, each.f_lineno) for each in stack]
    start = places.index((filename, lineno)) if (filename, lineno) in places else len(stack)
    return next((each for each, is_own in list(zip(stack, own, strict=True))[start:] if not is_own), None)


def _stack(frame: FrameType | None) -> Iterator[FrameType]:
    """Yield the frames, innermost first, but for those of importing, which warnings don't count either."""
    while frame is not None:
        if not _is_importing(frame.f_code.co_filename):
            yield frame
        frame = frame.f_back


def _is_importing(file: str) -> bool:
    return "importlib" in file and "_bootstrap" in file
