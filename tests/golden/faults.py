"""Each fault's finding on the training that has it (tests/diagnosis/faults)."""

from __future__ import annotations

import importlib
import json
from functools import partial
from pathlib import Path
from typing import Any

import torch
from diagnosis.watched import diagnosed
from golden.case import Case
from golden.views import Views

from trainlab.diagnosis.report.show import report_text
from trainlab.report import diagnosis_html

FOLDER = Path(__file__).parents[1] / "diagnosis" / "faults"
CHAOTIC = ("bad_momentum", "bad_weight_init", "batchnorm_small_batch", "lr_too_high", "symmetric_init")
"""Trainings that amplify the rounding of float32 to other words and numbers: these are in float64."""
WILD = ("bad_weight_init",)
"""Those that amplify the rounding of float64 as well: of these the words count."""


def finding(name: str) -> Views:
    """Train with a fault under the probe, and return the report."""
    threads, dtype = torch.get_num_threads(), torch.get_default_dtype()
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64 if name in CHAOTIC else dtype)
    try:
        training = importlib.import_module(f"diagnosis.faults.{name}")
        report = diagnosed(lambda: training.train(True), whole_process=name == "eval_on_train")
    finally:
        torch.set_num_threads(threads)
        torch.set_default_dtype(dtype)
    return diagnosis(json.loads(report.to_json()))


def diagnosis(data: dict[str, Any]) -> Views:
    """Return a diagnosis as the command shows it, in short and with details, and as its page."""
    terminal = [report_text(data), "$ trainlab doctor --details", report_text(data, details=True)]
    return Views(data=data, terminal="\n".join(terminal), page=diagnosis_html(data))


NAMES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "made")
CASES = {
    f"fault_{name}": Case(make=partial(finding, name), numbers="any" if name in WILD else "close")
    for name in NAMES
}
