"""Verdicts by the measure of a study: do changes help, and does a network beat what needs no inputs?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from trainlab.draw import counted, format_number, join
from trainlab.engine import Runs
from trainlab.stats import SMALL, Rate, ReadEstimate, Reading, disagreement, passed_over, rate
from trainlab.studies.beats_guess import beats_guess
from trainlab.studies.effects import Effect
from trainlab.studies.measure import Measure
from trainlab.studies.verdicts import HALF, OUTCOMES, Outcome, Verdict, after_words, opposite_of

Floats = npt.NDArray[np.float64]


def judge_score_change(
    effect: Effect, label: str, measure: Measure, differences: Floats, *, others: bool = True
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
    alone = effect.alone
    apart = others and alone is not None and alone.reading != main.reading
    return Verdict(
        topic="change",
        statement=f"{named} helps {effect.network}.",
        outcome=OUTCOMES[main.reading],
        sentence=f"{_claim(effect.change, effect.network, main, measure)}: {in_words(main, measure)}"
        f"{averaged}.{_note(main, measure)}"
        + (f" Made alone, {_alone(alone, measure)}." if apart and alone is not None else ""),
        opposite=_pairs(main.reading, differences),
    )


def judge_score_together(
    changes: Sequence[str], network: str, read: ReadEstimate, measure: Measure, differences: Floats
) -> Verdict:
    """Do all changes together help a network, by the measure?"""
    subject = f"{join(changes)} together"
    return Verdict(
        topic="together",
        statement=f"{subject} help {network}.",
        outcome=OUTCOMES[read.reading],
        sentence=f"{_claim(subject, network, read, measure, one=False)}: {in_words(read, measure)}, against "
        f"the baseline.{_note(read, measure)}",
        opposite=_pairs(read.reading, differences),
    )


def judge_guess(network: str, where: str, measure: Measure, runs: Runs) -> Verdict:
    """Does a network beat the commonest class, or the best constant answer?

    Of accuracies, the rows must be enough to show it (`beats_guess`) and most seeds must be better; of
    losses, most seeds must be lower.
    """
    values = measure.of(runs)
    better = values > measure.guess if measure.kind == "accuracy" else values < measure.guess
    outcome = _beats(measure, runs, rate(int(better.sum()), len(better)))
    middle = median(values)
    does = {"upheld": "does better than", "refuted": "doesn't do better than"}.get(
        outcome, "isn't shown to do better than"
    )
    said = f"{network}{after_words(where)} {does} {measure.guess_words}"
    seeds = counted(len(values), "seed")
    if measure.kind == "accuracy":
        numbers = (
            f"{percent(middle)} of {rows_words(measure)} right in the median of {seeds}, against "
            f"{percent(measure.guess)}"
        )
        few = "; so few rows or seeds can't tell them apart" if outcome == "mixed" else ""
    else:
        numbers, few = f"{measure.name} {format_number(middle)} in the median of {seeds}, against ", ""
        numbers += format_number(measure.guess)
    return Verdict(
        topic="score",
        statement=f"{network}{after_words(where)} does better than {measure.guess_words}.",
        outcome=outcome,
        sentence=f"{said}: {numbers}{few}.",
        opposite=opposite_of(better, outcome),
    )


def _beats(measure: Measure, runs: Runs, seeds: Rate) -> Outcome:
    if measure.kind == "accuracy":
        if median(measure.of(runs)) <= measure.guess:
            return "refuted"
        return "upheld" if seeds.low > HALF and beats_guess(measure, runs) else "mixed"
    return "upheld" if seeds.low > HALF else "refuted" if seeds.high < HALF else "mixed"


def in_words(value: ReadEstimate, measure: Measure) -> str:
    """Return ``+3.1 points (+2.4 to +3.8) of held-out accuracy``, or ``held-out loss × 0.71 (…)``."""
    told = measure.difference(value.value)
    return f"{told} of {measure.name}" if measure.kind == "accuracy" else f"{measure.name} {told}"


def rows_words(measure: Measure) -> str:
    """Return ``75 held-out rows``, or ``the 300 rows it was trained on``."""
    return (
        counted(measure.rows, "held-out row") if measure.held_out else f"the {measure.rows:,} rows trained on"
    )


def median(values: Floats) -> float:
    """Return the median of the runs, those that aren't finite counted as the highest: a loss."""
    return float(np.median(np.where(np.isfinite(values), values, np.inf)))


def percent(share: float) -> str:
    """Return ``62.7 %``; 100 % and 0 % only for all and none."""
    shown = f"{100 * share:.1f}"
    shown = "<100" if shown == "100.0" and share < 1 else ">0" if shown == "0.0" and share > 0 else shown
    return f"{shown} %"


def _claim(subject: str, network: str, read: ReadEstimate, measure: Measure, *, one: bool = True) -> str:
    s, are = ("s", "is") if one else ("", "are")
    claims: dict[Reading, str] = {
        "helps": f"{subject} help{s} {network}",
        "hurts": f"{subject} hurt{s} {network}",
        "shown to be small": f"{subject} {are} shown to change {network} by less than {measure.little}",
        "no difference seen": f"{subject} can't be told apart from nothing for {network}",
    }
    return claims[read.reading]


def _alone(read: ReadEstimate, measure: Measure) -> str:
    words: dict[Reading, str] = {
        "helps": "it helps",
        "hurts": "it hurts",
        "shown to be small": "its effect is shown to be small",
        "no difference seen": "no difference is seen",
    }
    return f"{words[read.reading]}: {measure.difference(read.value)}"


def _note(read: ReadEstimate, measure: Measure) -> str:
    """Say where Holm's correction doesn't let pass what the interval by itself would show."""
    note = passed_over(read)
    if measure.kind == "loss":
        note = note.replace("2 points", "2 %").replace("leaves out 0", "leaves out 1")
    return f" Its interval {note}." if note else ""


def _pairs(reading: Reading, differences: Floats) -> Rate | None:
    small = np.abs(differences) < SMALL
    said = {"helps": differences > 0, "hurts": differences < 0, "shown to be small": small}
    return disagreement(np.asarray(said[reading]), True) if reading in said else None
