"""Progress on stderr while a study runs."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from trainlab.execution import Progress


class Show(Protocol):
    """What shows progress."""

    def __call__(self, progress: Progress, *, before: str = "") -> None:
        """Show it; `before` stands before its words."""
        ...


@contextmanager
def progress_line() -> Generator[Show]:
    """Show a bar, the rate and the time left while the block runs; nothing if stderr is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    percent_and_words = TextColumn("{task.percentage:>3.0f} %  {task.fields[words]}")
    columns = (TextColumn("training"), BarColumn(), percent_and_words)
    hidden = not console.is_terminal
    with Bar(*columns, console=console, transient=True, disable=hidden) as bar:
        task = bar.add_task("training", total=1.0, words="compiling the kernel, some seconds the first time")

        def show(progress: Progress, *, before: str = "") -> None:
            total = max(progress.steps_total, 1)
            words = f"{before}{progress_words(progress)}"
            bar.update(task, completed=progress.steps_done, total=total, words=words)

        yield show


def progress_words(progress: Progress) -> str:
    """Return runs done, the rate in network-steps a second, and the time left, in words."""
    done = f"{progress.runs_done:,} of {progress.runs_total:,} runs"
    if progress.seconds_left is None:
        return done
    seconds = round(progress.seconds_left)
    left = f"{seconds} s" if seconds < 100 else f"{seconds // 60} min {seconds % 60} s"
    return f"{done}, {progress.rate / 1e6:.1f} million steps/s, {left} left"
