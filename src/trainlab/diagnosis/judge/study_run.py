"""A run of an experiment, trained once more and judged by the rules for scripts."""

from __future__ import annotations

import hashlib
import math
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import msgspec

from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.judge.diagnose import diagnose
from trainlab.diagnosis.judge.outcome import KnownFailure
from trainlab.diagnosis.report.report import Report
from trainlab.engine import Engine, Runs
from trainlab.spec import Custom, Experiment
from trainlab.spec.record import solved_words

AS_BEFORE = 0.01
"""A run trained by another engine is the same if its loss ends within 1 % of the recorded one."""
AT_REST = "loss_plateau"


class JudgedRun(msgspec.Struct, frozen=True, kw_only=True):
    """What the rules say kept a run from its goal; of a solved one, what they would say had it failed.

    `found_again` says that it ended where its record says; otherwise nothing was judged. `fault` is the first
    cause, empty if no rule tells one; `others` are what else was found. `at_rest`: no cause is told, and the
    loss no longer fell. `confidence`, `where`, `evidence` and `remedy` are those of the first cause.
    """

    seed: int
    found_again: bool
    fault: str = ""
    confidence: float = 0.0
    where: str = ""
    evidence: tuple[str, ...] = ()
    remedy: str = ""
    others: tuple[str, ...] = ()
    at_rest: bool = False


def judge_run(run: Runs, engine: Engine) -> JudgedRun:
    """Train a run, ``Runs`` of a single seed, once more, and tell what the rules blame.

    `engine` is the one that recorded it. It trains the run to the bit as it was, read at the steps that a
    probe looks at; where an experiment can't be read so, the run is trained in PyTorch instead.
    """
    # In a thread of its own no line of the caller's is on the stack, to be taken for the training's, and
    # whoever listens to the caller doesn't hear it.
    with ThreadPoolExecutor(1) as alone:
        return alone.submit(_judge, run, engine).result()


def _judge(run: Runs, engine: Engine) -> JudgedRun:
    import torch

    from trainlab.diagnosis.judge.study_run_playback import play, trail_of, train

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        trail = trail_of(run, engine)
        if trail is not None:
            seen, whole = play(trail)
            again = trail.ends_as_recorded
        else:
            seen, whole, loss = train(run.experiment, run.first_seed, str(run.loss.dtype))
            again = _alike(loss, float(run.loss[0]))
    finally:
        torch.set_num_threads(threads)
    if not again:
        return JudgedRun(seed=run.first_seed, found_again=False)
    goal = f"the goal was missed: a run is solved {solved_words(run.experiment.solved)}"
    return _told(run.first_seed, diagnose(seen, missed=KnownFailure(goal=goal, whole=whole)))


def stays_here(experiment: Experiment) -> bool:
    """Return whether a run can only be judged in this process, where its loss function is."""
    return isinstance(experiment.loss, Custom)


def _told(seed: int, report: Report) -> JudgedRun:
    causes = [one for one in report.findings if one.fault != AT_REST]
    others = tuple(one.fault for one in causes[1:])
    resting = any(one.fault == AT_REST for one in (*report.findings, *report.notes))
    if not causes:
        return JudgedRun(seed=seed, found_again=True, at_rest=resting)
    first: Finding = causes[0]
    return JudgedRun(
        seed=seed,
        found_again=True,
        fault=first.fault,
        confidence=first.confidence,
        where=first.where,
        evidence=first.evidence,
        remedy=first.remedy,
        others=others,
    )


def _alike(loss: float, recorded: float) -> bool:
    if not math.isfinite(recorded) or not math.isfinite(loss):
        return math.isfinite(recorded) == math.isfinite(loss)
    return abs(loss - recorded) <= AS_BEFORE * abs(recorded)


@cache
def rules_digest() -> str:
    """Return a digest of the code that judges: findings of other code are made anew."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parents[1].rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
