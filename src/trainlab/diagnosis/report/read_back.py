"""What a report says where it is read again as JSON has it: how the training ended, and with what outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from trainlab.diagnosis.signals.learnt import State


@dataclass(frozen=True, kw_only=True, slots=True)
class Cause:
    """A finding that no other one explains."""

    fault: str
    title: str
    link: str


def part_of(report: dict[str, Any], training: str) -> dict[str, Any]:
    """Return what a report has of a training by its name; where it has none, the report itself."""
    return next((one for one in report.get("trainings", ()) if one["name"] == training), report)


def first_cause(report: dict[str, Any]) -> Cause | None:
    """Return the first finding that no other one explains; None if nothing was found."""
    for one in report["findings"]:
        if not one["consequence_of"]:
            return Cause(fault=one["fault"], title=one["title"], link=one["link"])
    return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """How the training came to its end (`how`), the script's exit `code`, and a `message` or nothing."""

    how: str
    code: int
    message: str

    @property
    def broken_off(self) -> bool:
        """Whether an exception or a signal ended it."""
        return self.how in ("error", "killed")

    @property
    def failed(self) -> bool:
        """Whether it was broken off, or ended itself with an exit code other than 0."""
        return self.broken_off or self.code != 0


def ended_from(report: dict[str, Any]) -> Ended:
    """Return how the training of a report ended."""
    ended = report["ended"]
    return Ended(how=ended["how"], code=ended.get("code") or 0, message=str(ended.get("message") or ""))


def rule_trouble(report: dict[str, Any]) -> str:
    """Say why the user's rule couldn't be judged, though the training went to its end; else nothing."""
    found, ended = report["outcome"].get("solved"), ended_from(report)
    if found is None or found["solved"] is not None or ended.failed or ended.how in _CUT_SHORT:
        return ""
    return str(found["trouble"])


_CUT_SHORT = ("steps", "time", "interrupted", "still training")


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """With what result a training ended; numbers are None where they aren't known."""

    state: State
    reached: float | None = None
    reached_as: str | None = None
    neighbours_reach: float | None = None
    data_allow: float | None = None
    behind: bool = False
    first_loss: float | None = None
    last_loss: float | None = None
    constant_answer_loss: float | None = None
    loss_by_constant: float | None = None
    fit_by_constant: float | None = None


def outcome_from(fields: dict[str, Any]) -> Outcome:
    """Return the outcome that a report has (`judge.outcome`)."""
    return Outcome(**{name: fields[name] for name in Outcome.__dataclass_fields__})
