"""Verdicts by the measure of a study: do changes help, and does a network beat what needs no inputs?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import msgspec
import numpy as np
import numpy.typing as npt

from trainlab.draw import counted, format_number, join
from trainlab.engine import Runs
from trainlab.engine.constant_baseline import best_constants
from trainlab.engine.network_pass import forward, layers_from
from trainlab.maths import LINKS, format_share, is_right
from trainlab.spec import loss_entry
from trainlab.stats import (
    HALF,
    SIGNIFICANCE,
    SMALL,
    Outcome,
    Rate,
    ReadEstimate,
    Reading,
    Verdict,
    disagreement,
    holm,
    more_than,
    passed_over,
    rate,
    read_family,
    sign_test,
)
from trainlab.studies.cells import median
from trainlab.studies.effects import Effect
from trainlab.studies.performance_measure import PerformanceMeasure
from trainlab.studies.score_effects import score_lead
from trainlab.studies.verdicts.change_verdicts import OUTCOMES, after_words, change_claim, opposite_of

if TYPE_CHECKING:
    from trainlab.engine import Runs
    from trainlab.studies.performance_measure import PerformanceMeasure


# Does a network predict held-out rows better than the best constant, or may that be chance?
#
# Both answer the same rows, and the network is the run that is the median of the seeds. Of accuracies: of the
# rows on which only one of the two is right, the network must win more than half, by an exact sign test
# (McNemar's). Of losses: the mean over the rows of the guess's loss less the network's must be above 0, by a
# paired t test. The guess is the best constant of these very rows, which favours it.


Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
FEWEST_ROWS = 10
"""Of fewer rows the t test of their losses is no guide."""


def constant_predictor_p(measure: PerformanceMeasure, runs: Runs) -> tuple[float, float] | None:
    """Return one-sided p-values, over the rows, for the median run being better than the guess, and worse.

    None where the rows can't be asked: the run diverged, or its parameters, and so its losses, aren't kept.
    """
    found = measure.of(runs)
    values = np.where(np.isfinite(found), found, np.inf)
    middle = float(np.median(values))
    if not np.isfinite(middle):
        return None
    place = int(np.argmin(np.abs(values - middle)))
    if measure.kind == "loss":
        gained = _gained(measure, runs, place)
        return None if gained is None else (mean_p(gained), mean_p(-gained))
    network = _right(measure, runs, place)
    if network is None:
        won, lost = _least(measure, float(values[place]))
    else:
        guessed = _guessed(measure, runs)
        won, lost = int((network & ~guessed).sum()), int((guessed & ~network).sum())
    return rows_p(won, lost), rows_p(lost, won)


def rows_p(won: int, lost: int) -> float:
    """Return the chance of winning at least so many of the rows won or lost, if each were a coin toss."""
    network = np.repeat([True, False], [won, lost])
    return float(sign_test(network, ~network[None, :])[0])


def mean_p(values: Floats) -> float:
    """Return the one-sided p-value of a mean ``[rows]`` above 0, by Student's t; 1 of few, or all alike."""
    n, spread = len(values), float(values.std(ddof=1)) if len(values) > 1 else 0.0
    if n < FEWEST_ROWS or spread == 0.0:
        return 1.0
    from scipy import special

    return float(cast("Any", special).stdtr(n - 1, -float(values.mean()) * n**0.5 / spread))


def _gained(measure: PerformanceMeasure, runs: Runs, place: int) -> Floats | None:
    """Return by how much a run's loss is below the guess's, a row each ``[rows]``; None as for `_right`."""
    outputs = _outputs(measure, runs, place)
    if outputs is None:
        return None
    loss = runs.experiment.loss
    value, settings = loss_entry(loss).value, msgspec.structs.asdict(loss)
    _, targets = _rows(measure, runs)
    guess = np.broadcast_to(best_constants(loss, targets), targets.shape)
    rows = range(len(targets))
    mine = np.array([value(outputs[[row]], targets[[row]], **settings) for row in rows])
    theirs = np.array([value(guess[[row]], targets[[row]], **settings) for row in rows])
    told = float(measure.of(runs)[place])
    return theirs - mine if abs(float(mine.mean()) - told) <= 0.01 * max(told, 1e-6) else None


def _outputs(measure: PerformanceMeasure, runs: Runs, place: int) -> Floats | None:
    """Return a run's outputs ``[rows, outputs]``; None if it diverged or its parameters aren't kept."""
    experiment = runs.experiment
    if runs.parameters.shape[1] != experiment.network.parameters or runs.diverged[place]:
        return None
    inputs, _ = _rows(measure, runs)
    return forward(layers_from(experiment.network, runs.parameters[place]), inputs)[-1].outputs


def _right(measure: PerformanceMeasure, runs: Runs, place: int) -> Bools | None:
    """Return which rows a run has right, ``[rows]``; None if its parameters aren't kept or say otherwise."""
    outputs = _outputs(measure, runs, place)
    if outputs is None:
        return None
    _, targets = _rows(measure, runs)
    right = is_right(LINKS[loss_entry(runs.experiment.loss).link].value(outputs), targets)
    # Rounded otherwise than in training, a row or two at the border may fall to the other side.
    return right if abs(right.mean() - float(measure.of(runs)[place])) < 1.5 / len(right) else None


def _guessed(measure: PerformanceMeasure, runs: Runs) -> Bools:
    """Return on which rows the commonest class is right, ``[rows]``."""
    _, targets = _rows(measure, runs)
    if targets.shape[1] == 1:
        return np.asarray((targets[:, 0] > 0.5) == bool(measure.majority_place))
    return np.asarray(targets.argmax(axis=1) == measure.majority_place)


def _rows(measure: PerformanceMeasure, runs: Runs) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    data = runs.experiment.data()
    held = measure.held_out
    return (data.held_out_inputs, data.held_out_targets) if held else (data.inputs, data.targets)


def _least(measure: PerformanceMeasure, accuracy: float) -> tuple[int, int]:
    """Return the rows won and lost if the run's errors fall where the guess is right: the cautious case."""
    guessed = round(measure.guess * measure.rows)
    wrong = measure.rows - round(accuracy * measure.rows)
    lost = min(wrong, guessed)
    return measure.rows - guessed - (wrong - lost), lost


def judge_score_change(
    effect: Effect, label: str, measure: PerformanceMeasure, differences: Floats, *, others: bool = True
) -> Verdict:
    """Does one change help, by the measure, over all combinations of the others?

    `differences` is float [n]: with the change less without, by one pair of runs a seed at combinations of
    the others that take turns. `others` says whether the study has other changes.
    """
    main = effect.main
    if main is None:
        raise ValueError("a change is judged by its main effect")
    averaged = ", averaged over all combinations of the other changes" if others else ""
    named = f"Change {effect.change} ({label})" if label else f"Change {effect.change}"
    alone, there = effect.alone, split_words(measure)
    apart = others and alone is not None and alone.reading != main.reading
    return Verdict(
        topic="change",
        statement=f"{named} helps {effect.network}{there}.",
        outcome=OUTCOMES[main.reading],
        sentence=f"{change_claim(effect.change, effect.network, main, little=measure.little)}{there}: "
        f"{in_words(main, measure)}"
        f"{averaged}.{_note(main)}{_assumed(measure)}"
        + (f" Made alone, {_alone(alone, measure)}." if apart and alone is not None else ""),
        opposite=_pairs(main.reading, differences),
        about=(effect.network, effect.change),
        difference=main.value,
    )


def judge_score_together(
    changes: Sequence[str], network: str, read: ReadEstimate, measure: PerformanceMeasure, differences: Floats
) -> Verdict:
    """Do all changes together help a network, by the measure?"""
    subject, there = f"{join(changes)} together", split_words(measure)
    return Verdict(
        topic="together",
        statement=f"{subject} help {network}{there}.",
        outcome=OUTCOMES[read.reading],
        sentence=f"{change_claim(subject, network, read, little=measure.little, one=False)}{there}: "
        f"{in_words(read, measure)}, against the baseline.{_note(read)}{_assumed(measure)}",
        opposite=_pairs(read.reading, differences),
        about=(network, *changes),
        difference=read.value,
    )


def judge_untold(changes: Sequence[str], network: str, why: str, label: str = "") -> Verdict:
    """Say why nothing is told of a change, or of all together: `why` is `score_untold`'s."""
    together = len(changes) > 1
    subject = f"{join(changes)} together" if together else changes[0]
    named = subject if together else f"Change {subject}{f' ({label})' if label else ''}"
    return Verdict(
        topic="together" if together else "change",
        statement=f"{named} help{'' if together else 's'} {network}.",
        outcome="mixed",
        sentence=f"What {subject} {'do' if together else 'does'} to {network} isn't told: {why}.",
        about=(network, *changes),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class End:
    """A cell that is asked whether it beats the guess: `where` names it, as in "at the baseline"."""

    network: str
    where: str
    runs: Runs
    further: tuple[Runs, ...] = ()

    def statement(self, measure: PerformanceMeasure) -> str:
        """Return what is judged."""
        there = split_words(measure)
        return f"{self.network}{after_words(self.where)} does better than {measure.guess_words}{there}."


def judge_guesses(measure: PerformanceMeasure, ends: Sequence[End]) -> list[Verdict]:
    """Do these cells beat the commonest class, or the best constant answer?

    Most seeds must be better, and the held-out rows must show it of the median run (`constant_predictor_p`),
    corrected by Holm for all ends; that it does no better asks for both the other way. Over several splits it
    is their mean lead that must be shown, or mean arrears (`score_lead`). Of rows trained on alone nothing is
    concluded.
    """
    if measure.splits > 1:
        leads = [score_lead(measure, (end.runs, *end.further)) for end in ends]
        family = read_family({place: lead for place, lead in enumerate(leads) if lead is not None})
        return [_judge_lead(measure, end, family.get(place)) for place, end in enumerate(ends)]
    if not measure.held_out:
        return [_judge_guess(measure, end, "mixed") for end in ends]
    sides = [constant_predictor_p(measure, end.runs) for end in ends]
    better, worse = (holm([1.0 if pair is None else pair[side] for pair in sides]) for side in (0, 1))
    return [
        _judge_guess(measure, end, _beats(measure, end.runs, float(p), float(q)), asked=pair is not None)
        for end, pair, p, q in zip(ends, sides, better, worse, strict=True)
    ]


def _judge_lead(measure: PerformanceMeasure, end: End, lead: ReadEstimate | None) -> Verdict:
    """Judge a cell on several splits by how far it is ahead of each split's guess; None if runs diverged."""
    outcome: Outcome = "mixed"
    if lead is not None and lead.p_adjusted < SIGNIFICANCE:
        outcome = "upheld" if lead.value.estimate > 0 else "refuted"
    values = np.concatenate([measure.of(runs) for runs in (end.runs, *end.further)])
    better = np.concatenate(
        [
            _better(replace(measure, guess=guess), measure.of(runs))
            for guess, runs in zip(measure.guesses, (end.runs, *end.further), strict=True)
        ]
    )
    told = "runs diverged" if lead is None else in_words(lead, measure)
    return Verdict(
        topic="score",
        statement=end.statement(measure),
        outcome=outcome,
        sentence=f"{end.network}{after_words(end.where)} {_DOES[outcome]} {measure.guess_words}: "
        f"{told}, over {splits_words(measure, len(end.runs.solved))}"
        f"{_middles(measure, values)}.",
        opposite=opposite_of(better, outcome),
    )


def _middles(measure: PerformanceMeasure, values: Floats) -> str:
    """Return the median of all runs beside the guess: `` (median 78.0 %, against 56.2 %)``."""
    number = percent if measure.kind == "accuracy" else format_number
    return f" (median {number(median(values))}, against {number(measure.guess)})"


_DOES: dict[Outcome, str] = {
    "upheld": "does better than",
    "refuted": "doesn't do better than",
    "mixed": "isn't shown to do better than",
}


def _judge_guess(measure: PerformanceMeasure, end: End, outcome: Outcome, *, asked: bool = True) -> Verdict:
    values = measure.of(end.runs)
    middle = median(values)
    does, there = _DOES[outcome], split_words(measure)
    seeds = counted(len(values), "seed")
    if measure.kind == "accuracy":
        numbers = (
            f"{percent(middle)} of {rows_words(measure)} right in the median of {seeds}, against "
            f"{percent(measure.guess)}"
        )
    else:
        numbers = (
            f"{measure.name} {format_number(middle)} in the median of {seeds}, against "
            f"{format_number(measure.guess)}"
        )
    why = ""
    if outcome == "mixed":
        few = "so few rows or seeds can't tell them apart"
        why = few if asked else "what the median run does row by row isn't known"
        why = f"; {why if measure.held_out else 'only rows trained on were asked'}"
    return Verdict(
        topic="score",
        statement=end.statement(measure),
        outcome=outcome,
        sentence=f"{end.network}{after_words(end.where)} {does} {measure.guess_words}{there}: "
        f"{numbers}{why}.",
        opposite=opposite_of(_better(measure, values), outcome),
    )


def _better(measure: PerformanceMeasure, values: Floats) -> npt.NDArray[np.bool_]:
    """Return which runs beat the guess, ``[n]``; a loss that isn't finite doesn't."""
    better = values > measure.guess if measure.kind == "accuracy" else values < measure.guess
    return np.asarray(better, dtype=np.bool_)


def _beats(measure: PerformanceMeasure, runs: Runs, more: float, less: float) -> Outcome:
    """Judge by the seeds, and by the rows' one-sided p-values that the network does better, and worse."""
    better = _better(measure, measure.of(runs))
    seeds = more_than(HALF, rate(int(better.sum()), len(better)))
    sure = {"upheld": more, "refuted": less, "mixed": 0.0}[seeds] < SIGNIFICANCE / 2
    return seeds if sure else "mixed"


def in_words(value: ReadEstimate, measure: PerformanceMeasure) -> str:
    """Return ``+3.1 points (+2.4 to +3.8) of held-out accuracy``, or ``held-out loss × 0.71 (…)``."""
    told = measure.difference(value.value)
    return f"{told} of {measure.name}" if measure.kind == "accuracy" else f"{measure.name} {told}"


def split_words(measure: PerformanceMeasure) -> str:
    """Return what a statement holds for, where rows were held out but once; empty else."""
    return " on this one split's rows" if measure.one_split else ""


def splits_words(measure: PerformanceMeasure, seeds: int) -> str:
    """Return ``10 splits × 20 seeds``, or ``20 seeds``."""
    said = counted(seeds, "seed")
    return f"{measure.splits:,} splits × {said}" if measure.splits > 1 else said


def rows_words(measure: PerformanceMeasure) -> str:
    """Return ``75 held-out rows``, or ``the 300 rows trained on``."""
    return (
        counted(measure.rows, "held-out row") if measure.held_out else f"the {measure.rows:,} rows trained on"
    )


def percent(share: float) -> str:
    """Return ``62.7 %``; 100 % and 0 % only for all and none."""
    return f"{format_share(share, decimals=1)} %"


def _alone(read: ReadEstimate, measure: PerformanceMeasure) -> str:
    words: dict[Reading, str] = {
        "helps": "it helps",
        "hurts": "it hurts",
        "shown to be small": "its effect is shown to be small",
        "no difference seen": "no difference is seen",
    }
    return f"{words[read.reading]}: {measure.difference(read.value)}"


def _note(read: ReadEstimate) -> str:
    """Say where Holm's correction doesn't let pass what the interval by itself would show."""
    note = passed_over(read)
    return f" Its interval {note}." if note else ""


def _assumed(measure: PerformanceMeasure) -> str:
    """Say what the interval of a loss takes for granted; an accuracy's ends are known."""
    return "" if measure.kind == "accuracy" or measure.splits > 1 else f" {measure.assumed}"


def _pairs(reading: Reading, differences: Floats) -> Rate | None:
    small = np.abs(differences) < SMALL
    said = {"helps": differences > 0, "hurts": differences < 0, "shown to be small": small}
    return disagreement(np.asarray(said[reading]), True) if reading in said else None
