"""Why one run failed: by its record at once, then by the doctor's rules, beside a run that was solved.

Frames of kind ``why-seed``, without arrays. The first says what the record tells; where PyTorch is installed
a second follows with what the doctor finds in the run, trained once more under its eyes, and a third that
says whether a solved run shows the same: what it shares is no reason why this one failed.

`sentence` is the answer, `by` ``record`` or ``doctor``, `ending` as in `run_words.ending_of`. `fault` (null
where no rule tells a cause), `title`, `where`, `evidence`, `remedy`, `confidence` and `others` (`fault`,
`title`) are the doctor's; `beside` is the solved `seed`, and whether it has the `same` fault, null where
there is none or isn't one yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from trainlab.diagnosis.faults import all_faults
from trainlab.diagnosis.judge.study_run import JudgedRun, judge_run
from trainlab.engine import Engine, Runs, engine_of, get_engine, select
from trainlab.engine.choose import has_torch
from trainlab.engine.run_steps import engine_alone
from trainlab.spec import Experiment
from trainlab.web.answers.one_run import run_of
from trainlab.web.answers.run_words import ending_of, why_it_failed
from trainlab.web.frames import Frame
from trainlab.web.limits import Limits
from trainlab.web.questions import WhySeed
from trainlab.web.reading import experiment_of
from trainlab.web.wanted import check_wanted


def answer_why_seed(question: WhySeed, limits: Limits) -> Iterator[Frame]:
    """Yield why a seed's run failed: from its record, from the doctor, and beside a solved run."""
    experiment = experiment_of(question.experiment, limits)
    run = run_of(experiment, question.seed)
    recorded = why_it_failed(run)
    judging = recorded is not None and has_torch()
    sentence = recorded or f"Seed {question.seed:,} didn't fail: it is solved at the end."
    yield _frame(run, {"by": "record", "sentence": sentence}, last=not judging)
    if not judging:
        return
    engine = _engine(experiment)
    check_wanted()
    found = judge_run(run, engine)
    check_wanted()
    beside = _solved_beside(experiment, question.seed) if found.fault else None
    yield _frame(run, _told(found, sentence), last=beside is None)
    if beside is not None:
        other = judge_run(beside, engine)
        yield _frame(run, _told(found, sentence, other if other.found_again else None), last=True)


def _engine(experiment: Experiment) -> Engine:
    name = engine_of("auto", experiment)
    return engine_alone(experiment) if name == "fast" else get_engine(name)


def _solved_beside(experiment: Experiment, seed: int) -> Runs | None:
    """Return the next solved run, of those that are trained in the time of one; None if none is."""
    engine = _engine(experiment)
    count = getattr(engine, "networks", None) or 1
    (runs,) = engine.train(experiment, range(seed + 1, seed + 1 + count))
    solved = np.flatnonzero(runs.solved)
    if not len(solved):
        return None
    first = runs.first_seed + int(solved[0])
    return select(runs, range(first, first + 1))


def _frame(run: Runs, told: dict[str, Any], *, last: bool) -> Frame:
    fields = {"seed": run.first_seed, "ending": ending_of(run), **_NOTHING, **told}
    return Frame(kind="why-seed", fields=fields, last=last)


_NOTHING: dict[str, Any] = {
    "fault": None,
    "title": "",
    "where": "",
    "evidence": [],
    "remedy": "",
    "confidence": None,
    "others": [],
    "beside": None,
}


def _told(found: JudgedRun, recorded: str, other: JudgedRun | None = None) -> dict[str, Any]:
    """Return what the doctor found, and whether a solved run has the same."""
    if not found.found_again:
        return {"by": "record", "sentence": recorded}
    if not found.fault:
        rest = "its loss no longer fell" if found.at_rest else "its loss was still falling"
        return {"by": "doctor", "sentence": f"{recorded} The doctor's rules tell no cause; {rest}."}
    title = all_faults()[found.fault].title
    words = f"{recorded} The doctor finds that {title}: {found.where}."
    beside: dict[str, Any] | None = None
    if other is not None:
        same = found.fault in (other.fault, *other.others)
        beside = {"seed": other.seed, "same": same}
        words += (
            f" So it is with seed {other.seed:,}, which was solved all the same."
            if same
            else f" Seed {other.seed:,}, which was solved, doesn't have that."
        )
    return {
        "by": "doctor",
        "sentence": words,
        "fault": found.fault,
        "title": title,
        "where": found.where,
        "evidence": list(found.evidence),
        "remedy": found.remedy,
        "confidence": found.confidence,
        "others": [{"fault": name, "title": all_faults()[name].title} for name in found.others],
        "beside": beside,
    }
