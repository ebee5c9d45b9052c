"""Numbers as sentences and JSON have them; in sentences every interval is "low to high"."""

from __future__ import annotations

from collections.abc import Sequence

from trainlab.spec import Accuracy, LossBelow, Solved
from trainlab.stats import Estimate, Rate


def join(names: Sequence[str]) -> str:
    """Return ``A``, ``A and B`` or ``A, B and C``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def share_words(value: Rate, of: str = "seeds") -> str:
    """Return a rate with its interval, here `of` ``"seeds"``: ``9 of 10 seeds (90.0 %, 59.6 to 98.2 %)``."""
    share, low, high = (f"{100 * number:.1f}" for number in (value.estimate, value.low, value.high))
    return f"{value.k:,} of {value.n:,} {of} ({share} %, {low} to {high} %)"


def rate_to_dict(value: Rate) -> dict[str, float | int]:
    """Return ``{"k", "n", "low", "high"}``."""
    return {"k": value.k, "n": value.n, "low": value.low, "high": value.high}


def points_words(value: Estimate) -> str:
    """Return a difference of rates with its interval: ``+12.0 points (+3.1 to +20.0)``."""
    return str(value)


def percent_words(value: Rate) -> str:
    """Return the share alone, rounded: ``90 %``."""
    return f"{100 * value.estimate:.0f} %"


def solved_words(solved: Solved) -> str:
    """Return when a run is solved: ``when every prediction is less than 0.1 from its target``."""
    where = " of the held-out examples" if solved.on == "held_out" else ""
    if isinstance(solved, Accuracy):
        share = f"{100 * solved.accuracy:.10g} %"
        return f"when it tells the class of at least {share}{where or ' of the examples'} right"
    if isinstance(solved, LossBelow):
        return f"when its loss{' on the held-out examples' if where else ''} is below {solved.loss:g}"
    return f"when every prediction{where} is less than {solved.within:g} from its target"


def counted(number: int, noun: str) -> str:
    """Return ``1 cell`` or ``1,000 cells``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
