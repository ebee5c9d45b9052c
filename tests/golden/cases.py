"""All results of which copies are kept, by name."""

from __future__ import annotations

import pytest
from golden import findings, results, sentences
from golden.copies import Case, differences

CASES: dict[str, Case] = {**findings.CASES, **results.CASES, **sentences.CASES}


def as_its_copy(name: str) -> None:
    """Fail, with what has changed, if a result differs from its copy."""
    found = differences(CASES[name])
    if found:
        pytest.fail(
            f"What users see of {name} has changed:\n{found}\n"
            f"If it is meant so, make the copy anew with scripts/golden {name}, and read its git diff.",
            pytrace=False,
        )
