"""How often is it solved, and how do its runs go? One experiment on many seeds, in frames that grow.

Kind ``population``. Every frame is about the seeds trained so far, from the first on:

| field | what it is |
|---|---|
| `k`, `n`, `of` | solved, seeds so far, seeds asked for |
| `low`, `high` | the interval of the share solved, from 0 to 1: `stats.rate` |
| `diverged` | how many diverged |
| `right` | ``{k, n, low, high}`` of those that tell every example right; null for a regression |
| `parameters`, `steps` | of one network; optimizer steps of one run |
| `seconds`, `engine`, `how` | what the training has taken so far, which engine did it, and both in words |
| `first_seed` | the seed of the first entry of each array |
| `sentence` | the answer |
| `held_out` | how runs do on the examples held out, in words; null if there are none |
| `why`, `why_rule` | how the others failed, ``[{name, words, k, n, low, high}]``, and by what rule |
| `advice` | what can't go well, ``[{field, words}]`` |
| `solved_is` | what counts as solved |

Arrays: `solved`, `diverged` u1[n], `loss` f4[n] (at the end), `solved_epoch` i4[n] (the first at which it was
found solved, −1 for never), `curve_epochs` i4[E], `curve` f8[5, E]: the quantiles 0.05, 0.25, 0.5, 0.75 and
0.95 of the loss, over the runs that are finite there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from trainlab.engine import Runs
from trainlab.engine.bfloat16 import decode
from trainlab.spec import solved_rule
from trainlab.stats import quantile_curves, rate
from trainlab.studies.cells import predicts_right
from trainlab.web.answers.advice import Advice, advice_on
from trainlab.web.answers.outcomes import RULE, failures, held_out_sentence, solved_sentence
from trainlab.web.answers.training import Training, growing, how_words
from trainlab.web.frames import Frame, Numbers
from trainlab.web.limits import Limits
from trainlab.web.questions import Population
from trainlab.web.reading import experiment_of


def answer_population(question: Population, limits: Limits) -> Iterator[Frame]:
    """Yield how often the experiment is solved, on more and more seeds."""
    asked = experiment_of(question.experiment, limits, seeds=question.seeds)
    training, advice = Training.of(asked), advice_on(asked, question.first_seed)
    seeds = range(question.first_seed, question.first_seed + question.seeds)
    for grown in growing([training], seeds):
        (runs,) = grown.runs
        yield Frame(
            kind="population",
            fields={
                **population_fields(runs, asked=len(seeds), advice=advice),
                "engine": training.engine.name,
                "seconds": grown.seconds,
                "how": how_words(grown, [training]),
            },
            arrays=population_arrays(runs),
            last=grown.count == len(seeds),
        )


def population_fields(runs: Runs, *, asked: int, advice: Sequence[Advice]) -> dict[str, object]:
    """Return the fields of an answer about these runs of `asked` seeds."""
    experiment, n = runs.experiment, len(runs.solved)
    solved = rate(int(runs.solved.sum()), n)
    regression = experiment.data().kind == "regression"
    return {
        **solved.to_dict(),
        "of": asked,
        "diverged": int(runs.diverged.sum()),
        "right": None if regression else rate(int(predicts_right(runs).sum()), n).to_dict(),
        "parameters": experiment.network.parameters,
        "steps": experiment.epochs * experiment.steps_per_epoch,
        "first_seed": runs.first_seed,
        "sentence": solved_sentence(solved, asked),
        "held_out": held_out_sentence(runs),
        "why": failures(runs),
        "why_rule": RULE,
        "advice": advice,
        "solved_is": solved_rule([experiment.solved]),
    }


def population_arrays(runs: Runs) -> dict[str, Numbers]:
    """Return the arrays of an answer about these runs."""
    epochs, curves = loss_curves(runs)
    return {
        "solved": runs.solved,
        "diverged": runs.diverged,
        "loss": runs.loss.astype(np.float32, copy=False),
        "solved_epoch": runs.solved_epoch,
        "curve_epochs": epochs,
        "curve": quantile_curves(curves),
    }


def loss_curves(runs: Runs) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.floating]]:
    """Return epochs ``[E]`` and the losses of all runs there, ``[n, E]``; the last is the end."""
    # Seeds so large that their curves aren't kept are read from the rounded ones.
    curves = np.concatenate([runs.loss_curve, decode(runs.coarse_loss).astype(runs.loss_curve.dtype)])
    epochs = runs.loss_epochs
    if epochs[-1] == runs.experiment.epochs:
        return epochs, curves
    return np.append(epochs, runs.experiment.epochs), np.column_stack([curves, runs.loss])
