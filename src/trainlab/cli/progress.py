"""Progress on stderr while a study runs."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from trainlab.execution.demand import at_most
from trainlab.execution.progress import DOCTOR

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from trainlab.execution import Progress

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

    def hide(self) -> None:
        """Take the bar away until the next progress, so that something can be printed."""
        self._bar.stop()


@contextmanager
def progress_line(label: str = "training", *, yes: bool = True) -> Generator[Show]:
    """Show a bar, the rate and the time left while the block runs; nothing if stderr is no terminal.

    Without `yes`, training that would take longer than `LONG` is refused.
    """
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    from trainlab.draw.terminal import lasting_terminal

    console = lasting_terminal()
    percent_and_words = TextColumn("{task.percentage:>3.0f} %  {task.fields[words]}")
    columns = (TextColumn(label), BarColumn(), percent_and_words)
    hidden = not console.is_terminal
    bar = Bar(*columns, console=console, transient=True, disable=hidden, redirect_stdout=False)
    with nullcontext() if yes else at_most(LONG), bar:
        yield Show(bar)


def progress_words(progress: Progress) -> str:
    """Return runs done, the rate in network-steps a second, and the time left, in words.

    Rate and time left only after a few chunks: the first ones include the start of the engine.
    """
    ahead = f"{progress.ahead}: " if progress.ahead else ""
    done = f"{ahead}{progress.runs_done:,} of {progress.runs_total:,} runs"
    if progress.stopping:
        # Alone, to fit 80 columns.
        return "finishing what is in progress; Ctrl-C again stops at once"
    if progress.engine == DOCTOR:
        return _judged_words(progress)
    if not progress.chunks_done:
        compiling = ", first chunk (a new kernel compiles some seconds)"
        return f"{done}{compiling if progress.engine == 'fast' else ''}"
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
