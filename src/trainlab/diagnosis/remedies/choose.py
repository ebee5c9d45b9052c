"""Which remedies are tried for a finding, in which order; or why none can be tried from outside."""

from __future__ import annotations

from typing import Any

from trainlab.diagnosis.faults import all_faults
from trainlab.diagnosis.finding import finding_from
from trainlab.diagnosis.remedies.remedy import Remedy

all_faults()  # loaded here, so that no budget is spent on it


def remedies_for(finding: dict[str, Any]) -> tuple[Remedy, ...]:
    """Return the remedies for a finding as JSON has it, best first; none if it has none."""
    remedies = all_faults()[finding["fault"]].remedies
    return remedies(finding_from(finding)) if callable(remedies) else remedies


def why_not(finding: dict[str, Any]) -> str:
    """Say why no remedy can be tried from outside."""
    return all_faults()[finding["fault"]].untried
