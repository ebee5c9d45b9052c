"""How results were made: engine, time, machine, versions."""

from __future__ import annotations

from trainlab.execution import Provenance


def provenance_terms(how: Provenance) -> list[tuple[str, str]]:
    """Return terms with their explanation, for a page's section on method."""
    return [
        ("Engine", f"{how.engine}: {how.engine_reason}"),
        ("Time", time_words(how)),
        ("Machine", f"{how.machine}; {how.workers} workers"),
        ("Versions", ", ".join(f"{name} {value}" for name, value in how.versions.items())),
    ]


def provenance_line(how: Provenance) -> str:
    """Return engine, version and time in a line for the terminal."""
    engine = f"{how.engine} engine, trainlab {how.versions.get('trainlab', '')}".rstrip()
    return f"{engine}; {time_words(how)}"


def time_words(how: Provenance) -> str:
    """Return how long the call took, and how much of it was training."""
    if not how.trained_steps:
        return f"{how.seconds:.1f} s; every run was already stored, none was trained"
    words = f"{how.seconds:.1f} s; {how.trained_steps:,} steps trained in {how.trained_seconds:.1f} s"
    kernel = ", loading the kernel included, or compiling it the first time"
    return f"{words}{kernel if 'fast' in how.engine else ''}"
