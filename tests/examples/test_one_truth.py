"""What a shipped script has learnt is the same from the doctor, from seeds, and from who tries remedies."""

from __future__ import annotations

import time
from pathlib import Path
from threading import Event

import pytest

from trainlab.diagnosis import Plan, run_script
from trainlab.diagnosis.remedies import Job, ScriptTrials
from trainlab.diagnosis.remedies.trial_verdict import learns
from trainlab.diagnosis.seeds.process_pool import ProcessPool
from trainlab.diagnosis.seeds.question import Question
from trainlab.diagnosis.seeds.script_runs import own_run, seed_run

EXAMPLES = Path(__file__).parents[2] / "examples"


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
