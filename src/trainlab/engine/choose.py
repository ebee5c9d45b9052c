"""Engines by name."""

from __future__ import annotations

from trainlab.engine.protocol import Engine
from trainlab.errors import EngineError, listing, nearest

ENGINES = ("fast", "reference")
"""The names that `get_engine` takes."""


def get_engine(name: str) -> Engine:
    """Return the engine of that name; imports what it needs (numba or torch) only now."""
    if name == "fast":
        from trainlab.engine.fast import FastEngine

        return FastEngine()
    if name == "reference":
        from trainlab.engine.reference import ReferenceEngine

        return ReferenceEngine()
    raise EngineError(f"engine = {name!r}: must be {listing(ENGINES)}.{nearest(name, ENGINES)}")
