"""What users see of results is what it was; `scripts/golden` makes the copies anew."""

from __future__ import annotations

import pytest
from golden.cases import CASES
from golden.copies_on_disk import differences


@pytest.mark.parametrize("name", CASES)
def test_a_result_is_as_its_golden_copies(name: str):
    found = differences(name)
    if found:
        pytest.fail(
            f"What users see of {name} has changed:\n{found}\n"
            f"If it is meant so, make the copies anew with scripts/golden {name}, and read their git diff.",
            pytrace=False,
        )
