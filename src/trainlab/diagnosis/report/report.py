"""What a diagnosis says: findings in the order of blame, and notes that accuse nobody."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.report.verdict import verdict, verdict_of_several
from trainlab.diagnosis.signals.learnt import State
from trainlab.draw import JSON_FORMAT, json_text
from trainlab.stats import Verdict


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Report:
    """The whole diagnosis. `print(report)` shows what the command does, `verdicts` is the answer.

    `findings` are in the order of blame, `notes` accuse nobody. `ended` says how the training came to its
    end, `card` what was trained, `outcome` with what result, `tried` what trying remedies came to. `recipe`
    has the questions that a sound training answers with yes, and its answers.
    `to_dict()` and `to_json()` give everything.

    Of a script with several trainings, `trainings` has a report of each, by its `name`; `findings` and
    `notes` are those of all, of failing trainings first, `outcome` is that of the training `judged`: the
    first that fails, or else the longest.
    """

    findings: tuple[Finding, ...]
    notes: tuple[Finding, ...]
    card: dict[str, Any]
    looked_at: dict[str, Any]
    ended: dict[str, Any]
    outcome: dict[str, Any]
    troubles: tuple[str, ...] = ()
    picture: dict[str, Any] | None = None
    tried: dict[str, Any] | None = None
    recipe: tuple[dict[str, str], ...] = ()
    name: str = ""
    trainings: tuple[Report, ...] = ()
    judged: str = ""

    @property
    def verdict(self) -> str:
        """The diagnosis in a sentence."""
        return str(self.to_dict()["verdict"])

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """The diagnosis, and what trying remedies came to if any were tried; no statement is judged."""
        tried = [] if self.tried is None else [Verdict(topic="tried", sentence=self.tried["words"])]
        return (Verdict(topic="diagnosis", sentence=self.verdict), *tried)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data; the format is documented in docs/json.md."""
        data: dict[str, Any] = {
            "format": JSON_FORMAT,
            "verdict": "",
            "findings": [finding.to_dict() for finding in self.findings],
            "notes": [note.to_dict() for note in self.notes],
            "card": self.card,
            "looked_at": self.looked_at,
            "ended": self.ended,
            "outcome": self.outcome,
            "recipe": list(self.recipe),
            "troubles": list(self.troubles),
            "picture": self.picture,
            "tried": self.tried,
        }
        if not self.trainings:
            return data | {"verdict": verdict(data)}
        data |= {"judged": self.judged, "trainings": [one._as_one_of_several() for one in self.trainings]}
        return data | {"verdict": verdict_of_several(data)}

    def _as_one_of_several(self) -> dict[str, Any]:
        """Return what `to_dict` has of one training, without what concerns the whole script."""
        own = self.to_dict()
        names = ("verdict", "findings", "notes", "card", "looked_at", "outcome", "recipe", "picture")
        return {"name": self.name} | {name: own[name] for name in names}

    def to_json(self) -> str:
        """Return `to_dict` as text; a number that isn't finite is null."""
        return json_text(self.to_dict())

    def __repr__(self) -> str:
        faults = ", ".join(finding.fault for finding in self.findings) or "no findings"
        return f"<Report: {self.outcome['state']}; {faults}>"

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"

    def __str__(self) -> str:
        from trainlab.diagnosis.report.show import report_text

        return report_text(self.to_dict())

    def details(self) -> str:
        """Return the whole report as text: what was trained, each finding with its picture, notes."""
        from trainlab.diagnosis.report.show import report_text

        return report_text(self.to_dict(), details=True)


# What a report says where it is read again as JSON has it: how the training ended, and with what outcome.


def part_of(report: dict[str, Any], training: str) -> dict[str, Any]:
    """Return what a report has of a training by its name; where it has none, the report itself."""
    return next((one for one in report.get("trainings", ()) if one["name"] == training), report)


def first_cause(report: dict[str, Any]) -> dict[str, Any] | None:
    """Return the first finding that no other one explains; None if nothing was found."""
    return next((one for one in report["findings"] if not one["consequence_of"]), None)


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
