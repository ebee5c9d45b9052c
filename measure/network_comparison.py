"""Does one network predict better than another? Compared seed by seed, in three ways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from trainlab.engine import Runs
from trainlab.stats import (
    Estimate,
    Outcome,
    Rate,
    ReadEstimate,
    Side,
    Verdict,
    contrast,
    paired_difference,
    rate,
    read_family,
)
from trainlab.studies.cells import all_near, looked_on_the_way, solved_ever
from trainlab.studies.verdicts.change_verdicts import OUTCOMES, Bools, after_words, rate_of
from trainlab.studies.verdicts.robustness import TOLERANCES, mixed_if_turned

Floats = npt.NDArray[np.float64]
Way = Literal["solved", "mean |error|", "RMSE"]


@dataclass(frozen=True, kw_only=True, slots=True)
class NetworkComparison:
    """One network less another on the same seeds, positive where it is better; the three are read together.

    `ways` has the difference in the share solved and, for the mean |error| and the root mean square error of
    a run's predictions, the share of seeds on which it is smaller less that on which it is larger.
    `smaller` counts the seeds on which the mean |error| is smaller; `errors` and `rmse` are medians.
    """

    ways: dict[Way, ReadEstimate]
    solved: tuple[Rate, Rate]
    smaller: Rate
    errors: tuple[float, float]
    rmse: tuple[float, float]

    @property
    def outcome(self) -> Outcome:
        """Upheld if it is better in all three ways, refuted if in none, mixed else."""
        outcomes: set[Outcome] = {OUTCOMES[each.reading] for each in self.ways.values()}
        return outcomes.pop() if len(outcomes) == 1 else "mixed"


def compare_predictions(first: Runs, second: Runs) -> NetworkComparison:
    """Compare two populations on the same seeds; a run that diverged errs without end."""
    mean, square = zip(*map(_errors, (first, second)), strict=True)
    return compare_arrays(solved=(first.solved, second.solved), mean=mean, rmse=square)


def compare_arrays(
    *, solved: tuple[Bools, Bools], mean: tuple[Floats, Floats], rmse: tuple[Floats, Floats]
) -> NetworkComparison:
    """Compare plain numbers, each ``[n]`` from the same seeds: of the one, and of the other."""
    found: dict[Way, Estimate] = {
        "solved": paired_difference(solved[1], solved[0]),
        "mean |error|": _smaller(*mean),
        "RMSE": _smaller(*rmse),
    }
    return NetworkComparison(
        ways=read_family(found),
        solved=(rate_of(solved[0]), rate_of(solved[1])),
        smaller=rate(int((mean[0] < mean[1]).sum()), len(mean[0])),
        errors=(float(np.median(mean[0])), float(np.median(mean[1]))),
        rmse=(float(np.median(rmse[0])), float(np.median(rmse[1]))),
    )


def judge_network_comparison(names: tuple[str, str], where: str, first: Runs, second: Runs) -> Verdict:
    """Does the first of two networks predict better than the second? Upheld if so in all three ways.

    Asked again of the share solved with other tolerances, and at some time; if one turns it, it is mixed.

    `where` names the cell, as in "with A and B", or is empty.
    """
    found = compare_predictions(first, second)
    one, other = names
    claim = {
        "upheld": f"{one} predicts better than {other}",
        "refuted": f"{one} doesn't predict better than {other}",
    }.get(found.outcome, f"It can't be said whether {one} predicts better than {other}")
    share = found.ways["solved"].value
    judged = Verdict(
        topic="better",
        statement=f"{one} predicts better than {other}{after_words(where)}.",
        outcome=found.outcome,
        sentence=f"{claim}{after_words(where)}: it solves {share} more, and its mean |error| is the smaller "
        f"one on {found.smaller} of the seeds; medians {found.errors[0]:.2g} and {found.errors[1]:.2g}, root "
        f"mean squares {found.rmse[0]:.2g} and {found.rmse[1]:.2g}.",
        opposite=None
        if found.outcome == "mixed"
        else rate(found.smaller.n - found.smaller.k, found.smaller.n)
        if found.outcome == "upheld"
        else found.smaller,
        share=found.smaller,
        sides=tuple(
            Side(words=words, outcome=OUTCOMES[each.reading])
            for words, each in read_family(_otherwise(first, second)).items()
        ),
    )
    return mixed_if_turned(judged)


def _otherwise(first: Runs, second: Runs) -> dict[str, Estimate]:
    """Return the difference in the share solved under other definitions of solved."""
    pairs = {
        words: tuple(all_near(each, within) for each in (first, second))
        for within, words in TOLERANCES.items()
    }
    if looked_on_the_way((first, second)):
        pairs["counting runs solved at some time"] = solved_ever(first), solved_ever(second)
    return {words: paired_difference(b, a) for words, (a, b) in pairs.items()}


def _errors(runs: Runs) -> tuple[Floats, Floats]:
    """Return each run's mean |error| and root mean square error over the examples, ``[n]``."""
    with np.errstate(invalid="ignore", over="ignore"):
        gaps = np.abs(runs.predictions.astype(np.float64) - runs.experiment.data().targets)
        mean, square = gaps.mean(axis=(1, 2)), np.sqrt(np.square(gaps).mean(axis=(1, 2)))
    return np.nan_to_num(mean, nan=np.inf), np.nan_to_num(square, nan=np.inf)


def _smaller(first: Floats, second: Floats) -> Estimate:
    scores = (first < second).astype(np.float64) - (first > second)
    return contrast(scores, bound=1.0)
