"""What a diagnosis says: findings in the order of blame, and notes that accuse nobody."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.report.several import verdict_of_several
from trainlab.diagnosis.report.verdict import verdict
from trainlab.draw import JSON_FORMAT, json_text
from trainlab.stats import Verdict


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Report:
    """The whole diagnosis. `print(report)` shows what the command does, `verdicts` is the answer.

    `findings` are in the order of blame, `notes` accuse nobody. `ended` says how the training came to its
    end, `card` what was trained, `outcome` with what result, `tried` what trying remedies came to.
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
        names = ("verdict", "findings", "notes", "card", "looked_at", "outcome", "picture")
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
