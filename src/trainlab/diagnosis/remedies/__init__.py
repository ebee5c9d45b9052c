"""Remedies that are tried: applied from outside, on the same seeds as the training left as it is."""

from trainlab.diagnosis.remedies.processes import ScriptRuns
from trainlab.diagnosis.remedies.remedy import Remedy
from trainlab.diagnosis.remedies.runs import Job, Run, Runner
from trainlab.diagnosis.remedies.trying import BUDGET, SEEDS, Trying
from trainlab.diagnosis.remedies.wording import code_as_tried

__all__ = ["BUDGET", "SEEDS", "Job", "Remedy", "Run", "Runner", "ScriptRuns", "Trying", "code_as_tried"]
