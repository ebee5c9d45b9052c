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

Rates are ``{k, n, low, high}``, or null; `solved` is how often solved runs would have been blamed alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, zip_longest
from typing import TYPE_CHECKING

from trainlab.draw import counted
from trainlab.engine import Runs, select
from trainlab.engine.choose import has_torch
from trainlab.errors import EngineError
from trainlab.stats import Rate
from trainlab.studies.why_failed import WhyFailed, blamed, chosen_runs
from trainlab.web.answers.training import Training
from trainlab.web.frames import Frame
from trainlab.web.limits import Limits
from trainlab.web.questions import Why
from trainlab.web.reading import experiment_of
from trainlab.web.wanted import check_wanted

if TYPE_CHECKING:
    from trainlab.diagnosis.judge.study_run import JudgedRun

METHOD = (
    "The failed runs with the lowest seeds are trained once more and judged by the doctor's rules; as many "
    "solved ones beside them, as if they had failed: what these have as often is no reason why the others "
    "did."
)


def answer_why(question: Why, limits: Limits) -> Iterator[Frame]:
    """Yield what more and more of the failed runs are blamed on."""
    if not has_torch():
        raise EngineError("why: failed runs are judged in PyTorch; pip install 'trainlab[torch]'.")
    from trainlab.diagnosis.judge.study_run import judge_run

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
    from trainlab.report.study.why_failed_part import evidence_words

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
    from trainlab.report.study.why_failed_part import AT_REST, ON_ITS_WAY

    if not found.failed:
        return "No run failed."
    shares: list[tuple[str, Rate | None]] = [(cause.title, cause.rate) for cause in found.causes]
    shares += [(AT_REST, found.at_rest), (ON_ITS_WAY, found.on_its_way)]
    parts = [f"{words} ({share.k:,})" for words, share in shares if share is not None and share.k]
    if found.lost:
        parts.append(f"ended elsewhere than before ({found.lost:,})")
    return f"Of {counted(found.looked_into, 'failed run')} looked into: {'; '.join(parts)}."
