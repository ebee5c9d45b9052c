"""Where a command's results go: files written whole or not at all, the terminal, and progress on stderr."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from trainlab.errors import SpecError

if TYPE_CHECKING:
    from trainlab.execution import Progress

DEFAULT_STORE = ".trainlab"


def check_writable(option: str, path: str | None) -> None:
    """Refuse, before any work is done, a file that could not be written after it."""
    if path is None or path == "-":
        return
    file = Path(path)
    if file.is_dir():
        raise SpecError(f"{option} {path}: is a folder; give the name of a file in it.")
    folder = file.resolve().parent
    if not folder.is_dir():
        raise SpecError(f"{option} {path}: the folder {file.parent} does not exist. Make it first.")
    if not os.access(folder, os.W_OK):
        raise SpecError(f"{option} {path}: the folder {file.parent} can't be written to.")


def write_text(option: str, path: str, text: str) -> None:
    """Write a file whole, or leave what was there: to a neighbour first, then renamed. ``-`` is stdout."""
    if path == "-":
        sys.stdout.write(text)
        return
    file = Path(path)
    try:
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=file.parent, delete=False) as neighbour:
            neighbour.write(text)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(neighbour.name, 0o666 & ~mask)
        os.replace(neighbour.name, file)
    except OSError as error:
        raise SpecError(f"{option} {path}: can't be written ({error.strerror}).") from None


@contextmanager
def progress_line() -> Generator[Callable[[Progress], None]]:
    """Show a bar, the rate and the time left on stderr while the block runs; nothing if stderr is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    columns = (TextColumn("training"), BarColumn(), TextColumn("{task.percentage:>3.0f} %  {task.fields[words]}"))
    with Bar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("training", total=1.0, words="compiling the kernel, some seconds the first time")

        def show(progress: Progress) -> None:
            bar.update(
                task, completed=progress.steps_done, total=max(progress.steps_total, 1), words=progress_words(progress)
            )

        yield show


def progress_words(progress: Progress) -> str:
    """Return runs done, the rate in network-steps a second, and the time left, in words."""
    done = f"{progress.runs_done:,} of {progress.runs_total:,} runs"
    if progress.seconds_left is None:
        return done
    seconds = round(progress.seconds_left)
    left = f"{seconds} s" if seconds < 100 else f"{seconds // 60} min {seconds % 60} s"
    return f"{done}, {progress.rate / 1e6:.1f} million steps/s, {left} left"
