"""Each fault's finding on the training that has it (tests/diagnosis/faults)."""

from __future__ import annotations

import importlib
import json
from functools import partial
from pathlib import Path

import torch
from diagnosis.watched import diagnosed
from golden.case import Case
from golden.views import Views

from trainlab.diagnosis.show import report_text
from trainlab.report import diagnosis_html

FOLDER = Path(__file__).parents[1] / "diagnosis" / "faults"


def finding(name: str) -> Views:
    """Train with a fault under the probe, and return the report."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        training = importlib.import_module(f"diagnosis.faults.{name}")
        report = diagnosed(lambda: training.train(True), whole_process=name == "eval_on_train")
    finally:
        torch.set_num_threads(before)
    data = json.loads(report.to_json())
    terminal = [report_text(data), "$ trainlab doctor --details", report_text(data, details=True)]
    return Views(data=data, terminal="\n".join(terminal), page=diagnosis_html(data))


NAMES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "made")
CASES = {f"fault_{name}": Case(make=partial(finding, name)) for name in NAMES}
