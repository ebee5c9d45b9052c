"""What networks answered at the end on rows that they were trained on, and what the answers depend on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from trainlab.diagnosis.place import Site

# What networks answered at the end on rows that they were trained on: plain numbers.

NAN = math.nan
AS_IT_IS = "as it is"


@dataclass(frozen=True, slots=True)
class RareRows:
    """Rows of other classes than the commonest, of all `rows`: their `count`, and the share answered right.

    `ranked` is the share of pairs, one of these and one of the commonest class, in which the network gives
    the latter more of the commonest class (ties count half): the area under the ROC curve.
    """

    count: int
    rows: int
    right: float
    ranked: float

    @property
    def is_told_apart(self) -> bool:
        """Whether it's ranked above chance by four standard errors (Mann and Whitney's U)."""
        others = self.rows - self.count
        error = math.sqrt((self.rows + 1) / (12 * max(1, self.count * others)))
        return self.ranked - 0.5 > 4 * error


@dataclass(slots=True)
class Answers:
    """The answers in one mode: the loss itself, accuracy or R², and whether they are all alike.

    `plain` is the loss by the plain criterion (squared error, cross-entropy) by that of its best constant;
    `right` the share of rows answered right: by the class, or nearer to their own target than to any other,
    where targets are a few numbers. Of classes, `rare` has how rows of the rare ones are answered.
    """

    loss: float
    reached: float
    plain: float
    constant: bool
    right: float = NAN
    rare: RareRows | None = None


@dataclass(frozen=True, slots=True)
class ScoredPadding:
    """Padding that a loss counts: its `share` of the places, accuracy and loss with it and without."""

    token: int
    share: float
    reached: float
    without: float
    loss: float
    loss_without: float

    @property
    def share_of_loss(self) -> float:
        """Its share of the loss."""
        return 1 - (1 - self.share) * self.loss_without / self.loss if self.loss > 0 else NAN


@dataclass(frozen=True, slots=True)
class TurnedTargets:
    """Of targets that are maps, as masks of pictures: how many `rows` tell which way round they fit best.

    `by_turn` has how many of these by the way, in words; "as it is" is one of them.
    """

    rows: int
    by_turn: Mapping[str, int]

    @property
    def turned(self) -> int:
        """How many fit better mirrored or turned than as they are."""
        return sum(many for turn, many in self.by_turn.items() if turn != AS_IT_IS)


@dataclass(slots=True)
class ModelAsked:
    """One network, asked about what it learnt from by one loss.

    `loss` is the place of that loss in `record.losses`; `rows` were asked, `unique` of them different.
    `constant_loss` is what the best constant answer scores by the loss itself, on the same rows. `train` has
    the modes that the network was trained in, `evaluation` eval mode in all its parts. `apart` is by how much
    the answers differ between the two: the share of other classes, or the rms difference by the spread of the
    targets. `end` is the number that backward would be called on now, in the modes of training, the mean over
    batches: NaN where it isn't known how that comes from the answers. `of_tokens` says that the loss has more
    rows than the network is given: those are tokens, or steps. `padding` is what of these is no answer to
    anything, and counts all the same. With the answers of other rows the loss is `of_others`, not its `own`.
    `turned` is of targets that are maps of pictures.
    """

    name: str
    loss: int
    rows: int
    unique: int
    constant_loss: float
    train: Answers
    evaluation: Answers
    apart: float
    end: float = NAN
    of_tokens: bool = False
    padding: ScoredPadding | None = None
    own: float = NAN
    of_others: float = NAN
    turned: TurnedTargets | None = None

    @property
    def best(self) -> Answers:
        """The answers of the mode with the smaller loss: no network is held back by the noise of training."""
        worse = self.train.loss < self.evaluation.loss or math.isnan(self.evaluation.loss)
        return self.train if worse else self.evaluation

    @property
    def best_mode(self) -> str:
        """Which mode that is, in words; empty where the answers are the same in both."""
        if not self.apart > 0:
            return ""
        return "train mode" if self.best is self.train else "eval mode"


# What a network's answers depend on, as a copy of it showed at the end: other rows, and later tokens.

Shape = tuple[int, ...]
ENOUGH, ALL, FEWEST_PLACES = 100, 0.98, 20
"""So many targets tell, and so large a share of them is all: a few stand at the ends of sequences."""


@dataclass(frozen=True, slots=True)
class PassCall:
    """A call in the copy's pass: of a function or a layer, where, and the shapes that it takes and gives."""

    name: str
    module: str
    site: Site | None
    given: Shape
    out: Shape = ()
    axis: int = 0


@dataclass(slots=True)
class TokenShares:
    """How the targets of tokens compare with the tokens given: shares that are the same, the next, or those
    after the next.

    `place` is that of the tokens among the tensors given, `axis` the axis of time; `counted` tokens were
    compared, those that the loss ignores left out. Of these `varied` are other tokens than the first of them:
    they aren't all padding.
    """

    place: int = 0
    axis: int = 1
    counted: int = 0
    ignored: int = 0
    varied: int = 0
    same: float = NAN
    following: float = NAN
    second: float = NAN

    @property
    def are_next(self) -> bool:
        """Whether the targets are the next tokens."""
        return self.counted >= ENOUGH and self.following > ALL and self.same < ALL

    @property
    def are_second(self) -> bool:
        """Whether the targets are the tokens after the next ones."""
        return self.counted >= ENOUGH and self.second > ALL and max(self.following, self.same) < ALL

    @property
    def left_out(self) -> float:
        """The share of the places that the loss ignores."""
        return self.ignored / max(1, self.counted + self.ignored)

    @property
    def are_given(self) -> bool:
        """Whether the targets are the tokens given themselves."""
        return self.counted >= ENOUGH and self.same > ALL and self.following < ALL


@dataclass(slots=True)
class GivenTarget:
    """A feature that is the target in all `rows`, as it is, in another unit, or as a number for each class.

    `others` is the share of the targets' variance that a linear fit of the other features explains in rows
    that it wasn't given; `moved` the share of the answers that change when the feature is another row's.
    """

    feature: str
    column: int
    rows: int
    others: float
    moved: float = 0.0


@dataclass(frozen=True, slots=True)
class UnusedInput:
    """An argument of a network, by its name there, that no function is given; a mask holds 0 and 1."""

    name: str
    shape: Shape
    is_mask: bool


@dataclass(frozen=True, slots=True)
class HiddenWords:
    """What the mask that the call `name` takes at `site` hides of the tokens given: words, and padding."""

    name: str
    site: Site | None
    words: int
    hidden_words: int
    padding: int
    hidden_padding: int

    @property
    def are_the_other_way_round(self) -> bool:
        """Whether every word is hidden, and the padding isn't."""
        return (
            min(self.words, self.padding) >= FEWEST_PLACES
            and self.hidden_words > ALL * self.words
            and self.hidden_padding < (1 - ALL) * self.padding
        )


@dataclass(frozen=True, slots=True)
class OwnGradient:
    """What the user's own `torch.autograd.Function` gives back for an input, and ought to.

    Along the same random directions: the `slopes` of what it computes, as finite differences have them, and
    those `given` by its `backward`, at `site`; none of a `backward` that gives zeros for an input on which
    the output depends.
    """

    function: str
    input: str
    slopes: tuple[float, ...]
    given: tuple[float, ...]
    site: Site | None

    @property
    def gives_zeros(self) -> bool:
        """Whether nothing before it gets a gradient."""
        return not self.slopes


BLIND = 1e-6
"""Answers that differ by less than a millionth of their size differ by rounding."""


@dataclass(slots=True)
class SameAnswers:
    """How alike the answers of a network are, in eval mode.

    Over the `rows` of a batch they differ by the share `first` of their size with the weights of the start,
    `last` with those of the end, and `drawn` with others that are drawn. Of their variance the share `apart`
    lies between the `places` of a row, at most, with any of them; of the targets' the share `target`. Of
    rows of tokens the share `padded` ends with the same one twice.
    """

    rows: int = 0
    first: float = NAN
    last: float = NAN
    drawn: float = NAN
    places: int = 0
    apart: float = NAN
    target: float = NAN
    padded: float = 0.0

    @property
    def is_blind(self) -> bool:
        """Whether different rows get the same answer whatever the weights are: nothing of them arrives."""
        return self.rows > 0 and max(self.first, self.last, self.drawn) < BLIND


@dataclass(slots=True)
class Dependence:
    """What one network's answers depend on, in eval mode.

    `others` is the share of the other rows whose answers change when one row is replaced, `order` that of
    the rows whose answers change when they stand in another order; both are NaN where rows weren't asked.
    `regrouped` says that rows were met in several batches, with other rows: no batch is a group of its own.
    `along_rows` are layers that take the rows for their sequence, `moved` calls that reshape so that numbers
    of different rows come together, `over_rows` softmaxes that normalize over the rows, `over_queries`
    those of attention weights that are then summed over another axis. `later` is the share of sequences in
    which the answer to a token changes with the next one, `own` that in which it changes with the token
    itself, `earlier` that in which answers change with a token before. `attends`: places of the tokens attend
    to others; `ahead` is the first attention that gives a place something of later ones. `conditioned`: it is
    given something else beside the tokens, such as another sequence, or a state. `given_target` is a feature
    that is the target, `unused` what the network is given and never uses, `same` how alike its answers are,
    `own_gradients` what the user's own functions in it compute, and give back, `hidden` what its attention is
    kept from.
    """

    name: str
    network: int
    rows: int = 0
    others: float = NAN
    order: float = NAN
    target: Shape = ()
    regrouped: bool = False
    along_rows: list[PassCall] = field(default_factory=list[PassCall])
    moved: list[PassCall] = field(default_factory=list[PassCall])
    over_rows: list[PassCall] = field(default_factory=list[PassCall])
    over_queries: list[PassCall] = field(default_factory=list[PassCall])
    tokens: TokenShares | None = None
    later: float = NAN
    own: float = NAN
    earlier: float = NAN
    attends: bool = False
    ahead: PassCall | None = None
    conditioned: bool = False
    given_target: GivenTarget | None = None
    unused: list[UnusedInput] = field(default_factory=list["UnusedInput"])
    same: SameAnswers | None = None
    own_gradients: list[OwnGradient] = field(default_factory=list[OwnGradient])
    hidden: HiddenWords | None = None
