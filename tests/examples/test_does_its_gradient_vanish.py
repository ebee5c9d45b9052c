"""Does the gradient of Model 3 vanish? All who are asked, of its baseline, say the same."""

from __future__ import annotations

import re
from threading import Event

import pytest

import trainlab
from trainlab.diagnosis import Plan, run_script
from trainlab.diagnosis.seeds.populate import populate
from trainlab.diagnosis.seeds.question import Question
from trainlab.explain import chain_rule
from trainlab.report import cell_code
from trainlab.spec import Experiment, load_study

CELL = "Model 3:none"


@pytest.fixture(scope="module")
def experiment() -> Experiment:
    return load_study("xor44").experiment("Model 3")


@pytest.fixture(scope="module")
def script(experiment: Experiment, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The cell as a script, as its report has it; from this seed it fails."""
    path = tmp_path_factory.mktemp("model3") / "cell.py"
    path.write_text(cell_code(experiment, 1), encoding="utf-8")
    return str(path)


@pytest.mark.trains
def test_the_study_says_so():
    """By the gradients of a step, as the notebook reads them; by those of all points it says why not."""
    result = trainlab.study("xor44", seeds=60, only=[CELL], store=None)
    (verdict,) = (each for each in result.verdicts if each.topic == "vanishing")
    assert verdict.sentence.startswith(
        "By the gradients of one training step (one example) most of Model 3's failures at the baseline are "
        "vanishing gradients: "
    )
    assert "within one step they don't" in verdict.sentence


@pytest.mark.trains
def test_the_chain_rule_says_so(experiment: Experiment):
    told = " ".join(chain_rule(experiment, seeds=60, store=None).section("population").text)
    after = re.search(r"After 300 epochs, .* the first layer gets so little in (\d+) of 60", told)
    assert after is not None
    assert int(after[1]) > 45


@pytest.mark.process
def test_the_doctor_says_so(script: str):
    report = run_script(Plan(script=script), output_to_stderr=True)
    assert report["outcome"]["state"] == "stuck"
    assert "vanishing_gradient" in [one["fault"] for one in report["findings"]]


@pytest.mark.process
def test_the_seeds_say_so(script: str):
    question = Question(script=script, count=4)
    result = populate(question, stop=Event(), on_progress=lambda *_: None)
    assert result is not None
    found = result.to_dict()
    assert found["success"]["rate"]["k"] == 0
    named = [one for one in found["failures"]["causes"] if one["name"] != "unexplained"]
    assert named[0]["name"] == "vanishing_gradient"
