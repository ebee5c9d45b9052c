"""Where a command's results go: files written whole or not at all, or the terminal."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts import Parameter

from trainlab.cli.options import Html, Json, UsageError
from trainlab.errors import printable
from trainlab.whole_file import whole_file

if TYPE_CHECKING:
    from rich.console import Console


_UNPRINTABLE = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What JSON lets pass, and a terminal may take for a command; escaped, it means the same."""


def check_writable(option: str, path: str | None) -> None:
    """Refuse, before any work is done, a file that could not be written after it."""
    if path is None or path == "-":
        return
    if not path:
        raise UsageError(f"{option} '': give the name of a file.")
    if path.startswith("-"):
        raise UsageError(f"{option} {path}: give the name of a file; one that begins so is written ./{path}")
    try:
        file = Path(path)
        if file.is_dir():
            raise UsageError(f"{option} {path}: is a folder; give the name of a file in it.")
        if not file.parent.is_dir():
            raise UsageError(f"{option} {path}: the folder {file.parent} does not exist. Make it first.")
        if file.exists() and not os.access(file, os.W_OK):
            raise UsageError(f"{option} {path}: is read-only. Give another name.")
        if not _is_special(file):
            # Asking for permission isn't enough: some file systems say yes and then refuse.
            tempfile.TemporaryFile(dir=file.resolve().parent).close()
    except (OSError, ValueError) as error:
        if isinstance(error, UsageError):
            raise
        raise UsageError(f"{option} {path}: can't be written ({_reason(error)}).") from None


def check_distinct(places: dict[str, str | None]) -> None:
    """Refuse two of these arguments that name the same file: one would overwrite the other."""
    seen: dict[str, str] = {}
    terminal = [name for name, path in places.items() if path == "-"]
    if len(terminal) > 1:
        raise UsageError(
            f"{terminal[0]} - and {terminal[1]} -: only one can go to the terminal; name a file."
        )
    for name, path in places.items():
        if path is None or (path == "-") or _is_special(Path(path)):
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
        if _is_special(Path(path)):
            # A device or pipe, as in --json /dev/stdout, is written to and never replaced by a file.
            Path(path).write_text(text, encoding="utf-8")
        else:
            with whole_file(path) as file:
                file.write(text.encode())
    except (OSError, ValueError) as error:
        raise UsageError(f"{option} {path}: can't be written ({_reason(error)}).") from None


def _is_special(file: Path) -> bool:
    """Whether something is there that is neither a file nor a folder."""
    return file.exists() and not file.is_file() and not file.is_dir()


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
