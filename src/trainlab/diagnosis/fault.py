"""What the doctor knows of a fault: its words, how it is judged, shown and mended, and what it causes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from trainlab.diagnosis.edits import holds
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.pictures.kinds import Picture
from trainlab.diagnosis.remedies.remedy import Remedy
from trainlab.diagnosis.signals.training import Training

Judge = Callable[[Training], Finding | None]
Maker = Callable[[Training], Picture | None]
Edit = Callable[[Finding, Training], str]
Remedies = tuple[Remedy, ...] | Callable[[Finding], tuple[Remedy, ...]]

SYMPTOMS = "What shows in the numbers"
FAMILIES = (
    "The loop",
    "The network",
    "The loss and its targets",
    "The data",
    "Settings",
    "The start",
    SYMPTOMS,
)
"""In the order of the pages."""
GROWTH = ("exploding_gradient", "nonfinite_values", "dead_relu", "saturated_activation", "oscillating_loss")
"""The symptoms of steps that are too large."""


@dataclass(frozen=True, slots=True)
class Explains:
    """Symptoms that a fault causes; `why` follows the fault's title."""

    symptoms: tuple[str, ...]
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """A fault, whole: each ends its section of its topic's file in `faults/`.

    Args:
        name: what it is called everywhere; the anchor of its section in docs/faults.md.
        family: one of `FAMILIES`, its heading on the pages.
        title: follows "because".
        what: what happens, in a sentence or two.
        formula: when it is found; thresholds come from the section's own constants.
        source: where rule and thresholds come from.
        silent: when it isn't told; follows "silent if".
        proven: when structure proves it to blame (`finding.Proof`); follows "proven if". Empty where only a
            trial can.
        remedy: what to change.
        see: pages of docs/ that say more.
        judge: returns the finding, or None; facts need no gate, symptoms speak only where training fails.
        picture: returns the numbers of its picture (`pictures`), or None where there are none to show.
        edit: returns the remedy as an edit of the user's own line (`edits`), or "" if that isn't certain.
        remedies: what can be tried from outside, best first; a function where it depends on the finding.
        untried: why nothing can be tried from outside.
        not_to_blame: what it changes instead of what is learnt: no training fails of it. Empty where one may.
        explains: what it causes.
        first_blamed: causes that explain it before all others do.
        signals: the names of those that the judge reads (`signals.table`).
    """

    name: str
    family: str
    title: str
    what: str
    formula: str
    source: str
    silent: str
    proven: str = ""
    remedy: str
    judge: Judge
    see: tuple[str, ...] = ()
    picture: Maker | None = None
    edit: Edit | None = None
    remedies: Remedies = ()
    untried: str = "the place in the script isn't known well enough"
    not_to_blame: str = ""
    explains: tuple[Explains, ...] = ()
    first_blamed: tuple[str, ...] = ()
    signals: tuple[str, ...] = ()

    @property
    def rule(self) -> str:
        """When it is found, as pages have it."""
        return _spaced(self.formula)

    @property
    def silence(self) -> str:
        """When it isn't told, as pages have it."""
        return _spaced(self.silent)

    @property
    def proof(self) -> str:
        """When structure proves it to blame, as pages have it."""
        return _spaced(self.proven)

    @property
    def link(self) -> str:
        """Its section, as a path in the repository."""
        return f"docs/faults.md#{self.name}"

    def found(self, training: Training) -> Finding | None:
        """Return what the judge says, under the fault's name."""
        finding = self.judge(training)
        return None if finding is None else replace(finding, fault=self.name, title=self.title)

    def drawn_and_edited(self, finding: Finding, training: Training) -> Finding:
        """Return a finding with its picture, and its remedy in the script's own words."""
        picture = self.picture(training) if self.picture is not None else None
        return replace(finding, code=self.edited(finding, training), picture=picture)

    def edited(self, finding: Finding, training: Training) -> str:
        """Return the remedy as code: an edit of the script's own lines, if it is one that can be made."""
        edit = self.edit(finding, training) if self.edit is not None else ""
        return next((one for one in (edit, finding.code) if one and holds(one)), "")

    def why(self, symptom: str) -> str:
        """Return how it explains another fault, "" if it doesn't."""
        return next((one.why for one in self.explains if symptom in one.symptoms), "")


def _spaced(text: str) -> str:
    return re.sub(r"(?<=\d)%", " %", text)
