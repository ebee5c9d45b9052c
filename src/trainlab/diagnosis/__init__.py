"""The doctor: what keeps a training from learning, where, by which numbers, and what to change."""

from trainlab.diagnosis.findings import Finding, Report
from trainlab.diagnosis.plan import Plan
from trainlab.diagnosis.runner import run_script
from trainlab.diagnosis.show import show_report
from trainlab.diagnosis.watching import Watch, watch

__all__ = ["Finding", "Plan", "Report", "Watch", "run_script", "show_report", "watch"]
