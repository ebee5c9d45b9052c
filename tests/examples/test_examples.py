"""The shipped examples: what is said of each is the same from all who are asked."""

from __future__ import annotations

import re
import time
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from threading import Event
from types import ModuleType
from typing import Any

import pytest

import trainlab
from trainlab.diagnosis import Plan, run_script
from trainlab.diagnosis.remedies.script_trials import ScriptTrials
from trainlab.diagnosis.remedies.trial import Job
from trainlab.diagnosis.remedies.trial_verdict import learns
from trainlab.diagnosis.report.card import card_facts
from trainlab.diagnosis.script.process_pool import ProcessPool
from trainlab.diagnosis.seeds.populate import own_run, populate, seed_run
from trainlab.diagnosis.seeds.question import Question
from trainlab.explain import chain_rule
from trainlab.report import cell_code
from trainlab.spec import Experiment, load_study

pytestmark = pytest.mark.usefixtures("all_forking")

EXAMPLES = Path(__file__).parents[2] / "examples"

# What a shipped script has learnt is the same from the doctor, from seeds, and from who tries remedies.


@pytest.mark.process
@pytest.mark.parametrize(
    ("name", "state"),
    [("skipped_layer.py", "stuck"), ("silent_network.py", None), ("seeds_of_xor.py", None)],
)
def test_all_who_judge_say_the_same(name: str, state: str | None):
    plan = Plan(script=str(EXAMPLES / name))
    outcome = run_script(plan, output_to_stderr=True)["outcome"]
    if state is not None:
        assert outcome["state"] == state
    question = Question(script=plan.script, count=1)
    own = own_run(question, Event())
    assert own is not None
    assert (own.state, own.reached) == (outcome["state"], outcome["reached"])
    assert own.relative_loss == outcome["loss_by_constant"]
    ((_, tried),) = ScriptTrials(plan, seconds=60.0).run([Job(1)], deadline=time.monotonic() + 300)
    (ran,) = ProcessPool(workers=1).carry_out([question.plan(1)], Event())
    other = seed_run(ran, "")
    assert tried.outcome is not None
    assert (other.state, other.reached) == (tried.outcome.state, tried.outcome.reached)
    assert other.state != "unknown"
    assert learns(tried, tried) == (other.state == "learnt")


# Does the gradient of Model 3 vanish? All who are asked, of its baseline, say the same.

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
    question = Question(script=script, count=2)
    result = populate(question, stop=Event(), on_progress=lambda *_: None)
    assert result is not None
    found = result.to_dict()
    assert found["success"]["rate"]["k"] == 0
    named = [one for one in found["failures"]["causes"] if one["name"] != "unexplained"]
    assert named[0]["name"] == "vanishing_gradient"


# Model 3 as it was handed in: the doctor names the layer that `forward` skips, and both counts.

SKIPPED = Plan(script=str(EXAMPLES / "skipped_layer.py"))


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    return run_script(SKIPPED, output_to_stderr=True)


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
    run_script(SKIPPED, output_to_stderr=True)
    told = [line for line in capfd.readouterr().err.splitlines() if " -> " in line]
    answers = {line.split(" -> ")[1] for line in told}
    assert (len(told), len(answers)) == (4, 1)


# Optuna's example runs, small: the objective is trainlab's rate, and a search is the same every time.


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = spec_from_file_location("optuna_objective", EXAMPLES / "optuna_objective.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_objective_is_the_rate(example: ModuleType) -> None:
    import optuna

    trial = optuna.trial.FixedTrial({"lr": 0.02, "std": 1.0})
    value = example.share_solved(trial, seeds=16, store=None)
    base = trainlab.Experiment.from_dict(example.BASE)
    assert (base.optimizer.lr, base.init.weight.std) == (0.02, 1.0)
    solved = trainlab.run(base, seeds=16).cells[0].solved
    assert value == solved.estimate
    assert trial.user_attrs["interval"] == (solved.low, solved.high)


def test_a_search_finds_something_and_is_the_same_every_time(example: ModuleType) -> None:
    first, again = (example.search(trials=8, seeds=16) for _ in range(2))
    values = [trial.values[0] for trial in first.trials]
    assert values == [trial.values[0] for trial in again.trials]
    assert first.best_value == max(values) > min(values)
