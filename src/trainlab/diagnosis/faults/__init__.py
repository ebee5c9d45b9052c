"""The faults in words: what docs/faults.md, verdicts and pages say of each."""

from __future__ import annotations

from trainlab.diagnosis.faults import calls, data, loss, settings, signs, start, wiring
from trainlab.diagnosis.faults.fault import Fault

FAMILIES = {
    "The loop": calls.FAULTS,
    "The network": wiring.FAULTS,
    "The loss and its targets": loss.FAULTS,
    "The data": data.FAULTS,
    "Settings": settings.FAULTS,
    "The start": start.FAULTS,
    "What shows in the numbers": signs.FAULTS,
}

FAULTS: dict[str, Fault] = {fault.name: fault for family in FAMILIES.values() for fault in family}

__all__ = ["FAMILIES", "FAULTS", "Fault"]
