"""What do the doctor's rules blame of the unsolved runs? A few are trained once more and looked into.

Kind ``why``. Every frame is about the runs looked into so far:

| field | what it is |
|---|---|
| `failed`, `n` | how many of the seeds failed, of how many |
| `looked_into`, `of` | failed runs looked into so far, and how many will be |
| `lost` | how many of these ended elsewhere than before, and aren't counted |
| `causes` | ``[{fault, title, words, rate, solved, where, seeds, evidence}]``, the commonest first |
| `unexplained`, `at_rest` | rates of runs of which no rule tells a cause; those whose loss no longer fell |
| `sentence` | the answer |
| `method` | which runs were looked into, and how |

Rates are ``{k, n, low, high}``, or null; `solved` is how often solved runs would have been blamed alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, zip_longest
from typing import Any

import numpy as np

from trainlab.diagnosis.faults import all_faults
from trainlab.diagnosis.judge.study_run import JudgedRun, judge_run
from trainlab.draw import counted
from trainlab.engine import Engine, Runs, engine_of, get_engine, select
from trainlab.engine.choose import has_torch
from trainlab.engine.run_steps import engine_alone
from trainlab.errors import EngineError, lacking
from trainlab.report.study_page import AT_REST, ON_ITS_WAY, evidence_words
from trainlab.spec import Experiment
from trainlab.stats import Rate
from trainlab.studies.why_failed import WhyFailed, blamed, chosen_runs
from trainlab.web.answers.one_run import ending_of, run_of, why_it_failed
from trainlab.web.answers.population import Training
from trainlab.web.experiment_forms import experiment_of
from trainlab.web.frames import Frame
from trainlab.web.questions import Limits, Why, WhySeed, check_wanted

METHOD = (
    "The failed runs with the lowest seeds are trained once more and judged by the doctor's rules; as many "
    "solved ones beside them, as if they had failed: what these have as often is no reason why the others "
    "did."
)


def answer_why(question: Why, limits: Limits) -> Iterator[Frame]:
    """Yield what more and more of the failed runs are blamed on."""
    if not has_torch():
        raise EngineError(lacking("why", "PyTorch", extra="torch"))
    experiment = experiment_of(question.experiment, limits, seeds=question.seeds)
    training = Training.of(experiment)
    seeds = range(question.first_seed, question.first_seed + question.seeds)
    (runs,) = training.engine.train(training.experiment, seeds, threads=1)
    failed, solved = chosen_runs(runs, question.runs)
    # In turns, so that what is told of failed runs is soon beside what solved ones have.
    turns = [each for each in chain(*zip_longest(failed, solved)) if each is not None]
    judged: dict[int, JudgedRun] = {}
    if not turns or not failed:
        yield _frame(runs, [], [], of=0, last=True)
    for seed in turns:
        check_wanted()
        judged[seed] = judge_run(select(runs, range(seed, seed + 1)), training.engine)
        yield _frame(
            runs,
            [judged[each] for each in failed if each in judged],
            [judged[each] for each in solved if each in judged],
            of=len(failed),
            last=len(judged) == len(turns),
        )


def _frame(
    runs: Runs, failed: Sequence[JudgedRun], solved: Sequence[JudgedRun], *, of: int, last: bool
) -> Frame:
    unsolved = int((~runs.solved).sum())
    found = blamed(unsolved, failed, solved)
    told = found.to_dict()
    for cause, words in zip(told["causes"], evidence_words(found), strict=True):
        cause["words"] = words
    return Frame(
        kind="why",
        fields={
            **told,
            "n": len(runs.solved),
            "of": of,
            "sentence": _sentence(found),
            "method": METHOD,
        },
        last=last,
    )


def _sentence(found: WhyFailed) -> str:
    if not found.failed:
        return "No run failed."
    shares: list[tuple[str, Rate | None]] = [(cause.title, cause.rate) for cause in found.causes]
    shares += [(AT_REST, found.at_rest), (ON_ITS_WAY, found.on_its_way)]
    parts = [f"{words} ({share.k:,})" for words, share in shares if share is not None and share.k]
    if found.lost:
        parts.append(f"ended elsewhere than before ({found.lost:,})")
    return f"Of {counted(found.looked_into, 'failed run')} looked into: {'; '.join(parts)}."


# Why one run failed: by its record at once, then by the doctor's rules, beside a run that was solved.
#
# Frames of kind ``why-seed``, without arrays. The first says what the record tells; where PyTorch is
# installed a second follows with what the doctor finds in the run, trained once more under its eyes, and a
# third that says whether a solved run shows the same: what it shares is no reason why this one failed.
#
# `sentence` is the answer, `by` ``record`` or ``doctor``, `ending` as in `one_run.ending_of`. `fault` (null
# where no rule tells a cause), `title`, `where`, `evidence`, `remedy`, `confidence` and `others` (`fault`,
# `title`) are the doctor's; `beside` is the solved `seed`, and whether it has the `same` fault, null where
# there is none or isn't one yet.


def answer_why_seed(question: WhySeed, limits: Limits) -> Iterator[Frame]:
    """Yield why a seed's run failed: from its record, from the doctor, and beside a solved run."""
    experiment = experiment_of(question.experiment, limits)
    run = run_of(experiment, question.seed)
    recorded = why_it_failed(run)
    judging = recorded is not None and has_torch()
    sentence = recorded or f"Seed {question.seed:,} didn't fail: it is solved at the end."
    yield _seed_frame(run, {"by": "record", "sentence": sentence}, last=not judging)
    if not judging:
        return
    engine = _engine(experiment)
    check_wanted()
    found = judge_run(run, engine)
    check_wanted()
    beside = _solved_beside(experiment, question.seed) if found.fault else None
    yield _seed_frame(run, _doctor_told(found, sentence), last=beside is None)
    if beside is not None:
        other = judge_run(beside, engine)
        yield _seed_frame(run, _doctor_told(found, sentence, other if other.found_again else None), last=True)


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


def _seed_frame(run: Runs, told: dict[str, Any], *, last: bool) -> Frame:
    fields = {"seed": run.first_seed, "ending": ending_of(run), **_NOTHING_FOUND, **told}
    return Frame(kind="why-seed", fields=fields, last=last)


_NOTHING_FOUND: dict[str, Any] = {
    "fault": None,
    "title": "",
    "where": "",
    "evidence": [],
    "remedy": "",
    "confidence": None,
    "others": [],
    "beside": None,
}


def _doctor_told(found: JudgedRun, recorded: str, other: JudgedRun | None = None) -> dict[str, Any]:
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
