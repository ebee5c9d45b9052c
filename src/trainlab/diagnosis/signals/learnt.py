"""What "learnt" means: by the doctor's one judgement, or by the user's own rule, which comes before it."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from trainlab.errors import DiagnosisError, shown

# What "learnt" means: the one judgement that the doctor, its remedies and `seeds` share.

State = Literal["learnt", "poor", "stuck", "diverged", "unknown"]
STUCK = 0.9
"""At 90 % of the loss of the best constant answer hardly anything was learnt."""
LEARNT = 0.5
"""At half of it, or of the commonest class's mistakes, a network has learnt, unless the data allow more."""
FLAWLESS = 0.1
"""With a tenth of the commonest class's mistakes nothing is stuck, however unsure the answers are."""
FEW = 60
"""In fewer steps a healthy training may not have left the start."""
BEHIND = 0.1
"""So far behind its nearest neighbours, in accuracy or R², a network is poor."""
ROWS = 100
"""Of fewer rows neighbours tell too little."""
GONE = 10
"""A loss of so many times the start's, and the best constant's, has diverged."""
HALF = 0.5
"""Of a weak signal that a line sees a network has got hold, with half of what the line makes of it."""
NOTHING = 1e-9
"""Below this loss of the best constant answer there is nothing to be learnt."""


def state_of(
    *,
    loss: float,
    constant: float,
    start: float,
    reached: float,
    neighbours: float,
    rows: int,
    steps: int,
    unexplained: float = math.nan,
    mistakes: float = math.nan,
    allowed: float = math.nan,
    right: float = math.nan,
    holds_weak: bool = False,
) -> State:
    """Return what a training came to; NaN stands for what isn't known.

    Between "stuck" and "learnt" lies "poor": better than a constant answer, but neither by half nor as good
    as a reference shows that the data allow. It counts as neither success nor failure, unless the data are
    known to allow more: by neighbours, by `allowed`, of a table.

    Args:
        loss: the loss at the end, over all the examples or a fair share of them.
        constant: what the best constant answer scores by the *same* loss.
        start: the loss at the start.
        reached: accuracy or R² at the end.
        neighbours: what 5 nearest neighbours reach, of so many `rows`.
        steps: optimizer steps.
        unexplained: of numbers the squared error by the variance, 1 − R². Under L1 three of four points may
            be answered well and the fourth turned round: half the constant's loss, and an R² of 0.
        mistakes: of classes the share of wrong answers by that of the commonest class alone. Smoothed labels
            and weights keep the loss of good answers high.
        allowed: what the data are seen to allow (`baselines.References.allowed`).
        holds_weak: whether it has got hold of a signal that hardly shows in the noise (`holds_weak_signal`):
            then it isn't stuck, however little the loss has fallen, unless the data are known to allow more.
        right: of a table (`baselines.is_table`) the share of its rows that are answered right: only all of
            them are enough.
    """
    if loss > GONE * max(start, constant) > 0:
        return "diverged"
    if steps < FEW:
        return "unknown"
    stays = constant > NOTHING and (loss > STUCK * constant or unexplained > STUCK)
    more = is_behind(reached, neighbours, rows) or reached < allowed - BEHIND
    has_what_shows = holds_weak and loss < constant and not more
    if stays and not mistakes <= FLAWLESS and not has_what_shows:
        return "stuck"
    if is_behind(reached, neighbours, rows):
        return "poor"
    if not constant > NOTHING:
        return "unknown"
    if math.isfinite(right):
        return "learnt" if right >= 1 else "poor"
    halved = loss <= LEARNT * constant and not unexplained > LEARNT
    return "learnt" if halved or mistakes <= LEARNT or reached >= allowed - BEHIND else "poor"


def holds_weak_signal(*, reached: float, line: float, chance: float, rows: int, classes: bool) -> bool:
    """Whether a network has got hold of a signal in noise: at least half of what a line makes of it.

    Args:
        reached: accuracy or R² at the end.
        line: that of a linear fit for rows that it wasn't given; the caller has tested that it is no chance.
        chance: that of the best constant answer, over so many `rows`.
        classes: whether it's an accuracy, which is told from chance by two standard errors.
    """
    margin = 2 * math.sqrt(max(0.0, chance * (1 - chance)) / max(1, rows)) if classes else 0.0
    return line - chance > margin and reached - chance >= HALF * (line - chance)


def mistakes_by_commonest(reached: float, commonest: float) -> float:
    """Return the share of wrong answers by that of always answering the commonest class; NaN if unknown."""
    return (1 - reached) / (1 - commonest) if 0 < commonest < 1 else math.nan


def is_behind(reached: float, neighbours: float, rows: int = ROWS) -> bool:
    """Whether a network does clearly worse than its nearest neighbours, of enough `rows`."""
    return rows >= ROWS and neighbours - reached > BEHIND


# The user's own rule of success, ``accuracy > 0.9``: it comes before what `learnt` means.
#
# A rule is a name, one of >, >=, < and <=, and a number. What the name is read from is in
# `judge.rule_reading`.

SIGNS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
EXAMPLE = "accuracy > 0.9"
MOST_LETTERS = 60
_PARTS = re.compile(r"(?P<name>[^<>=!~≤≥]*)(?P<sign>[<>=!~≤≥]+)(?P<bound>[^<>=!~≤≥]*)")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")

Source = Literal["printed", "variable", "returned", "measured", "nothing"]


@dataclass(frozen=True, kw_only=True, slots=True)
class UsersRule:
    """A training is solved if the number called `name` is above, at least, below or at most `bound`."""

    name: str
    sign: str
    bound: float

    def holds(self, value: float) -> bool:
        """Whether a number solves it; one that isn't finite doesn't."""
        return math.isfinite(value) and SIGNS[self.sign](value, self.bound)

    @property
    def higher(self) -> bool:
        """Whether more is better."""
        return self.sign in (">", ">=")

    @property
    def limit(self) -> str:
        """What is asked of the number: ``> 0.9``."""
        return f"{self.sign} {repr(self.bound).removesuffix('.0')}"

    def shown(self, value: float) -> str:
        """Return a number with so many digits that it can be seen whether the rule holds of it."""
        from trainlab.draw import format_number  # with it comes numpy, which listing faults needs not

        if not math.isfinite(value):
            return str(value)
        digits = 3
        while digits < 17 and self.holds(float(f"{value:.{digits - 1}e}")) != self.holds(value):
            digits += 1
        return format_number(value, digits=digits)

    def __str__(self) -> str:
        return f"{self.name} {self.limit}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ruling:
    """What the rule says of a training.

    Args:
        rule: the rule.
        solved: whether it holds; None where its number couldn't be read.
        value: the number, in the rule's own unit; None if there is none.
        source: what it was read from.
        where: the same in words, as ``in the last line that names it``.
        by_itself: the state that the training has without the rule.
        trouble: why the number couldn't be read; empty if it could.
    """

    rule: UsersRule
    solved: bool | None
    value: float | None
    source: Source
    where: str
    by_itself: State
    trouble: str = ""

    @property
    def number(self) -> str:
        """The number with its name: ``accuracy 0.87``."""
        value = math.nan if self.value is None else self.value
        return f"{self.rule.name} {self.rule.shown(value)}"

    @property
    def short(self) -> str:
        """The number and what was asked for; nothing where there is no number."""
        return "" if self.solved is None else f"{self.number}, you asked for {self.rule.limit}"

    @property
    def words(self) -> str:
        """What was read, from where, and what was asked for."""
        if self.solved is None:
            return f"{self.rule} couldn't be judged: {self.trouble}"
        end = "solved" if self.solved else "not solved"
        return f"{self.number} {self.where}; you asked for {self.rule.limit}: {end}"

    @property
    def state(self) -> State:
        """The training's state by the rule (`state_by_rule`)."""
        return self.by_itself if self.solved is None else state_by_rule(self.solved, self.by_itself)


def state_by_rule(solved: bool, by_itself: State) -> State:
    """Return the state of a training that the user's rule calls solved, or not.

    One that isn't solved is stuck, or has diverged, only if it did so by itself: else it is poor, and known
    to be behind what was asked for. Nine in ten right answers are no constant answer, whatever the goal.
    """
    if solved:
        return "learnt"
    return by_itself if by_itself in ("stuck", "diverged") else "poor"


def rule_from(text: object, *, option: str = "--solved") -> UsersRule:
    """Return the rule that a text says.

    >>> rule_from("test accuracy >= 0.9").name
    'test accuracy'

    Raises:
        DiagnosisError: it says none; the message begins with the option.
    """
    said = f"{option} {shown(text)}"
    if not isinstance(text, str):
        raise DiagnosisError(f"{option} is {shown(text)}; must be a text such as {EXAMPLE!r}.")
    match = _PARTS.fullmatch(text)
    if match is None:
        in_shell = option == "--solved" and not re.search("[<>]", text)
        hint = " In a shell it needs quotes: without, > names a file." if in_shell else ""
        raise DiagnosisError(
            f"{said}: must be NAME > NUMBER, such as {EXAMPLE!r}, with one comparison.{hint}"
        )
    name, sign, bound = (match[part].strip() for part in ("name", "sign", "bound"))
    if sign not in SIGNS:
        raise DiagnosisError(f"{said}: there is no comparison {sign}; there are >, >=, < and <=.")
    if len(name) > MOST_LETTERS:
        raise DiagnosisError(
            f"{said}: the name before {sign} has {len(name):,} letters; at most {MOST_LETTERS} are allowed."
        )
    if not re.search(r"[^\W\d_]", name):
        raise DiagnosisError(
            f"{said}: before {sign} must stand the name of a number that is printed, as in {EXAMPLE!r}."
        )
    if not _NUMBER.fullmatch(bound) or not math.isfinite(float(bound)):
        percent = bound.removesuffix("%").strip() if bound.endswith("%") else ""
        hint = f" Give it as a share: {float(percent) / 100:.12g}." if _NUMBER.fullmatch(percent) else ""
        raise DiagnosisError(f"{said}: after {sign} must stand a number, such as 0.9.{hint}")
    return UsersRule(name=" ".join(name.split()), sign=sign, bound=float(bound))
