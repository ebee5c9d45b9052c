"""Verdicts: sentences made from numbers by rules that can come out either way.

Each rule is a function of plain counts, so that made-up numbers can flip it. What is *upheld* must hold with its
whole interval; what is *refuted* must fail with its whole interval; the rest is *mixed*, and said so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from trainlab.stats import Estimate, Rate, disagreement, rate
from trainlab.studies.causes import Causes
from trainlab.studies.effects import Effect

Outcome = Literal["upheld", "refuted", "mixed"]
Bools = npt.NDArray[np.bool_]
OFTEN = 0.9
SELDOM = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """A statement, how it fared, and the sentence that says so with its numbers.

    `opposite` is the share of seeds on which one run by itself would have concluded the opposite; None where a
    single run concludes nothing.
    """

    topic: str
    statement: str
    outcome: Outcome
    sentence: str
    opposite: Rate | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict as JSON has it."""
        opposite = self.opposite
        return {
            "topic": self.topic,
            "statement": self.statement,
            "outcome": self.outcome,
            "sentence": self.sentence,
            "single_run_opposite": None
            if opposite is None
            else {"k": opposite.k, "n": opposite.n, "low": opposite.low, "high": opposite.high},
        }


def judge_parameters(counts: dict[str, int]) -> Verdict:
    """Do all networks have the same number of trainable parameters?"""
    numbers = sorted(set(counts.values()))
    same = len(numbers) == 1
    each = ", ".join(f"{name} {count:,}" for name, count in counts.items())
    return Verdict(
        topic="parameters",
        statement="The networks have one and the same number of trainable parameters.",
        outcome="upheld" if same else "refuted",
        sentence=f"Every network has exactly {numbers[0]:,} trainable parameters."
        if same
        else f"The networks differ in trainable parameters: {each}.",
    )


def judge_together(network: str, changes: Sequence[str], baseline: Bools, changed: Bools, difference: Estimate) -> Verdict:
    """Did all changes together make the network learn? Upheld if most runs then solve, and more than before."""
    before, after = _rate(baseline), _rate(changed)
    more = difference.low > 0
    if more and after.low > SELDOM:
        outcome: Outcome = "upheld"
        word = f"makes {network} learn"
    elif difference.high < 0 or after.high < SELDOM:
        outcome = "refuted"
        word = f"makes {network} learn on a minority of seeds only" if more else f"does not make {network} learn"
    else:
        outcome = "mixed"
        word = f"can't be said to make {network} learn on most seeds"
    single = changed & ~baseline
    return Verdict(
        topic="together",
        statement=f"{_join(changes)} together made {network} learn.",
        outcome=outcome,
        sentence=f"{_join(changes)} together {word}: {after} solved, against {before} at the baseline "
        f"({_points(difference)}).",
        opposite=disagreement(single, outcome == "upheld") if outcome != "mixed" else None,
    )


def judge_change(effect: Effect, label: str, solved_with: Bools, solved_without: Bools) -> Verdict:
    """Does one change help, over all combinations of the others? Three answers: helps, hurts, not told apart."""
    main = effect.main
    if main is None:
        raise ValueError("a change is judged by its main effect")
    words = {
        "helps": "helps",
        "hurts": "hurts",
        "shown to be small": "makes no difference worth naming (shown to be within ±2 points)",
        "no difference seen": "can't be told apart from nothing",
    }[main.reading]
    outcome: Outcome = {"helps": "upheld", "hurts": "refuted", "shown to be small": "refuted"}.get(main.reading, "mixed")  # type: ignore[assignment]
    # One run with and one without the change, all else as at the baseline: what would one have concluded?
    helped = solved_with & ~solved_without
    return Verdict(
        topic="change",
        statement=f"Change {effect.change} ({label}) helps {effect.network}." if label else f"{effect.change} helps {effect.network}.",
        outcome=outcome,
        sentence=f"{effect.change} {words} for {effect.network}: {_points(main.value)} in the success rate, "
        "averaged over all combinations of the other changes.",
        opposite=disagreement(helped, main.reading == "helps"),
    )


def judge_vanishing(network: str, where: str, causes: Causes, single: Bools) -> Verdict:
    """Are the network's failures vanishing gradients? By the rule in `causes`; `single` is the rule run by run."""
    statement = f"{network}'s failures are vanishing gradients ({where})."
    share = causes.vanishing
    if share is None:
        return Verdict(
            topic="vanishing",
            statement=statement,
            outcome="refuted",
            sentence=f"{network} has no failed run {where}: there is nothing to put down to a vanishing gradient.",
        )
    outcome: Outcome = "upheld" if share.low > 0.5 else "refuted" if share.high < 0.5 else "mixed"
    words = {"upheld": "mostly", "refuted": "in a minority only", "mixed": "in about half of the cases"}[outcome]
    layers = ", ".join(f"layer {i} {value.estimate:.0%}" for i, value in enumerate(causes.vanishing_by_layer, 1))
    more, less = causes.vanishing_at_more, causes.vanishing_at_less
    return Verdict(
        topic="vanishing",
        statement=statement,
        outcome=outcome,
        sentence=f"{network}'s failures {where} are vanishing gradients {words}: {share} of the failed runs have a "
        f"high loss and a first-layer gradient below 1e-4 ({_percent(more)} at 1e-3, {_percent(less)} at 1e-5). "
        f"By layer: {layers}.",
        opposite=disagreement(single, outcome == "upheld") if outcome != "mixed" and len(single) else None,
    )


def judge_predictions(network: str, where: str, right: Bools, values: str) -> Verdict:
    """Does the network predict right after rounding? Upheld from 90 % of the seeds, refuted below half."""
    share = _rate(right)
    outcome: Outcome = "upheld" if share.low >= OFTEN else "refuted" if share.high < SELDOM else "mixed"
    words = {"upheld": "almost always", "refuted": "on a minority of seeds", "mixed": "on some seeds and not on others"}
    return Verdict(
        topic="predictions",
        statement=f"{network} predicts {values} ({where}).",
        outcome=outcome,
        sentence=f"{network} predicts {values} (rounded) {where} {words[outcome]}: {share}.",
        opposite=disagreement(right, outcome != "refuted") if outcome != "mixed" else None,
    )


def _rate(values: Bools) -> Rate:
    return rate(int(values.sum()), len(values))


def _join(changes: Sequence[str]) -> str:
    names = list(changes)
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _points(value: Estimate) -> str:
    return str(value)


def _percent(value: Rate | None) -> str:
    return "–" if value is None else f"{value.estimate:.0%}"
