"""The sections of an explanation, declared once a question: what each is called, and what makes it.

A section is made of `Evidence`, an object of the question's own that computes what several sections share
when it is first asked for. So a section alone needs nothing that only others are made of.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from trainlab.errors import ExplainError, listing, nearest, shown
from trainlab.explain.common.options import listed
from trainlab.page.section import Section

OnSection = Callable[[Section], None]
Evidence = TypeVar("Evidence", contravariant=True)


def _no_numbers(_evidence: object) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, kw_only=True, slots=True)
class Part(Generic[Evidence]):
    """A section by its name: what makes it, or says why there is nothing to show; and its numbers."""

    name: str
    section: Callable[[Evidence], Section | str]
    numbers: Callable[[Evidence], dict[str, Any]] = _no_numbers


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """The sections that were made, in order, with their numbers; `whole` says that none was left out."""

    names: frozenset[str]
    whole: bool
    sections: tuple[Section, ...]
    numbers: dict[str, Any]

    def has(self, *names: str) -> bool:
        """Return whether one of these parts is among those told."""
        return not self.names.isdisjoint(names)


def check_parts(declared: Sequence[Part[Any]], given: object, *, option: str = "parts =") -> tuple[str, ...]:
    """Return the names of the parts asked for; none stands for all of them.

    Raises:
        ExplainError: one is unknown; `option` is how it was given.
    """
    known = [part.name for part in declared]
    names = listed("parts", given, example=repr(known[0]))
    for name in names:
        if name not in known:
            raise ExplainError(
                f"{option} {shown(name)}: must be {listing(known)}.{nearest(str(name), known)}"
            )
    return names


def tell_parts(
    declared: Sequence[Part[Evidence]],
    names: Sequence[str],
    evidence: Evidence,
    on_section: OnSection | None,
) -> Told:
    """Make the parts that are named, all if none is, and hand each section over as soon as it is ready.

    A part with nothing to show says why if it was named, and is left out of the whole.
    """
    chosen = [part for part in declared if not names or part.name in names]
    sections: list[Section] = []
    numbers: dict[str, Any] = {}
    for part in chosen:
        section = part.section(evidence)
        if isinstance(section, str) and names:
            heading = part.name.replace("-", " ").capitalize()
            section = Section(name=part.name, heading=heading, text=(f"Nothing to show: {section}",))
        if not isinstance(section, str):
            sections.append(section)
            if on_section is not None:
                on_section(section)
        numbers |= part.numbers(evidence)
    return Told(
        names=frozenset(part.name for part in chosen),
        whole=not names,
        sections=tuple(sections),
        numbers=numbers,
    )


def with_note(section: Section, note: str) -> Section:
    """Return the section with a note that ends its text, unless it is empty."""
    return replace(section, text=(*section.text, note)) if note else section
