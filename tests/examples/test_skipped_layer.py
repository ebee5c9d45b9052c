"""Model 3 as it was handed in: the doctor names the layer that `forward` skips, and both counts."""

from pathlib import Path
from typing import Any

import pytest

from trainlab.diagnosis import Plan, run_script
from trainlab.diagnosis.report.card_facts import card_facts

FILE = Path(__file__).parents[2] / "examples" / "skipped_layer.py"


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    return run_script(Plan(script=str(FILE)), output_to_stderr=True)


@pytest.mark.process
def test_the_doctor_names_the_layer_first(report: dict[str, Any]) -> None:
    first = report["findings"][0]
    assert (first["fault"], first["where"]) == ("unreachable_params", "lin2 (lin2.weight, lin2.bias)")
    assert "declared 50, reachable from the loss 44, out of reach 6" in first["evidence"]


@pytest.mark.process
def test_the_card_has_both_counts(report: dict[str, Any]) -> None:
    (model,) = report["card"]["models"]
    assert (model["parameters"], model["reachable"]) == (50, 44)
    words = {fact.label: fact.said for fact in card_facts(report)}["model"]
    assert words == "model (Model3): 50 parameters declared, 44 reachable from the loss"


@pytest.mark.process
def test_it_answers_every_point_alike(capfd: pytest.CaptureFixture[str]) -> None:
    run_script(Plan(script=str(FILE)), output_to_stderr=True)
    told = [line for line in capfd.readouterr().err.splitlines() if " -> " in line]
    answers = {line.split(" -> ")[1] for line in told}
    assert (len(told), len(answers)) == (4, 1)
