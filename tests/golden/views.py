"""What a user sees of a result: its JSON, the terminal at 80 columns, and the words of its page."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from golden.page_words import page_words

ROOT = Path(__file__).parents[2]
LONGEST = 3
"""Items of a list that a copy keeps; of a longer one the first, how many there are, and the last; the first
alone if they have the same keys. So of an object with more fields."""
MOST_WORDS = 10
"""Items of a list of words that a copy keeps."""
DIGITS = 4
NOT_OURS = ("seconds", "trained_seconds", "seconds_a_run", "machine", "workers", "versions")
"""Fields of the JSON that tell of the machine and the moment."""
PACKAGES = "trainlab|python|Python|numpy|NumPy|scipy|SciPy|torch|PyTorch|llvmlite"
MOMENTS = (
    (re.compile(rf"\b({PACKAGES}) \d+\.\d[\w.+]*"), r"\1 VERSION"),
    (re.compile(r"\b\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?)?"), "DATE"),
    (re.compile(r"\b[\d.,]+ (ms|s|seconds?|minutes?)\b"), r"TIME \1"),
    (re.compile(r"\b(Linux|Darwin|Windows) \w+, \d+ processors?"), "MACHINE"),
    (re.compile(r"\b\d+ workers?\b"), "WORKERS"),
    (re.compile(r"(\w\.py):\d+"), r"\1:LINE"),
    (re.compile(r"\bline \d+"), "line LINE"),
    (re.compile(r'"line": \d+'), '"line": LINE'),
)
"""What isn't the product's: versions, dates, times, machines, and the lines of the tests' own files at which
things stand (test_rules.py asks whether they are the right ones)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Views:
    """A result as its reader has it: its JSON as `data`, plain text, and HTML where there is some."""

    data: dict[str, Any]
    terminal: str
    page: str = ""
    notebook: str = ""

    def sections(self) -> dict[str, str]:
        """Return what a copy has of each view."""
        texts = {
            "page": "\n".join(page_words(self.page)),
            "terminal": "\n".join(line.rstrip() for line in self.terminal.splitlines()),
            "notebook": "\n".join(page_words(self.notebook)),
            "json": _json_text(shortened(self.data)),
        }
        return {name: f"{without_moments(text).rstrip()}\n" for name, text in texts.items() if text}


def shortened(data: Any) -> Any:
    """Return JSON's data with what is the machine's masked, numbers of few digits, and long lists cut."""
    if isinstance(data, dict):
        if _alike(list(data.values())):
            (key, first), *others = data.items()
            return {key: shortened(first), **dict.fromkeys((key for key, _ in others), "…")}
        return {key: "…" if key in NOT_OURS else shortened(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        if _alike(data):
            return [shortened(data[0]), f"… {len(data)} alike …"]
        if len(data) > (MOST_WORDS if all(isinstance(each, str) for each in data) else LONGEST):
            return [shortened(data[0]), f"… {len(data)} in all …", shortened(data[-1])]
        return [shortened(each) for each in data]
    if isinstance(data, float):
        return float(f"{data:.{DIGITS}g}")
    return data


def _alike(values: Sequence[Any]) -> bool:
    """Return whether these are too many objects to keep, and all have the same keys."""
    many = len(values) > LONGEST and all(isinstance(each, dict) for each in values)
    return many and len({tuple(each) for each in values}) == 1


def _json_text(data: Any, indent: str = "") -> str:
    """Return JSON with a field a line; what fits beside its key stands there."""
    flat = json.dumps(data, ensure_ascii=False)
    if not isinstance(data, dict | list) or not data or len(indent) + len(flat) <= 100:
        return flat
    deeper = indent + " "
    if isinstance(data, dict):
        parts = [f"{json.dumps(key)}: {_json_text(value, deeper)}" for key, value in data.items()]
        opening, closing = "{}"
    else:
        parts = [_json_text(each, deeper) for each in data]
        opening, closing = "[]"
    return f"{opening}\n{deeper}" + f",\n{deeper}".join(parts) + f"\n{indent}{closing}"


def without_moments(text: str) -> str:
    """Return a text without what isn't the product's."""
    text = text.replace(f"{ROOT}/", "")
    for pattern, mask in MOMENTS:
        text = pattern.sub(mask, text)
    return text
