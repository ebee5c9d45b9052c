"""A result of which golden copies are kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from golden.compare import Numbers
from golden.views import Views


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """How a result is made, and how near its `numbers` must be to those of its copy."""

    make: Callable[[], Views]
    numbers: Numbers = "close"
