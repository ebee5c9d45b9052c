"""What a user sees of a result: its JSON, the terminal at 80 columns, and the words of its page."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from golden.page_words import page_words

ROOT = Path(__file__).parents[2]
LONGEST = 8
"""Items of a list that a copy keeps; of a longer one the first, how many there are, and the last."""
DIGITS = 4
NOT_OURS = ("seconds", "trained_seconds", "seconds_a_run", "machine", "workers", "versions")
"""Fields of the JSON that tell of the machine and the moment."""
PACKAGES = "trainlab|python|Python|numpy|NumPy|scipy|SciPy|torch|PyTorch|numba"
MOMENTS = (
    (re.compile(rf"\b({PACKAGES}) \d+\.\d[\w.+]*"), r"\1 VERSION"),
    (re.compile(r"\b\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?)?"), "DATE"),
    (re.compile(r"\b[\d.,]+ (ms|s|seconds?|minutes?)\b"), r"TIME \1"),
    (re.compile(r"\b(Linux|Darwin|Windows) \w+, \d+ processors?"), "MACHINE"),
    (re.compile(r"\b\d+ workers?\b"), "WORKERS"),
)
"""What isn't the product's: versions, dates, times, machines."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Views:
    """A result as its reader has it: its JSON as `data`, plain text, and HTML where there is a page."""

    data: dict[str, Any]
    terminal: str
    page: str = ""

    def files(self, name: str) -> dict[str, str]:
        """Return the copies of a result by the names of their files."""
        texts = {
            "json": _json_text(shortened(self.data)),
            "terminal.txt": "\n".join(line.rstrip() for line in self.terminal.splitlines()),
            "page.txt": "\n".join(page_words(self.page)),
        }
        return {
            f"{name}.{kind}": _without_moments(text).rstrip("\n") + "\n"
            for kind, text in texts.items()
            if text
        }


def shortened(data: Any) -> Any:
    """Return JSON's data with what is the machine's masked, numbers of few digits, and long lists cut."""
    if isinstance(data, dict):
        return {key: "…" if key in NOT_OURS else shortened(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        if len(data) > LONGEST:
            first, last = data[: LONGEST // 2], data[-1]
            return [*map(shortened, first), f"… {len(data)} in all …", shortened(last)]
        return [shortened(each) for each in data]
    if isinstance(data, float):
        return float(f"{data:.{DIGITS}g}")
    return data


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


def _without_moments(text: str) -> str:
    text = text.replace(f"{ROOT}/", "")
    for pattern, mask in MOMENTS:
        text = pattern.sub(mask, text)
    return text
