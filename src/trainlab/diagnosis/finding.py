"""What is said about a fault that was found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from trainlab.diagnosis.pictures.kinds import Picture
from trainlab.diagnosis.place import NOWHERE, Place, place_from


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """A fault, its place, the numbers that show it, and what to change.

    `fault` and its `title` are put in by the fault that was asked (`diagnosis.fault`). `where` says in words
    what `place` has in parts; `value` is the number that the remedy sets, if it sets one. `confidence` is
    between 0 and 1; `consequence_of` names the finding that explains this one, `because` says how; `picture`
    holds the numbers of a picture (`diagnosis.pictures`); `tried` what trying its remedies came to
    (`diagnosis.remedies`); `training` names the training that it is of, where a script has several.
    """

    fault: str = ""
    title: str = ""
    where: str
    place: Place = NOWHERE
    confidence: float
    evidence: tuple[str, ...]
    remedy: str
    code: str = ""
    value: float | None = None
    consequence_of: str | None = None
    because: str = ""
    picture: Picture | None = None
    tried: dict[str, Any] | None = None
    is_note: bool = False
    training: str = ""

    def as_note(self) -> Finding:
        """Return the same as a note: worth knowing, but no accusation."""
        return replace(self, is_note=True)

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as JSON has it."""
        return {
            "fault": self.fault,
            "title": self.title,
            "where": self.where,
            "place": self.place.to_dict(),
            "confidence": round(self.confidence, 2),
            "evidence": list(self.evidence),
            "remedy": {"text": self.remedy, "code": self.code, "value": self.value},
            "consequence_of": self.consequence_of,
            "because": self.because,
            "picture": self.picture,
            "link": f"docs/faults.md#{self.fault}",
            "tried": self.tried,
            **({"training": self.training} if self.training else {}),
        }


def finding_from(data: dict[str, Any]) -> Finding:
    """Return a finding that JSON has, with what remedies are chosen by."""
    return Finding(
        fault=data["fault"],
        where=data["where"],
        place=place_from(data.get("place", {})),
        confidence=data.get("confidence", 0.0),
        evidence=tuple(data["evidence"]),
        remedy=data["remedy"]["text"],
        code=data["remedy"]["code"],
        value=data["remedy"].get("value"),
    )
