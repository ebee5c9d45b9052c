"""Text wrapped for the terminal, at spaces only; a percent sign always stays with its number."""

from __future__ import annotations

_JOINED = "\N{NO-BREAK SPACE}"


def unbroken(text: str) -> str:
    """Return text whose percent signs stay on the line of their number."""
    return text.replace(" %", f"{_JOINED}%")


def wrapped(text: str, width: int, *, first: str = "", rest: str = "") -> list[str]:
    """Return the text in lines of at most `width`, the first after `first`, the others after `rest`.

    A name longer than a line stays whole; a number and its % stay together. If `first` takes up a line, it
    has a line of its own.

    >>> wrapped("solved by 95 % of the seeds", 14)
    ['solved by 95 %', 'of the seeds']
    """
    lines: list[str] = []
    start = first
    if rest and len(first.rstrip()) > len(rest):
        lines, start = [first.rstrip()], rest
    # One space between words, except those that stay together.
    words = " ".join(text.split())
    for line in fold(unbroken(words), width, begun=(start, rest)).split("\n"):
        lines.append(line.replace(_JOINED, " ").rstrip())
    return lines


def fold(text: str, width: int, *, begun: tuple[str, str] = ("", "")) -> str:
    """Return the text in lines of at most `width`, broken at spaces only; a longer word has its own line.

    Wide characters count twice. The first line begins with the first of `begun`, the others with the second.
    """
    # Not for `import trainlab`, which needs no terminal.
    from rich.cells import cell_len

    lines: list[str] = []
    first, rest = begun
    for part in text.split("\n"):
        word, *words = part.split(" ")
        line = f"{rest if lines else first}{word}"
        for word in words:
            if cell_len(line) + 1 + cell_len(word) <= width:
                line = f"{line} {word}"
            else:
                lines.append(line.rstrip())
                line = f"{rest}{word}"
        lines.append(line)
    return "\n".join(lines)
