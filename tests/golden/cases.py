"""All results of which golden copies are kept, by name."""

from __future__ import annotations

from golden import diagnoses, faults, questions, studies
from golden.case import Case

CASES: dict[str, Case] = {**faults.CASES, **questions.CASES, **studies.CASES, **diagnoses.CASES}
