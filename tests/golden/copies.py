"""The copies on disk: how results differ from them, and how they are written.

A copy is a file of sections, one a view of the result; `findings.txt` has one a fault instead. To remove a
result or a fault is to remove its file or its section.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from golden.compare import Numbers, difference, shape

FOLDER = Path(__file__).parent / "copies"
_HEADING = re.compile(r"^=== (\w+) ===\n", re.MULTILINE)

Sections = Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A result of which a copy is kept in `file`, or, if it has a name, in that `section` of it.

    `numbers` says how near to their copy's they must be. Of what is shown as another result is, only lines
    are kept that the other's file, `beside`, hasn't.
    """

    make: Callable[[], Sections]
    file: str
    section: str = ""
    numbers: Numbers = "close"
    beside: str = ""

    def of(self, sections: Sections) -> dict[str, str]:
        """Return those of a file's sections that are this case's."""
        return {name: text for name, text in sections.items() if self.section in ("", name)}


@cache
def made(case: Case) -> dict[str, str]:
    """Return what a result's sections would be now."""
    other = kept(case.beside) if case.beside else {}
    return {name: _without(other.get(name, ""), text) for name, text in case.make().items()}


def _without(other: str, text: str) -> str:
    """Return the lines of a text that the other hasn't, numbers aside."""
    there = {shape(line) for line in other.splitlines()}
    return "".join(f"{line}\n" for line in text.splitlines() if shape(line) not in there)


def differences(case: Case) -> str:
    """Return how a result differs from its copy, as short diffs; nothing if it doesn't."""
    old, new = case.of(kept(case.file)), made(case)
    found = [
        difference(old.get(name, ""), new.get(name, ""), name=f"{case.file}: {name}", numbers=case.numbers)
        for name in dict.fromkeys([*new, *old])
    ]
    return "\n".join(part for part in found if part)


def write(case: Case) -> None:
    """Write a result's sections, in place of those there are."""
    there = kept(case.file)
    sections = {name: text for name, text in there.items() if name not in case.of(there)} | made(case)
    names = sorted(sections) if case.section else list(sections)
    _save(case.file, {name: sections[name] for name in names})


def stale(cases: Mapping[str, Case]) -> Iterator[tuple[str, str]]:
    """Yield file and name of sections that are no case's."""
    for path in sorted(FOLDER.iterdir()):
        of_it = [case for case in cases.values() if case.file == path.name]
        for name in kept(path.name):
            if not any(case.section in ("", name) for case in of_it):
                yield path.name, name


def remove(file: str, section: str) -> None:
    """Remove a section, and a file that has no other."""
    sections = kept(file)
    del sections[section]
    _save(file, sections)


def kept(file: str) -> dict[str, str]:
    """Return a file's sections by their names; none if it isn't there."""
    path = FOLDER / file
    if not path.exists():
        return {}
    _, *parts = _HEADING.split(path.read_text(encoding="utf-8"))
    return {name: f"{text.rstrip()}\n" for name, text in zip(parts[::2], parts[1::2], strict=True)}


def _save(file: str, sections: Sections) -> None:
    path = FOLDER / file
    if sections:
        text = "\n".join(f"=== {name} ===\n{text}" for name, text in sections.items())
        path.write_text(text, encoding="utf-8")
    else:
        path.unlink()
