"""What does B do that A doesn't? Two experiments on the same seeds, in frames that grow.

Kind ``compare``. Every frame is about the seeds trained so far, from the first on:

| field | what it is |
|---|---|
| `a`, `b` | the fields of a ``population`` (without `engine`, `seconds` and `how`) |
| `n`, `of`, `first_seed` | seeds so far, seeds asked for, the first of them |
| `effect` | B's share solved less A's: ``{estimate, low, high, p_adjusted, p_small_adjusted, reading}`` |
| `sentence` | the answer |
| `changes`, `changes_sentence` | what differs, ``[{field, words}]``, and whether that is one thing |
| `seconds`, `how` | what the training has taken so far, in numbers and words |

The effect and its interval are those of a study: Bonett and Price's, paired by seed.

Arrays: those of a ``population`` of each, as `a_solved`, `b_loss`, `a_curve`; and `rescued` f8[r], the seeds
that only B solves, `lost` f8[l], those that only A solves (float64 holds every seed exactly).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from trainlab.draw import counted
from trainlab.engine import Runs
from trainlab.errors import SpecError
from trainlab.spec import Experiment
from trainlab.stats import ReadEstimate, Reading, paired_difference, read_family
from trainlab.web.answers.advice import advice_on
from trainlab.web.answers.differences import differ_sentence, differences
from trainlab.web.answers.population import population_arrays, population_fields
from trainlab.web.answers.training import Training, growing, how_words
from trainlab.web.frames import Frame, Numbers
from trainlab.web.limits import Limits
from trainlab.web.questions import Compare
from trainlab.web.reading import experiment_of

CLAIMS: Mapping[Reading, str] = {
    "helps": "B solves more seeds than A",
    "hurts": "B solves fewer seeds than A",
    "shown to be small": "B is shown to change the share solved by less than 2 points",
    "no difference seen": "No difference is seen between A and B",
}


def answer_compare(question: Compare, limits: Limits) -> Iterator[Frame]:
    """Yield what B does that A doesn't, on more and more seeds."""
    each = replace(limits, work=limits.work / 2)
    a = _read("A", question.a, each, question.seeds)
    b = _read("B", question.b, each, question.seeds)
    trainings = [Training.of(a), Training.of(b)]
    advice = [advice_on(one, question.first_seed) for one in (a, b)]
    changes = differences(a, b)
    seeds = range(question.first_seed, question.first_seed + question.seeds)
    for grown in growing(trainings, seeds):
        runs_a, runs_b = grown.runs
        effect = read_family({"B": paired_difference(runs_a.solved, runs_b.solved)})["B"]
        rescued, lost = _turned(runs_a, runs_b)
        fields: dict[str, object] = {
            "a": population_fields(runs_a, asked=len(seeds), advice=advice[0]),
            "b": population_fields(runs_b, asked=len(seeds), advice=advice[1]),
            "n": grown.count,
            "of": len(seeds),
            "first_seed": seeds.start,
            "effect": effect.to_dict(),
            "sentence": _sentence(effect, runs_a, runs_b, len(rescued), len(lost)),
            "changes": changes,
            "changes_sentence": differ_sentence(changes),
            "seconds": grown.seconds,
            "how": how_words(grown, trainings),
        }
        yield Frame(
            kind="compare",
            fields=fields,
            arrays={
                **{f"a_{name}": values for name, values in population_arrays(runs_a).items()},
                **{f"b_{name}": values for name, values in population_arrays(runs_b).items()},
                "rescued": rescued,
                "lost": lost,
            },
            last=grown.count == len(seeds),
        )


def _read(side: str, data: Mapping[str, Any], limits: Limits, seeds: int) -> Experiment:
    try:
        return experiment_of(data, limits, seeds=seeds)
    except SpecError as error:
        raise SpecError(f"{side}: {error}") from None


def _turned(a: Runs, b: Runs) -> tuple[Numbers, Numbers]:
    """Return the seeds that only B solves, and those that only A does."""
    return _seeds(a, b.solved & ~a.solved), _seeds(a, a.solved & ~b.solved)


def _seeds(runs: Runs, which: npt.NDArray[np.bool_]) -> Numbers:
    return runs.first_seed + np.flatnonzero(which).astype(np.float64)


def _sentence(effect: ReadEstimate, a: Runs, b: Runs, rescued: int, lost: int) -> str:
    solved = f"{int(b.solved.sum()):,} of {counted(len(b.solved), 'seed')}, A {int(a.solved.sum()):,}"
    turned = f"{counted(rescued, 'seed')} rescued, {lost:,} lost" if rescued or lost else "no seed turns"
    differ = "" if a.experiment.solved == b.experiment.solved else " They count different things as solved."
    return f"{CLAIMS[effect.reading]}: {solved}; {effect.value}; {turned}.{differ}"
