"""What one question may cost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """The most that one question may ask for.

    `work` is steps × examples of a step × parameters × seeds, readings of all examples counted like steps.
    """

    seeds: int = 1024
    parameters: int = 20_000
    examples: int = 10_000
    work: float = 4e10
