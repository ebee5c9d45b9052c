"""A statement of the assignment, judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from docs.explained import Explained

Outcome = Literal["upheld", "in part", "refuted", "bounded"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """What was said, how it fares, the numbers that say so, and from how many seeds (0: no training)."""

    page: str
    said: str
    outcome: Outcome
    numbers: str
    seeds: str


Maker = Callable[[Explained], Statement]
