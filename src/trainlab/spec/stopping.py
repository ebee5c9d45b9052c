"""When a network is frozen before the last epoch; its curves are constant from then on."""

from __future__ import annotations

from trainlab.spec.checks import MAX_COUNT, check_number
from trainlab.spec.fields import convert_fields
from trainlab.spec.parts import Kind
from trainlab.spec.record import On


class NoStopping(Kind, frozen=True, kw_only=True, tag="none"):
    """Every network trains to the last epoch."""


class StopSolved(Kind, frozen=True, kw_only=True, tag="solved"):
    """A network is frozen at the first check, every `record.solved_every` epochs, at which it is solved."""


class Patience(Kind, frozen=True, kw_only=True, tag="patience"):
    """A network is frozen once its loss has not improved for `patience` readings in a row.

    Every `every` epochs the loss over the whole data is read; it improves if it is lower than the lowest so
    far by more than `min_delta`.
    """

    patience: int = 10
    min_delta: float = 0.0
    every: int = 1
    on: On = "train"

    def __post_init__(self) -> None:
        convert_fields(self)
        check_number("patience", self.patience, at_least=1, at_most=MAX_COUNT)
        check_number("min_delta", self.min_delta, at_least=0)
        check_number("every", self.every, at_least=1, at_most=MAX_COUNT)


Stopping = NoStopping | StopSolved | Patience
