"""What a terminal shows: tables that fit it without breaking words, and text that is nothing but text."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from threading import Event, Thread
from typing import IO, Any, Final, TextIO, cast

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from trainlab.draw.formats import Align, fold, unbroken
from trainlab.errors import printable

# A rich table that fits its terminal without breaking words: cells fold at spaces, then columns split.
#
# Folding is our own, since rich cuts words that don't fit; a number and its % stay together.


_BETWEEN, _AROUND = 3, 2
"""Characters of the frame between two columns, and around all of them."""
_JUDGED: Final = 200
"""How many rows decide which columns to fold."""
_MOST_LABELS: Final = 3
_JOINED: Final = "\N{NO-BREAK SPACE}"


class FittedTable(Table):
    """Headers and rows of plain text; `sides` is the alignment of each column.

    If the columns don't fit side by side even when folded, they are split into several tables, one below the
    other; each begins with the columns that identify the rows.
    """

    def __init__(
        self,
        headers: Sequence[str],
        rows: Sequence[Sequence[str]],
        *,
        sides: Sequence[Align],
        title: str,
        border_style: str,
    ) -> None:
        super().__init__(
            title=Text(title, style="bold") if title else None,
            box=box.SIMPLE_HEAD,
            pad_edge=False,
            border_style=border_style,
        )
        self.sides = sides
        self.texts = [[unbroken(text) for text in line] for line in (headers, *rows)]
        for header, side in zip(headers, sides, strict=True):
            self.add_column(Text(header), justify=side)
        for row in rows:
            self.add_row(*map(Text, row))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self.title:
            # Not as the parts' title, which would be folded to their width.
            yield self.title
        for part in parts_of(self.texts, options.max_width):
            yield self._part(part, options.max_width)

    def _part(self, part: Sequence[int], room: int) -> Table:
        """Return some of the columns as a plain table; the cells are already folded."""
        lines = [[line[at] for at in part] for line in self.texts]
        widths = widths_of(lines, room)
        table = Table(box=self.box, pad_edge=False, border_style=self.border_style)
        header, *rows = [
            [Text(fold(text, width).replace(_JOINED, " ")) for text, width in zip(line, widths, strict=True)]
            for line in lines
        ]
        for text, at in zip(header, part, strict=True):
            table.add_column(text, justify=self.sides[at], overflow="fold")
        for row in rows:
            table.add_row(*row)
        return table


def parts_of(lines: Sequence[Sequence[str]], room: int) -> list[list[int]]:
    """Return which columns stand side by side, each part with the columns that identify the rows."""
    least = [max(map(_longest_word, column)) for column in zip(*lines, strict=True)]
    places = list(range(len(least)))
    if _total(least) <= room:
        return [places]
    labels = places[: _labels(lines[1:], least, room)]
    parts, part = list[list[int]](), labels
    for place in places[len(labels) :]:
        if len(part) > len(labels) and _total([least[at] for at in (*part, place)]) > room:
            parts.append(part)
            part = labels
        part = [*part, place]
    return [*parts, part]


def widths_of(lines: Sequence[Sequence[str]], room: int) -> list[int]:
    """Return the width of each column: that of its text, or folded where that costs the fewest lines."""
    columns = list(zip(*lines, strict=True))
    widths = [max(map(_width, column)) for column in columns]

    @cache
    def heights(place: int, width: int) -> list[int]:
        return [fold(text, width).count("\n") for text in columns[place][: _JUDGED + 1]]

    @cache
    def narrower(place: int, width: int) -> int:
        return max(_width(fold(text, width - 1)) for text in columns[place])

    while _total(widths) > room:
        tried: list[tuple[int, int, list[int]]] = []
        for place, width in enumerate(widths):
            fewer = narrower(place, width)
            if fewer < width:
                other = [*widths[:place], fewer, *widths[place + 1 :]]
                folded = [heights(at, each) for at, each in enumerate(other)]
                tried.append((sum(map(max, zip(*folded, strict=True))), fewer - width, other))
        if not tried:
            break
        # Among equal costs, the one that gains most, so that few columns are folded.
        widths = min(tried)[2]
    return widths


def _labels(rows: Sequence[Sequence[str]], least: Sequence[int], room: int) -> int:
    """Return how many columns it takes to identify the rows, if a few do and leave room."""
    for count in range(1, min(_MOST_LABELS, len(least) - 1) + 1):
        if _total([*least[:count], max(least[count:])]) > room:
            break
        if len({tuple(row[:count]) for row in rows}) == len(rows):
            return count
    return 1


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + _BETWEEN * (len(widths) - 1) + _AROUND


def _longest_word(text: str) -> int:
    return max(map(cell_len, text.replace("\n", " ").split(" ")))


def _width(text: str) -> int:
    return max(map(cell_len, text.split("\n")))


# A terminal on which text is text: nothing of a file or an exception moves the cursor, colours or hides.


MINUTE = 60.0


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


@contextmanager
def line_a_minute(words: Callable[[], str]) -> Generator[None]:
    """While the block runs, print these words once a minute on stderr if that is a file or a pipe.

    A terminal has a bar, and nothing of it stays; a file would be silent for hours.
    """
    stream, over = sys.stderr, Event()
    if stream is None or stream.isatty():
        yield
        return

    def tell() -> None:
        while not over.wait(MINUTE):
            _Lasting(stream).write(printable(f"trainlab: {words()}") + "\n")
            _Lasting(stream).flush()

    thread = Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


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
