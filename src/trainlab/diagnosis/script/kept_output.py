"""Keeps the end of what is printed and logged, and lets it through."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

MOST = 8_000_000
"""Characters that are kept: the last ones."""


class Kept(io.StringIO):
    """Keeps the end of what is written, and writes it to another file, too."""

    def __init__(self, also: Any) -> None:
        super().__init__()
        self.also = also

    def write(self, text: str, /) -> int:
        """Write the text; where it gets too long, forget its first half."""
        if self.also is not None:
            self.also.write(text)
        if self.tell() > MOST:
            rest = self.getvalue()[MOST // 2 :]
            self.seek(0)
            self.truncate()
            super().write(rest)
        return super().write(text)

    def flush(self) -> None:
        """Flush the other file."""
        if self.also is not None:
            self.also.flush()


class KeptOutput:
    """Keeps what this process writes to stdout and stderr between `start` and `stop`.

    The streams stay the ones that they are: only their `write` is told as well.
    """

    def __init__(self) -> None:
        self._kept = Kept(None)
        self._undo: list[Callable[[], None]] = []

    @property
    def text(self) -> str:
        """What was written, of a long text the end."""
        return self._kept.getvalue()

    def start(self) -> None:
        """Begin to keep."""
        for stream in (sys.stdout, sys.stderr):
            with suppress(AttributeError, TypeError):  # a stream that takes no attribute isn't kept
                self._listen_to(stream)

    def stop(self) -> None:
        """Leave the streams as they were."""
        while self._undo:
            with suppress(AttributeError, TypeError):
                self._undo.pop()()

    def _listen_to(self, stream: Any) -> None:
        held = cast("dict[str, Any]", vars(stream))
        before, own = stream.write, held.get("write")

        def write(text: str) -> int:
            with suppress(TypeError):
                self._kept.write(text)
            return before(text)

        def undo() -> None:
            if held.get("write") is not write:
                return  # somebody else has wrapped it since
            if own is None:
                del stream.write
            else:
                stream.write = own

        stream.write = write
        self._undo.append(undo)
