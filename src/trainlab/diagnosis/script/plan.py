"""What a process that runs a user's script is asked to do; written by the parent, read by the child."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec


@dataclass(frozen=True, kw_only=True, slots=True)
class Extras:
    """What a run of a population reports besides its diagnosis (`seeds.run_extras`).

    Args:
        variable: the name of a variable of the script, whose value at the end is wanted; empty for none.
        recording: a file to write the training to, as lifting needs it; empty for none.
        light: it is recorded beside a diagnosis, which it must not burden: what is large is given up at once.
    """

    variable: str = ""
    recording: str = ""
    light: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """One run of a script.

    Args:
        script: the file, a script or a notebook; ``-m`` where the first argument is a module's name.
        arguments: its own arguments.
        steps: end it after this many optimizer steps; 0 for no limit.
        seconds: end it after this much time; 0 for no limit.
        seed: run it as with another random seed (`reseed`); None as it is.
        seed_from_start: change the seeds that the script sets from the start, as it makes no modules.
        remedy: what to change from outside; None for nothing.
        extras: report this as well, for a population; None for nothing.
        keep_arguments: tell the arguments in the report, and not only how many.
        solved: the user's own rule of success (`signals.users_rule`); empty for none.
    """

    script: str
    arguments: tuple[str, ...] = ()
    steps: int = 0
    seconds: float = 0.0
    seed: int | None = None
    seed_from_start: bool = False
    remedy: dict[str, Any] | None = None
    extras: Extras | None = None
    solved: str = ""
    keep_arguments: bool = False

    def to_json(self) -> bytes:
        """Return the plan as the child reads it."""
        return msgspec.json.encode(self)


def plan_from_json(text: bytes) -> Plan:
    """Read a plan."""
    return msgspec.json.decode(text, type=Plan)
