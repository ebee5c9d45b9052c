"""Where results go, files written whole or not at all or the terminal; and progress on stderr meanwhile."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from cyclopts import Parameter

from trainlab.cli.options import Html, Json, Runs, UsageError
from trainlab.errors import printable
from trainlab.whole_file import is_special, whole_file, why_not_writable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bar

    from trainlab.execution import Progress
    from trainlab.plain import Result


# Where a command's results go: files written whole or not at all, or the terminal.


_UNPRINTABLE = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What JSON lets pass, and a terminal may take for a command; escaped, it means the same."""


def check_writable(option: str, path: str | None, *, device: bool = True) -> None:
    """Refuse, before any work is done, a file that could not be written after it.

    Without `device`, it has to be a file: one that is read again, or written by others.
    """
    if path is None or path == "-":
        return
    if not path:
        raise UsageError(f"{option} '': give the name of a file.")
    if path.startswith("-"):
        raise UsageError(f"{option} {path}: give the name of a file; one that begins so is written ./{path}")
    if why := why_not_writable(path, device=device):
        raise UsageError(f"{option} {path}: {why}")


def check_distinct(places: dict[str, str | None]) -> None:
    """Refuse two of these arguments that name the same file: one would overwrite the other."""
    seen: dict[str, str] = {}
    terminal = [name for name, path in places.items() if path == "-"]
    if len(terminal) > 1:
        raise UsageError(
            f"{terminal[0]} - and {terminal[1]} -: only one can go to the terminal; name a file."
        )
    for name, path in places.items():
        if path is None or (path == "-") or is_special(Path(path)):
            continue
        key = os.path.realpath(path)
        if key in seen:
            raise UsageError(f"{name} {path}: is the same file as {seen[key]}. Give another name.")
        seen[key] = name


def write_text(option: str, path: str, text: str) -> None:
    """Write a file whole, or leave what was there: to a neighbour first, then renamed. ``-`` is stdout."""
    if path == "-":
        sys.stdout.write(_UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text))
        return
    try:
        with whole_file(path) as file:
            file.write(text.encode())
    except (OSError, ValueError) as error:
        raise UsageError(f"{option} {path}: can't be written ({_reason(error)}).") from None


def _reason(error: OSError | ValueError) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)


@dataclass(frozen=True, kw_only=True, slots=True)
class Output:
    """A file that a command may be asked for: option, what it is, path or None, how its text is made."""

    option: str
    word: str
    path: str | None
    text: Callable[[], str]


def print_rest(words: str, console: Console) -> None:
    """Print where to find the rest of an answer, wrapped at spaces."""
    from trainlab.draw import wrapped

    for line in wrapped(words, console.width):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def hand_over(show: Callable[[Console], None], *outputs: Output) -> None:
    """Write the files asked for, in order, and show the result unless one of them goes to the terminal."""
    wanted = [(output, output.path) for output in outputs if output.path is not None]
    for output, path in wanted:
        write_text(output.option, path, output.text())
    if all(path != "-" for _, path in wanted):
        from trainlab.draw.terminal import Terminal

        show(Terminal())
        for output, path in reversed(wanted):
            print(printable(f"{output.word}: {path}"))
    sys.stdout.flush()


Shown = TypeVar("Shown", bound="Result")


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True, slots=True)
class Files:
    """The files that a command is asked to write its result to."""

    json: Json = None
    html: Html = None

    def check(self) -> None:
        """Refuse, before any work is done, what can't be written after it."""
        check_writable("--json", self.json)
        check_writable("--html", self.html)
        if self.html == "-":
            raise UsageError(
                "--html -: the report is a page; give the name of a file, as in --html report.html."
            )

    def hand_over(
        self, show: Callable[[Console], None], *, json: Callable[[], str], html: Callable[[], str]
    ) -> None:
        """Write them, and show the result unless the JSON goes to the terminal."""
        hand_over(
            show,
            Output(option="--json", word="JSON", path=self.json, text=json),
            Output(option="--html", word="report", path=self.html, text=html),
        )

    def deliver(
        self,
        result: Shown,
        show: Callable[..., None],
        page: Callable[[Shown], str] = str,
        *further: Output,
        details: bool,
    ) -> None:
        """Write them, and `further` ones; `show` the answer, or all `details`, unless one is the terminal.

        What has no `page` has no option for it either.
        """
        hand_over(
            lambda console: show(result, console=console, details=details),
            Output(option="--json", word="JSON", path=self.json, text=result.to_json),
            *further,
            Output(option="--html", word="report", path=self.html, text=lambda: page(result)),
        )


# Progress on stderr while a command works: a bar on a terminal, a line a minute in a file or a pipe.


LONG = 3600.0
"""From how many seconds on, as estimated, training asks for ``--yes``."""

FEW = 3
"""From this many chunks on, the pace says something about the time left."""


class Show:
    """Shows progress: call it with the progress; `before` is put before its words."""

    def __init__(self, bar: Bar) -> None:
        self._bar = bar
        self._task = bar.add_task("", total=1.0, words="preparing")

    def __call__(self, progress: Progress, *, before: str = "") -> None:
        """Show it, also if the bar was hidden."""
        self.tell(progress.steps_done, progress.steps_total, f"{before}{progress_words(progress)}")

    def tell(self, done: float, total: float, words: str) -> None:
        """Show how much is done, with these words beside it."""
        self._bar.update(self._task, completed=done, total=max(total, 1), words=words)
        self._bar.start()

    def words(self) -> str:
        """Return what it shows in words."""
        task = self._bar.tasks[self._task]
        return f"{task.percentage:.0f} %, {task.fields['words']}"

    def hide(self) -> None:
        """Take the bar away until the next progress, so that something can be printed."""
        self._bar.stop()


@contextmanager
def progress_line(label: str = "training", *, yes: bool = True) -> Generator[Show]:
    """Show a bar, the rate and the time left while the block runs; if stderr is no terminal, a line a minute.

    Without `yes`, training that would take longer than `LONG` is refused.
    """
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    from trainlab.draw.terminal import lasting_terminal, line_a_minute
    from trainlab.execution.demand import at_most

    console = lasting_terminal()
    percent_and_words = TextColumn("{task.percentage:>3.0f} %  {task.fields[words]}")
    columns = (TextColumn(label), BarColumn(), percent_and_words)
    hidden = not console.is_terminal
    bar = Bar(*columns, console=console, transient=True, disable=hidden, redirect_stdout=False)
    show = Show(bar)
    with nullcontext() if yes else at_most(LONG), bar, line_a_minute(lambda: f"{label}, {show.words()}"):
        yield show


def trained(
    function: Callable[..., Shown],
    asked: object,
    *,
    engine: str,
    runs: Runs,
    words: Callable[[Any], str] | None = None,
    **options: Any,
) -> Shown:
    """Return what a function of trainlab that trains makes of what is `asked`; show its progress meanwhile.

    `words` come before those of the training, where the function's progress has more than that.
    """
    with progress_line(yes=runs.yes) as show:

        def note(progress: Any) -> None:
            if words is None:
                show(progress)
            else:
                show(progress.training, before=words(progress))

        return function(asked, **options, **runs.settings(engine, note))


def progress_words(progress: Progress) -> str:
    """Return runs done, the rate in network-steps a second, and the time left, in words.

    Rate and time left only after a few chunks: the first ones include the start of the engine.
    """
    from trainlab.execution.plan import DOCTOR

    ahead = f"{progress.ahead}: " if progress.ahead else ""
    done = f"{ahead}{progress.runs_done:,} of {progress.runs_total:,} runs"
    if progress.stopping:
        # Alone, to fit 80 columns.
        return "finishing what is in progress; Ctrl-C again stops at once"
    if progress.engine == DOCTOR:
        return _judged_words(progress)
    if progress.seconds_left is None or progress.chunks_done < FEW:
        return done
    return f"{done}, {_rate_words(progress.rate)}, {seconds_words(progress.seconds_left)} left"


def _judged_words(progress: Progress) -> str:
    """Return the same when runs are trained once more to tell why they failed."""
    words = f"why runs failed: {progress.runs_done:,} of {progress.runs_total:,} judged"
    if progress.seconds_left is None or progress.chunks_done < FEW:
        return words
    return f"{words}, {seconds_words(progress.seconds_left)} left"


def seconds_words(seconds: float) -> str:
    """Return a time as ``12 s`` or ``2 min 5 s``."""
    whole = round(seconds)
    return f"{whole} s" if whole < 100 else f"{whole // 60} min {whole % 60} s"


def _rate_words(rate: float) -> str:
    return f"{rate / 1e6:.1f} million steps/s" if rate >= 1e6 else f"{rate:,.0f} steps/s"
