"""How many seeds it takes: for an effect to show, and for an interval to be narrow enough."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from trainlab.errors import StatsError
from trainlab.maths.proportion import Z95
from trainlab.stats.rate import Rate, rate, two_sided_quantile, upper_p

# How many seeds tell two success rates apart: the power of the test that studies make of paired differences.
#
# A seed is gained with the probability g, lost with l, and the rates are D = g − l apart. The test of
# `paired_difference` says so if |c|/e exceeds the quantile z, where c is the mean of the scores and of two
# pseudo-seeds, and e its standard error. With n seeds c has the mean nD/(n + 2) and the standard deviation
# √(n(g + l − D²))/(n + 2), and e is near √(((n(g + l) + 2)/(n + 2) − c²)/(n + 2)); so it says that the
# better cell is better with a probability of Φ((c − z·e)/sd(c)), which is how O. S. Miettinen approximates
# McNemar's test ("The matched pairs design in the case of all-or-none responses", Biometrics 24 (1968)
# 339–352). tests/stats/test_sample_size.py holds it against exact sums.
#
# Most seeds are needed by rates on both sides of ½, (1 ± D)/2, if the cells of a seed are independent: then
# g + l = ½ + D²/2. Cells that succeed on the same seeds need fewer, on opposite ones up to twice as many.


POWER = 0.8
"""In 80 of 100 studies a difference is told, unless another share is asked for."""
MOST = 10**12


def chance_told(n: int, difference: float, *, level: float = 0.05) -> float:
    """Return how often `n` seeds show which of two cells is better, at the rates that need most seeds.

    They are `difference` apart, as a share; the test is made at `level`.

    Raises:
        StatsError: `difference` or `level` isn't between 0 and 1.
    """
    _check("difference", difference)
    _check("level", level)
    changed = (1 + difference**2) / 2
    mean, size = n * difference / (n + 2), n + 2
    error = (((n * changed + 2) / size - mean**2) / size) ** 0.5
    spread = (n * (changed - difference**2)) ** 0.5 / size
    return upper_p((two_sided_quantile(1 - level) * error - mean) / spread)


def seeds_to_tell(difference: float, *, power: float = POWER, level: float = 0.05) -> int:
    """Return the fewest seeds with which a `difference` is told with the probability `power`.

    >>> seeds_to_tell(0.05)
    1569

    Raises:
        StatsError: an argument isn't between 0 and 1, or more than 10¹² seeds are needed.
    """
    _check("power", power)
    if chance_told(MOST, difference, level=level) < power:
        raise StatsError(
            f"difference is {difference!r}: more than 10¹² seeds are needed; ask for a larger one."
        )
    low, high = 0, MOST
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if chance_told(middle, difference, level=level) >= power else (middle, high)
    return high


def difference_told(n: int, *, power: float = POWER, level: float = 0.05) -> float | None:
    """Return the least difference that `n` seeds tell with the probability `power`; None if none is told."""
    _check("power", power)
    low, high = 0.0, 1.0 - 1e-9
    if chance_told(n, high, level=level) < power:
        return None
    while high - low > 1e-6:
        middle = (low + high) / 2
        low, high = (low, middle) if chance_told(n, middle, level=level) >= power else (middle, high)
    return high


def _check(name: str, value: float) -> None:
    if not 0.0 < value < 1.0:
        raise StatsError(f"{name} is {value!r}, but must lie strictly between 0 and 1: 0.05 is 5 points.")


# Seeds until the interval of a rate is narrow: at which numbers of seeds to look, and when to stop.
#
# Stopping when an interval is narrow favours samples that happen to lie near 0 or 1, where intervals are
# short; so it holds the truth less often than at a number of seeds fixed beforehand, above all with rates
# about as large as the width asked for: among so few seeds none or all may be solved by chance. J. Frey,
# "Fixed-width sequential confidence intervals for a proportion", The American Statistician 64 (2010)
# 242–249, lets the rule have narrower levels, chosen by the exact coverage. Here the remedy is patience:
# the first look comes at `PATIENCE` times the fewest seeds that could be enough, and each further one after
# a quarter more.
#
# The looks are fixed beforehand, so the coverage of a rate is a finite sum. Lowest over rates, in %, for
# widths of 1 to 20 points: 91.6 to 92.7 without patience, 93.1 to 93.9 with it; at 8, 16, 32, 64, 256 and
# 1,024 seeds, fixed beforehand, it is 92.3 to 93.2, and 91.2 at 9. So 95 % intervals stay what they are,
# and nothing else is corrected. measure/coverage.py computes both (docs/coverage.md).


PATIENCE = 2
GROWTH = 1.25


def fewest_seeds(width: float) -> int:
    """Return the fewest seeds of which none solved, or all, give an interval no wider than `width`.

    Wilson's then is z²/(n + z²) wide; of fewer than 7 seeds ours is a little wider.
    """
    _check_width(width)
    return max(1, math.ceil(Z95**2 * (1 / width - 1) - 1e-9))


def first_look(width: float, *, least: int = 1) -> int:
    """Return after how many seeds the intervals are looked at first: `least`, or more if that is too few."""
    return max(least, PATIENCE * fewest_seeds(width))


def look_sizes(width: float, *, least: int = 1, most: int) -> tuple[int, ...]:
    """Return after how many seeds the intervals are looked at: up to `most`, or until any rate's is narrow.

    >>> look_sizes(0.2, most=1000)
    (32, 40, 50, 63, 79, 99)

    Raises:
        StatsError: `width` isn't between 0 and 1, or `most` comes before the first look.
    """
    first = first_look(width, least=least)
    if first > most:
        raise StatsError(f"most = {most:,}: must be {first:,} or more, after which the first look comes.")
    sizes = [first]
    while sizes[-1] < most and not is_narrow(rate(sizes[-1] // 2, sizes[-1]), width):
        sizes.append(min(most, math.ceil(GROWTH * sizes[-1])))
    return tuple(sizes)


def is_narrow(value: Rate, width: float) -> bool:
    """Whether the interval of a rate is no wider than `width`."""
    return value.high - value.low <= width


def likely_size(rates: Iterable[Rate], sizes: Sequence[int], width: float) -> int | None:
    """Return the first of `sizes` at which intervals are narrow if rates stay as they are, or None."""
    found = list(rates)

    def narrow_at(n: int) -> bool:
        return all(is_narrow(rate(round(value.estimate * n), n), width) for value in found)

    return next((n for n in sizes if narrow_at(n)), None)


def _check_width(width: float) -> None:
    if not 0.0 < width < 1.0:
        raise StatsError(f"width is {width!r}, but must lie strictly between 0 and 1: 0.02 is 2 points.")
