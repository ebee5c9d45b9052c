"""The copies on disk: how results differ from them, and how they are written."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from golden.cases import CASES
from golden.compare import difference

FOLDER = Path(__file__).parent / "copies"


@cache
def made(name: str) -> dict[str, str]:
    """Return what a result's copies would be now, by their files' names."""
    return CASES[name].make().files(name)


def differences(name: str) -> str:
    """Return how a result differs from its copies, as short diffs; nothing if it doesn't."""
    found: list[str] = []
    for file, new in made(name).items():
        path = FOLDER / file
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        found.append(difference(old, new, name=file, numbers=CASES[name].numbers))
    return "\n".join(part for part in found if part)


def write(name: str) -> None:
    """Write a result's copies."""
    for file, text in made(name).items():
        (FOLDER / file).write_text(text, encoding="utf-8")


def stale() -> list[Path]:
    """Return files in the folder that are no case's copies."""
    return [path for path in sorted(FOLDER.iterdir()) if path.name.partition(".")[0] not in CASES]
