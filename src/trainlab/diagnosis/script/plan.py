"""What a process that runs a user's script is asked to do; written by the parent, read by the child."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """One run of a script.

    Args:
        script: the file, a script or a notebook; ``-m`` where the first argument is a module's name.
        arguments: its own arguments.
        steps: end it after so many optimizer steps; 0 for no limit.
        seconds: end it after so much time; 0 for no limit.
        seed: run it as with another random seed (`reseed`); None as it is.
        seed_from_start: the script makes no modules: change the seeds it sets itself, from the start.
        remedy: what to change from outside; None for nothing.
        beside: report what a population needs, too (`seeds.beside`): whether it is to be `lifted` (a file to
            write to) and the `variable` whose value at the end is wanted; None for nothing.
    """

    script: str
    arguments: tuple[str, ...] = ()
    steps: int = 0
    seconds: float = 0.0
    seed: int | None = None
    seed_from_start: bool = False
    remedy: dict[str, Any] | None = None
    beside: dict[str, str] | None = None

    def to_json(self) -> bytes:
        """Return the plan as the child reads it."""
        return msgspec.json.encode(self)


def plan_from_json(text: bytes) -> Plan:
    """Read a plan."""
    return msgspec.json.decode(text, type=Plan)
