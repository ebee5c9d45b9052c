"""Sections go out as soon as they are ready."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from trainlab.page.section import Section

OnSection = Callable[[Section], None]


@dataclass(kw_only=True, slots=True)
class Telling:
    """The sections so far, and whom to tell of each one."""

    on_section: OnSection | None = None
    sections: list[Section] = field(default_factory=list[Section])

    def add(self, part: Section, note: str = "") -> None:
        """Add a finished section, and show it; a `note` that isn't empty ends its text."""
        part = replace(part, text=(*part.text, note)) if note else part
        self.sections.append(part)
        if self.on_section is not None:
            self.on_section(part)

    def done(self) -> tuple[Section, ...]:
        """Return all sections, in order."""
        return tuple(self.sections)
