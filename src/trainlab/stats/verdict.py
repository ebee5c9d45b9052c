"""What estimates come to: corrected p-values and readings of those read together, and verdicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt

from trainlab.errors import StatsError
from trainlab.plain import Plain, pick, plain
from trainlab.stats.contrast import SMALL, Estimate
from trainlab.stats.rate import Rate, rate

# Differences read together: corrected p-values, and picking on one half to judge on the other.


# Several differences read together: p-values corrected by Holm, and the words that these allow.


def holm(p_values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the adjusted p-values [m], in the order given.

    With the p-values sorted upwards, the i-th (from 0) becomes the largest of (m − j)·p_j over j <= i, and at
    most 1. Rejecting those below α keeps the chance of any false rejection below α, whatever the dependence:
    S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6
    (1979) 65–70.

    Raises:
        StatsError: more than one axis, NaN, or a value outside 0 to 1.
    """
    p = np.asarray(p_values, dtype=np.float64)
    if p.ndim != 1:
        raise StatsError(
            f"p_values has the shape {list(p.shape)}, but must be [m]; flatten what is read together."
        )
    wrong = ~((p >= 0.0) & (p <= 1.0))  # true for NaN as well
    if wrong.any():
        raise StatsError(
            f"p_values holds {float(p[wrong][0])!r} at position {int(wrong.argmax())}, but each must be from "
            "0 to 1; leave out what was not tested."
        )
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1))
    return np.minimum(adjusted, 1.0)


Reading = Literal["helps", "hurts", "shown to be small", "no difference seen"]

SIGNIFICANCE = 0.05


def reading(estimate: Estimate, *, p_adjusted: float, p_small_adjusted: float) -> Reading:
    """Return what the numbers allow to say: the first of these that applies.

    1. "shown to be small": `p_small_adjusted` is below 0.05, so that the whole interval lies within ±2
       points. This comes first, so that a real but negligible effect, which many seeds make significant,
       isn't sold as help.
    2. "helps" or "hurts", by the sign: `p_adjusted` is below 0.05.
    3. "no difference seen": neither. It says what these seeds could not show, not that there is nothing.

    Both p-values are the estimate's, each corrected by `holm` for all effects read together. So the chance
    that any effect of a family is wrongly called small is about 5 % at most, and so is the chance that any is
    wrongly said to help or hurt.

    Raises:
        StatsError: a p-value outside 0 to 1 or NaN.
    """
    for name, p in (("p_adjusted", p_adjusted), ("p_small_adjusted", p_small_adjusted)):
        if not 0.0 <= p <= 1.0:
            raise StatsError(f"{name} is {p!r}, but must be from 0 to 1; take it from holm().")
    if p_small_adjusted < SIGNIFICANCE:
        return "shown to be small"
    if p_adjusted < SIGNIFICANCE:
        return "helps" if estimate.estimate > 0 else "hurts"
    return "no difference seen"


Key = TypeVar("Key")


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadEstimate:
    """A difference of success rates with its interval, its Holm-corrected p-values, and its reading.

    `p_adjusted` tests against no difference, `p_small_adjusted` against one of 2 points or more; both are
    corrected for `together` differences.
    """

    value: Estimate
    p_adjusted: float
    p_small_adjusted: float
    reading: Reading
    together: int = 1

    def to_dict(self) -> dict[str, Any]:
        """Return estimate, interval, both p-values and the reading; differences are shares, from −1 to 1."""
        read = pick(self, "p_adjusted p_small_adjusted reading")
        return {**pick(self.value, "estimate low high"), **read}


def read_family(family: dict[Key, Estimate]) -> dict[Key, ReadEstimate]:
    """Correct the p-values of estimates that are read together, and put each into words."""
    different = holm(np.array([value.p for value in family.values()]))
    small = holm(np.array([value.p_small for value in family.values()]))
    return {
        key: _read(value, float(p), float(p_small), len(family))
        for (key, value), p, p_small in zip(family.items(), different, small, strict=True)
    }


def _read(value: Estimate, p: float, p_small: float, together: int) -> ReadEstimate:
    return ReadEstimate(
        value=value,
        p_adjusted=p,
        p_small_adjusted=p_small,
        reading=reading(value, p_adjusted=p, p_small_adjusted=p_small),
        together=together,
    )


def passed_over(read: ReadEstimate) -> str:
    """Explain an interval that alone would show something, where Holm's correction says that it doesn't.

    Empty where there is nothing to explain; else as in ``leaves out 0, but the test has p = 0.12 as one of 15
    read together (Holm)``.
    """
    value = read.value
    if read.reading != "no difference seen":
        return ""
    if value.low >= -SMALL and value.high <= SMALL and value.p_small < 1:
        p = read.p_small_adjusted
        return f"lies within 2 points, but the test for that has {_corrected(p, read.together)}"
    if not value.low <= 0 <= value.high:
        return f"leaves out 0, but the test has {_corrected(read.p_adjusted, read.together)}"
    return ""


def _corrected(p: float, together: int) -> str:
    return f"p = {p:.2g} as one of {together:,} read together (Holm)"


# Sample splitting: what is picked out of many is judged on seeds other than those that picked it.
#
# The best of 32 equal cells leads, by luck alone, on the seeds that made it the best. So it is picked on the
# first half of the seeds, and judged on the second.


def picked_on_half(
    scores: Mapping[Key, npt.NDArray[Any]], *, size: Callable[[float], float] = float
) -> tuple[Key, slice]:
    """Return the key with the largest mean on the first half of the seeds, and the slice of the other half.

    `scores` has one number or bool per seed, ``[n]``, all on the same seeds; the first wins a tie. `size`
    defines large: ``abs`` picks what differs most from 0.

    Raises:
        StatsError: nothing to pick from, fewer than two seeds, or not all have the same.
    """
    shapes = {np.shape(each) for each in scores.values()}
    shape = shapes.pop() if len(shapes) == 1 else ()
    if len(shape) != 1 or shape[0] < 2:
        raise StatsError(
            "scores: must be [n] each, at least one of them, and all of the same seeds, n of 2 or more: one "
            "half picks, the other judges."
        )
    half = shape[0] // 2
    best = max(scores, key=lambda key: size(float(np.mean(scores[key][:half]))))
    return best, slice(half, None)


# A verdict: what a result comes to, how a statement fared, and how often one run would have misled.


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
class Side(Plain):
    """How a statement fares when it is asked differently; `words` say how, as in ``within 0.05``.

    `turns`: the verdict doesn't hold from that side, so it becomes mixed.
    """

    words: str
    outcome: Outcome
    turns: bool = False


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
        told = pick(self, "topic statement outcome sentence")
        return plain({**told, "single_run_opposite": self.opposite, "share": self.share, "sides": self.sides})

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
