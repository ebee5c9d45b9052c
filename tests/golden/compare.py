"""Whether a view is as its copy: words to the letter, numbers but for what another processor changes."""

from __future__ import annotations

import re
from difflib import SequenceMatcher, unified_diff
from typing import Literal

Numbers = Literal["close", "any"]
SAME = 0.01
"""Of a number with a fraction, how far it may be from its copy, as a share."""
NOISE = 1e-9
"""Numbers that differ by less do so by the rounding of float64."""
BARS = "▁▂▃▄▅▆▇█"
RAISED = "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"
TOKEN = re.compile(
    rf"(?<![\w.:#])[-−+]?\d+(?:,\d{{3}})*(?:\.\d+)?(?:e[-+]?\d+|×10[{RAISED}]+|[{RAISED}]+)?(?![\w{RAISED}]|\.\d)"
    rf"|[{BARS}]+"
)
"""A number that stands by itself, or a drawing in text; not the line of a file, as in ``made.py:51``."""
RULE = re.compile(r"[─━]{2,}")
"""Lines of a table, as long as its columns are wide."""
MOST_LINES = 40
"""Of a difference that are shown."""


def difference(old: str, new: str, *, name: str, numbers: Numbers = "close") -> str:
    """Return how a view differs from its copy, as a short diff; nothing if it doesn't.

    `numbers` says whether those with a fraction must be ``close`` to the copy's, or may be ``any``: after a
    training that amplifies rounding. Numbers without one, where they are close, must be the same. Lines may
    end elsewhere only where a number is printed wider or narrower.
    """
    before, after = old.splitlines(), new.splitlines()
    moves = _widths(old) != _widths(new)
    shapes = [shape(line) for line in before], [shape(line) for line in after]
    same: list[str] = []
    for action, start, end, begin, stop in SequenceMatcher(None, *shapes, autojunk=False).get_opcodes():
        old_lines, new_lines = before[start:end], after[begin:stop]
        if action == "equal":
            pairs = zip(old_lines, new_lines, strict=True)
            same += [was if _alike(was, now, numbers, moves=moves) else now for was, now in pairs]
        else:
            same += old_lines if moves and _only_wrapped(old_lines, new_lines, numbers) else new_lines
    lines = list(unified_diff(before, same, f"copies/{name}", "now", lineterm="", n=1))
    more = len(lines) - MOST_LINES
    return "\n".join([*lines[:MOST_LINES], *([f"… and {more} more lines"] if more > 0 else [])])


def shape(line: str) -> str:
    """Return a line without its numbers and bars, whose width changes the spaces beside them and rules."""
    return re.sub(r" +", " ", RULE.sub("─", TOKEN.sub("#", line)))


def _widths(text: str) -> list[int]:
    return [len(number) for number in TOKEN.findall(text)]


def _only_wrapped(old_lines: list[str], new_lines: list[str], numbers: Numbers) -> bool:
    """Return whether these are the same words, and the same numbers in other widths, but end elsewhere."""
    old, new = (" ".join(RULE.sub(" ", line) for line in lines) for lines in (old_lines, new_lines))
    same = shape(old).split() == shape(new).split()
    return same and _widths(old) != _widths(new) and _alike(old, new, numbers)


def _alike(old: str, new: str, numbers: Numbers, *, moves: bool = False) -> bool:
    """Return whether two lines of one shape are the same but for rounding, and, if that moves them, rules."""
    before, after = TOKEN.findall(old), TOKEN.findall(new)
    if before == after:
        return old == new or (moves and RULE.search(old) is not None)
    return numbers == "any" or all(_close(*pair) for pair in zip(before, after, strict=True))


def _close(old: str, new: str) -> bool:
    if old == new:
        return True
    if (old[0] in BARS) != (new[0] in BARS):
        return False
    if old[0] in BARS:
        return _close_bars(old, new)
    a, b = _plain(old), _plain(new)
    if not any("." in each or "e" in each for each in (a, b)):
        return False
    # Where a number lies between two that can be printed, rounding may go either way.
    last = min(_last_place(a), _last_place(b)) * 1.01
    return abs(float(a) - float(b)) <= max(NOISE, SAME * abs(float(a)), last)


def _close_bars(old: str, new: str) -> bool:
    if len(set(old)) == len(set(new)) == 1 and old[0] == new[0]:
        return abs(len(old) - len(new)) <= 1
    levels = [abs(BARS.index(a) - BARS.index(b)) for a, b in zip(old, new, strict=False)]
    return len(old) == len(new) and max(levels) <= 1


def _plain(number: str) -> str:
    """Return a number as Python writes it: ``1.2e-5`` for ``1.2×10⁻⁵``."""
    words = number.replace(",", "").replace("−", "-").replace("×10", "e")
    if "e" not in words and words[-1] in RAISED:
        words = re.sub(f"^([-+]?)10([{RAISED}]+)$", r"\1e\2", words).replace("e", "1e", 1)
    return words.translate(str.maketrans(RAISED, "-0123456789"))


def _last_place(number: str) -> float:
    """Return the worth of the last digit: 0.01 of ``1.39``."""
    digits, _, power = number.partition("e")
    return 10.0 ** (int(power or 0) - len(digits.partition(".")[2]))
