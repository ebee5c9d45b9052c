"""How many seeds tell two success rates apart: the power of the test that studies make of paired differences.

A seed is gained with the probability g, lost with l, and the rates are D = g − l apart. The test of
`paired_difference` says so if |c|/e exceeds the quantile z, where c is the mean of the scores and of two
pseudo-seeds, and e its standard error. With n seeds c has the mean nD/(n + 2) and the standard deviation
√(n(g + l − D²))/(n + 2), and e is near
√(((n(g + l) + 2)/(n + 2) − c²)/(n + 2)); so it
says that the better cell is better with a probability of Φ((c − z·e)/sd(c)), which is how O. S. Miettinen
approximates McNemar's test ("The matched pairs design in the case of all-or-none responses", Biometrics 24
(1968) 339–352). tests/stats/test_power.py holds it against exact sums.

Most seeds are needed by rates on both sides of ½, (1 ± D)/2, if the cells of a seed are independent: then
g + l = ½ + D²/2. Cells that succeed on the same seeds need fewer, on opposite ones up to twice as many.
"""

from __future__ import annotations

from trainlab.errors import StatsError
from trainlab.stats.normal import two_sided_quantile, upper_p

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
