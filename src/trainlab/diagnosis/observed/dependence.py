"""What a network's answers depend on, as a copy of it showed at the end: other rows, and later tokens."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from trainlab.diagnosis.observed.site import Site

Shape = tuple[int, ...]
NAN = math.nan
ENOUGH, ALL = 100, 0.98
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
    """How the targets of tokens compare with the tokens given: shares that are the same, or the next ones.

    `place` is that of the tokens among the tensors given, `axis` the axis of time; `counted` tokens were
    compared, those that the loss ignores left out.
    """

    place: int = 0
    axis: int = 1
    counted: int = 0
    ignored: int = 0
    same: float = NAN
    following: float = NAN

    @property
    def are_next(self) -> bool:
        """Whether the targets are the next tokens."""
        return self.counted >= ENOUGH and self.following > ALL and self.same < ALL

    @property
    def are_given(self) -> bool:
        """Whether the targets are the tokens given themselves."""
        return self.counted >= ENOUGH and self.same > ALL and self.following < ALL


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
    itself.
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
