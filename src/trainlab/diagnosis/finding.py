"""What is said about a fault that was found."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from trainlab.diagnosis.pictures.kinds import Picture
from trainlab.diagnosis.place import NOWHERE, Place, place_from

AS_TRIED = "as tried"
"""In the code of a remedy: it has the value that did most when it was tried."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """What shows that a fault is to blame for a training that fails: that it's there is no proof of that.

    ``structure``: with this fault nothing more can be learnt, whatever else is changed. ``trial``: without it
    the training learns. ``nothing``: it was found, no more. `words` say what the proof is, or, where there is
    none, what speaks against it.
    """

    by: Literal["nothing", "structure", "trial"] = "nothing"
    words: str = ""


FOUND = Proof()


def by_structure(words: str) -> Proof:
    """Return the proof that nothing more can be learnt with this fault; `words` say why."""
    return Proof(by="structure", words=words)


def proven_if(holds: bool, words: str) -> Proof:
    """Return that proof if it holds, else none."""
    return by_structure(words) if holds else FOUND


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """A fault, its place, the numbers that show it, and what to change.

    `fault` and its `title` are put in by the fault that was asked (`diagnosis.fault`). `where` says in words
    what `place` has in parts; `value` is the number that the remedy sets, if it sets one. `confidence`
    (0 to 1) is that the fault is there, `proof` shows that it is to blame. `consequence_of` names the finding
    that explains this one, `because` says how. `picture` holds the numbers of a picture
    (`diagnosis.pictures`), `tried` what trying its remedies came to (`diagnosis.remedies`); `training` names
    the training that it is of, where a script has several.
    """

    fault: str = ""
    title: str = ""
    where: str
    place: Place = NOWHERE
    confidence: float
    proof: Proof = FOUND
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

    def as_tried(self, told: dict[str, Any]) -> Finding:
        """Return it as trials have left it in JSON: its remedy, its proof, what explains it."""
        return replace(
            self,
            tried=told["tried"],
            proof=Proof(**told["proof"]),
            remedy=told["remedy"]["text"],
            code=told["remedy"]["code"],
            consequence_of=told["consequence_of"],
            because=told["because"],
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as JSON has it."""
        return {
            "fault": self.fault,
            "title": self.title,
            "where": self.where,
            "place": self.place.to_dict(),
            "confidence": round(self.confidence, 2),
            "proof": asdict(self.proof),
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
