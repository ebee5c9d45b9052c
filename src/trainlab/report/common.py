"""What all reports share: lines of the terminal, how results were made, marks, what is refused."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from trainlab.draw import TERMINAL, wrapped
from trainlab.errors import TrainlabError, shown
from trainlab.execution import Provenance
from trainlab.maths import LOSSES
from trainlab.spec import Custom, Loss, TaskSpec, name_of
from trainlab.stats import Outcome, Verdict

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
    from rich.table import Table


# What a terminal shows of a result: parts below each other, of which an answer has so many lines.


LINES = 30
"""A command's answer has so many lines of 80 characters at most."""

Style = Literal["", "bold", "muted"]
Part: TypeAlias = "RenderableType | Callable[[int], RenderableType]"
"""What rich can print, or a function that makes it for the lines that the other parts leave."""


def print_parts(parts: Sequence[Part], *, console: Console, most: int = LINES) -> None:
    """Print the parts one below the other; those that are functions share what is left of `most` lines."""
    left = most
    if any(map(callable, parts)):
        left -= sum(len(console.render_lines(part)) for part in parts if not callable(part))
    for part in parts:
        console.print(part(left) if callable(part) else part)


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of text made for a terminal's width, printed as they are: rich's markup in them does nothing."""

    made: Callable[[int], Iterable[str]]
    style: Style = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.text import Text

        for line in self.made(options.max_width):
            yield Text(line, style=TERMINAL.get(self.style, self.style))


def said(*texts: str, style: Style = "") -> Lines:
    """Return paragraphs."""
    return Lines(lambda width: (line for text in texts for line in wrapped(text, width)), style)


def set_off(pairs: Sequence[tuple[str, str]], *, most: int = LINES, style: Style = "") -> Lines:
    """Return words with what they stand for, as `labelled`, but for those of which nothing is said."""
    return Lines(lambda width: labelled([pair for pair in pairs if pair[1]], width, most=most), style)


@dataclass(frozen=True, kw_only=True, slots=True)
class Fitting:
    """A table of at `most` so many rows, or as many as fit the lines `left`, `least` at least."""

    table: Callable[[int], Table]
    most: int
    least: int
    left: int

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        rows = min(self.most, max(self.left, self.least))
        # A long name takes several lines.
        while rows > self.least and len(console.render_lines(self.table(rows), options)) > self.left:
            rows -= 1
        yield self.table(rows)


def labelled(pairs: Sequence[tuple[str, str]], width: int, *, most: int = LINES) -> list[str]:
    """Return lines that begin with a word, set off from what they say; the longest are cut: `most` in all.

    The words stand in a third of the width at most; a longer one has a line of its own.
    """
    if not pairs:
        return []
    room = min(max(len(word) for word, _ in pairs) + 3, max(width // 3, 3))
    blocks = [wrapped(words, width, first=f" {word}".ljust(room), rest=" " * room) for word, words in pairs]
    while sum(map(len, blocks)) > max(most, len(blocks)):
        longest = max(blocks, key=len)
        del longest[-1]
        cut = longest[-1].rpartition("; ")[0] or longest[-1].rpartition(" ")[0]
        longest[-1] = f"{cut} …"
    return [line for block in blocks for line in block]


# How results were made: engine, time, machine, versions.


def provenance_terms(how: Provenance) -> list[tuple[str, str]]:
    """Return terms with their explanation, for a page's section on method."""
    return [
        ("Engine", f"{how.engine}: {how.engine_reason}"),
        ("Time", time_words(how)),
        ("Machine", f"{how.machine}; {how.workers} workers"),
        ("Versions", ", ".join(f"{name} {value}" for name, value in how.versions.items())),
    ]


def provenance_line(how: Provenance) -> str:
    """Return engine, version and time in a line for the terminal."""
    engine = f"{how.engine} engine, trainlab {how.versions.get('trainlab', '')}".rstrip()
    return f"{engine}; {time_words(how)}"


def time_words(how: Provenance) -> str:
    """Return how long the call took, and how much of it was training."""
    if not how.trained_steps:
        return f"{how.seconds:.1f} s; every run was already stored, none was trained"
    words = f"{how.seconds:.1f} s; {how.trained_steps:,} steps trained in {how.trained_seconds:.1f} s"
    kernel = ", loading the kernel included"
    return f"{words}{kernel if 'fast' in how.engine else ''}"


# What a report calls losses, tasks and verdicts, and what one run would have said.


MARKS: dict[Outcome, str] = {"upheld": "✓", "refuted": "✗", "mixed": "≈"}
"""A mark for each outcome, so that it isn't told by colour alone; the word always stands beside it."""


def loss_label(loss: Loss) -> str:
    """Return ``loss (L1)`` for L1: curves of different losses must not be compared by height."""
    name = loss.function if isinstance(loss, Custom) else LOSSES[name_of(loss)].label
    return f"loss ({name})"


def task_label(task: TaskSpec) -> str:
    """Return ``XOR``, or the task's name in words."""
    name = name_of(task)
    return name.upper() if name == "xor" else name.replace("_", " ")


def single_run(verdict: Verdict, runs: str = "seeds") -> str:
    """Say how often a single run would have concluded otherwise; nothing where that can't be told."""
    value = verdict.opposite
    if value is None:
        return ""
    what = "failed runs" if verdict.topic == "vanishing" else runs
    if verdict.topic in ("change", "together"):
        made = "this change" if verdict.topic == "change" else "the changes"
        return (
            f"One pair of runs, with {made} and without, would have said otherwise on "
            f"{value.k:,} of {value.n:,} {runs} ({100 * value.estimate:.1f} %)."
        )
    return (
        f"A single run would have said the opposite on {value.k:,} of {value.n:,} {what} "
        f"({100 * value.estimate:.1f} %)."
    )


# The first sentence of an answer, which pages show large, and the rest under it.


_MASK = "\0"


def first_sentence(words: str, names: Sequence[str] = ()) -> tuple[str, str]:
    """Split off the first sentence; a full stop in a number or in one of the `names` doesn't end it.

    Names are what users call things: networks, changes, classes, columns.
    """
    masked = words
    for name in sorted(set(names), key=len, reverse=True):
        masked = masked.replace(name, name.replace(". ", _MASK))
        if name.endswith("."):
            masked = masked.replace(f"{name} ", f"{name[:-1]}{_MASK}")
    first, end, _ = masked.partition(". ")
    length = len(first.replace(_MASK, ". ")) + 1
    return (words[:length], words[length + 1 :]) if end else (words, "")


# What a page is made of: anything else than the result it is for is refused in one line.


def check_given(given: object, kind: type, *, made_by: str) -> None:
    """Refuse what isn't a result of this kind; `made_by` is the function that returns one."""
    if not isinstance(given, kind):
        raise TrainlabError(
            f"result is of type {type(given).__name__}, but must be {kind.__name__}, as {made_by} returns it."
        )


def check_title(title: object) -> None:
    """Refuse a title that isn't text."""
    if not isinstance(title, str):
        raise TrainlabError(f"title = {shown(title)}: must be text.")


@contextmanager
def read_back(given: object, *, written_by: str) -> Generator[None]:
    """Turn whatever fails in a result that was read back from JSON into one line: it was altered by hand."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
        if not isinstance(given, dict) or isinstance(error, TrainlabError):
            raise
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise TrainlabError(f"this isn't what {written_by} wrote ({shown(reason)[1:-1]}).") from None
