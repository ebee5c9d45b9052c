"""A terminal on which text is text: nothing of a file or an exception moves the cursor, colours or hides."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import IO, Any, TextIO, cast

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from trainlab.errors import printable


class Terminal(Console):
    """Rich's console; what it is given to print has its control characters replaced, rich's own stay."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield the segments of what is printed."""
        for segment in super().render(renderable, options):
            if segment.control or segment.text.isprintable():
                yield segment
            else:
                yield Segment(printable(segment.text, lines=True), segment.style)

    def on_broken_pipe(self) -> None:
        """Leave it to the command line to end well when its reader is gone: rich itself exits with 1."""
        raise BrokenPipeError


def lasting_terminal() -> Terminal:
    """Return the terminal on stderr, for progress: that it closes meanwhile fails nothing."""
    stream = cast("IO[str]", _Lasting(sys.stderr)) if sys.stderr else None
    return Terminal(stderr=True, file=stream)


class _Lasting:
    """A stream whose terminal may close: what can't be written then is nobody's loss, and no failure."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        """Write the text, if anybody is there."""
        with suppress(OSError):
            self._stream.write(text)

    def flush(self) -> None:
        """Flush it, likewise."""
        with suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
