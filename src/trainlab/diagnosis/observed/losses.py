"""What the probe saw of losses: their values, and how outputs fitted targets. Ticks are those of `record`."""

from __future__ import annotations

from dataclasses import dataclass, field

from trainlab.diagnosis.observed.torch_names import BINARY, CLASSES
from trainlab.diagnosis.place import Site

MOST, FIRST = 4096, 512
UNSURE = 0.05
"""Of the targets of yes-or-no questions so many may be near neither."""


@dataclass(slots=True)
class LossCurve:
    """The losses that backward was called on from one line of code.

    Of long trainings `values` are means over `stride` of them in a row, so that none is left out: of every
    second or fourth value of rows in a fixed order, some rows would never be in it. `first` has the first
    ones, each by its tick. Of `walked` of them the graph was read.
    """

    site: Site | None
    ticks: list[int] = field(default_factory=list[int])
    values: list[float] = field(default_factory=list[float])
    count: int = 0
    stride: int = 1
    first_nonfinite: int | None = None
    nonfinite: int = 0
    leafs: int = 0
    retained: int = 0
    last: float = float("nan")
    first: dict[int, float] = field(default_factory=dict[int, float])
    optimizers: set[int] = field(default_factory=set[int])
    training: int = 0
    walked: int = 0
    _sum: float = 0.0

    def add(self, tick: int, value: float) -> None:
        """Keep the value; no more than 4,096 stay: then each is the mean of two, of four…"""
        finite = value == value and abs(value) != float("inf")
        if not finite:
            self.nonfinite += 1
            if self.first_nonfinite is None:
                self.first_nonfinite = tick
        if len(self.first) < FIRST:
            self.first.setdefault(tick, value)
        if self.count % self.stride == 0:
            self._sum = 0.0
            self.ticks.append(tick)
            self.values.append(value)
        self._sum += value
        self.count += 1
        self.last = value
        within = self.count % self.stride or self.stride
        self.values[-1] = self._sum / within
        if len(self.values) >= MOST and within == self.stride:
            self.ticks = self.ticks[::2]
            self.values = [
                (one + two) / 2 for one, two in zip(self.values[::2], self.values[1::2], strict=True)
            ]
            self.stride *= 2

    def join(self, other: LossCurve) -> bool:
        """Take over the losses of another curve from the same line; False, and nothing, where one is long."""
        if self.stride > 1 or other.stride > 1 or len(self.values) + len(other.values) >= MOST:
            return False
        pairs = sorted(zip(self.ticks + other.ticks, self.values + other.values, strict=True))
        later = self if self.ticks[-1:] > other.ticks[-1:] else other
        self.ticks, self.values = [tick for tick, _ in pairs], [value for _, value in pairs]
        known = [one for one in (self.first_nonfinite, other.first_nonfinite) if one is not None]
        self.first_nonfinite = min(known, default=None)
        self.last, self._sum = later.last, later._sum
        self.count, self.nonfinite = self.count + other.count, self.nonfinite + other.nonfinite
        self.leafs, self.retained = self.leafs + other.leafs, self.retained + other.retained
        self.walked += other.walked
        self.first = dict(sorted((other.first | self.first).items())[:FIRST])
        return True


@dataclass(slots=True)
class Fit:
    """How well outputs fitted targets at one tick: mean loss by the plain criterion, accuracy, range.

    Of logits: `zeros` is the share that is exactly 0, `tied` that of the rows in which all are equal,
    `unmoved` that of the answers (a row's right class; a no to a yes-or-no question) whose logit is 0.
    The targets lie between `target_low` and `target_high`. Of rows evaluated, `known` is the share that was
    trained on; None where that isn't known.
    """

    tick: int
    value: float
    accuracy: float | None = None
    out_low: float | None = None
    out_high: float | None = None
    scale: float = 1.0
    zeros: float | None = None
    tied: float | None = None
    unmoved: float | None = None
    rows: int = 0
    target_low: float = float("inf")
    target_high: float = float("-inf")
    known: float | None = None


@dataclass(slots=True)
class LossRecord:
    """A place where outputs meet targets: a loss function, or a difference that the loss is made of.

    `weights` are those of the classes that it was first given; of a yes or no the weight of a yes. `turned`
    is a distance that is given the target first; `cut_off` counts targets that were detached in the step
    itself: what a network answers, and no data. `made_here` counts targets that were made in the step,
    `given_again` those that are the very tensor of a step before: one of `target_tensors`. `left_out` are
    targets, where these are classes, at places that the loss doesn't count: padding, as a rule.
    Where probabilities are wanted, `outside` sums up the shares of each batch's targets that are none, and
    `between` of those that are near neither 0 nor 1; `soft_low` is the least target of several classes.
    `masked`: its values may be weighed or left out one by one.
    """

    kind: str
    site: Site | None
    module: str
    out_shape: tuple[int, ...]
    target_shape: tuple[int, ...]
    target_dtype: str
    classes: int | None = None
    fits: list[Fit] = field(default_factory=list[Fit])
    judged: list[Fit] = field(default_factory=list[Fit])
    batches: list[tuple[float, ...]] = field(default_factory=list[tuple[float, ...]])
    made_here: int = 0
    given_again: int = 0
    target_tensors: int = 0
    count: int = 0
    columns: int = 1
    rows: int = 0
    sums: list[float] = field(default_factory=list[float])
    squares: list[float] = field(default_factory=list[float])
    counts: dict[int, int] = field(default_factory=dict[int, int])
    sample: list[float] = field(default_factory=list[float])
    floor: float = 0.0
    soft_rows_off: float = 0.0
    soft_low: float = 0.0
    outside: float = 0.0
    between: float = 0.0
    masked: bool = False
    weights: list[float] = field(default_factory=list[float])
    target_low: float = float("inf")
    target_high: float = float("-inf")
    training: int = 0
    turned: bool = False
    cut_off: int = 0
    left_out: set[int] = field(default_factory=set[int])

    @property
    def share_outside(self) -> float:
        """The share of the targets that should be probabilities and aren't."""
        return self.outside / max(1, len(self.fits))

    @property
    def has_classes(self) -> bool:
        """Whether its targets are classes, so that answers are right or wrong; numbers from 0 to 1 aren't."""
        sure = self.kind in BINARY and self.between <= UNSURE * len(self.fits)
        return self.kind in CLASSES or (sure and self.share_outside < UNSURE)

    def steps(self) -> list[tuple[float, ...]]:
        """Return the targets of each step: those of all passes before it, which it learns from together."""
        found: dict[int, tuple[float, ...]] = {}
        for fit, batch in zip(self.fits, self.batches, strict=False):
            found[fit.tick] = found.get(fit.tick, ()) + batch
        return list(found.values())


@dataclass(frozen=True, slots=True)
class LossTerm:
    """A term of a loss that is a sum, on one batch.

    `loss` is its place in `record.losses`, if it compares outputs with targets; `factor` the number that it's
    multiplied by. `gradient` is the norm of its gradient by the parameters that other terms move, too.
    """

    loss: int | None
    factor: float
    value: float
    gradient: float


@dataclass(frozen=True, slots=True)
class LossTerms:
    """The terms of a network's loss, with the weights that it began with."""

    network: int
    start: tuple[LossTerm, ...]
