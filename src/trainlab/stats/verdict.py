"""A verdict: what a result comes to, how a statement fared, and how often one run would have misled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from trainlab.errors import StatsError
from trainlab.stats.estimate import Estimate
from trainlab.stats.rate import Rate, rate

Outcome = Literal["upheld", "refuted", "mixed", ""]
"""How a statement fared; empty where none was judged."""

Judged = Literal["upheld", "refuted", "mixed"]
"""How a statement that was judged fared."""

HALF = 0.5
OFTEN = 0.9


def more_than(least: float, share: Rate, *, possible: Rate | None = None) -> Judged:
    """Return how "more than `least` of them do" fares: the whole interval has to agree.

    Upheld if the interval of `share` lies above `least`, refuted if it lies below, mixed if it contains it.
    If `share` may miss some, `possible` counts these too, and has to lie below to refute it.
    """
    most = share if possible is None else possible
    return "upheld" if share.low > least else "refuted" if most.high < least else "mixed"


def almost_always(share: Rate) -> Judged:
    """Return how "it almost always does" fares: upheld from 90 % up, refuted below half, else mixed."""
    return "upheld" if share.low >= OFTEN else "refuted" if share.high < HALF else "mixed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """How a statement fares when it is asked differently; `words` say how, as in ``within 0.05``.

    `turns`: the verdict doesn't hold from that side, so it becomes mixed.
    """

    words: str
    outcome: Outcome
    turns: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the side as in the JSON."""
        return {"words": self.words, "outcome": self.outcome, "turns": self.turns}


_ORDINARY = ("All", "Both", "Change", "Failures", "Most", "One", "Runs", "The")
"""Words that a statement may begin with and that aren't names: these alone become lower case."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What a result comes to, in a `sentence` with numbers; a result's first verdict is its answer.

    `topic` is a word for what it is about. `statement` is what was judged and `outcome` how it fared:
    ``"upheld"``, ``"refuted"`` or ``"mixed"``. Both are empty if the question was open, as in a map or a
    diagnosis. `opposite` is the share of seeds on which a single run would have concluded the opposite; None
    if the verdict, or a single run, concludes nothing. `share` is how many runs the statement is true of;
    None if it isn't about runs. `sides` says how the statement fares when it is asked differently; a verdict
    that changes on one of them is mixed.

    In a study's verdict, `about` names the network and the changes that it is about; `difference` is their
    effect, if that is what the statement claims.
    """

    topic: str
    sentence: str
    statement: str = ""
    outcome: Outcome = ""
    opposite: Rate | None = None
    share: Rate | None = None
    sides: tuple[Side, ...] = ()
    about: tuple[str, ...] = ()
    difference: Estimate | None = None

    @property
    def claim(self) -> str:
        """The statement, to stand before `sentence`; empty if upheld, since the sentence then repeats it.

        A mixed one isn't claimed, so it becomes an open question.
        """
        if self.outcome != "mixed":
            return "" if self.outcome == "upheld" else self.statement
        first, space, rest = self.statement.partition(" ")
        return f"Open: whether {first.lower() if first in _ORDINARY else first}{space}{rest}"

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict as in the JSON."""
        opposite = self.opposite
        return {
            "topic": self.topic,
            "statement": self.statement,
            "outcome": self.outcome,
            "sentence": self.sentence,
            "single_run_opposite": None if opposite is None else opposite.to_dict(),
            "share": None if self.share is None else self.share.to_dict(),
            "sides": [side.to_dict() for side in self.sides],
        }

    def __str__(self) -> str:
        judged = f"{self.outcome.upper()}." if self.outcome else ""
        return " ".join(part for part in (self.claim, judged, self.sentence) if part)


def disagreement(single_run_conclusions: npt.NDArray[np.bool_], verdict: bool) -> Rate:
    """Return the share of seeds whose single run gives the opposite of the `verdict` of all of them.

    `single_run_conclusions` is bool [n]: what someone with that one seed would have concluded.

    Raises:
        StatsError: not a bool array of one axis, or no seed in it.
    """
    conclusions: npt.NDArray[np.generic] = np.asarray(single_run_conclusions)
    if conclusions.dtype != np.bool_ or conclusions.ndim != 1:
        raise StatsError(
            f"single_run_conclusions is {conclusions.dtype} {list(conclusions.shape)}, but must be bool [n], "
            "one conclusion a seed."
        )
    return rate(int(np.count_nonzero(conclusions != verdict)), conclusions.size)
