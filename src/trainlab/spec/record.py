"""What to record of a training, and how often."""

from __future__ import annotations

from typing import Literal

from trainlab.spec.checks import MAX_COUNT, check_number
from trainlab.spec.fields import settle
from trainlab.spec.kinds import Part

On = Literal["train", "held_out"]
"""Which examples a reading is of: those trained on, or those held out."""


class Record(Part, frozen=True, kw_only=True):
    """How often, in epochs, to record loss, gradients by layer and whether the run is solved; 0 is never.

    The seeds below `curves` keep these curves. Of the other seeds the losses are kept to within 0.4 %, in two
    bytes each, so that bands of the loss are of all seeds; those of the gradients are of the seeds below
    `curves`. `predictions` is how many examples' predictions are kept, from the first on; `parameters`
    whether the parameters at the end are.
    """

    loss_every: int = 50
    gradient_every: int = 100
    solved_every: int = 10
    curves: int = 1000
    predictions: int = 16
    parameters: bool = True

    def __post_init__(self) -> None:
        settle(self)
        for field in ("loss_every", "gradient_every", "solved_every", "curves", "predictions"):
            check_number(field, getattr(self, field), at_least=0, at_most=MAX_COUNT)
