"""What there is to say of a fault wherever it is found: the text of its section in docs/faults.md."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import import_module


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """A fault in words.

    `title` goes on after "because"; `formula` and `silent` may hold names of the rule's own constants in
    braces, as ``{SHARE:.0%}``, so that no threshold is written twice; `see` are pages of docs/.
    """

    name: str
    title: str
    what: str
    formula: str
    source: str
    silent: str
    remedy: str
    see: tuple[str, ...] = ()

    @property
    def rule(self) -> str:
        """The formula with the thresholds that the rule has."""
        return self._filled(self.formula)

    @property
    def silence(self) -> str:
        """When the rule is silent, with its thresholds."""
        return self._filled(self.silent)

    def _filled(self, text: str) -> str:
        words = text.format(**vars(import_module(f"trainlab.diagnosis.rules.{self.name}")))
        return re.sub(r"(?<=\d)%", " %", words)

    @property
    def link(self) -> str:
        """Its section, as a path in the repository."""
        return f"docs/faults.md#{self.name}"
