"""What to record of a training, and how often."""

from __future__ import annotations

from typing import Literal

from trainlab.spec.checks import MAX_COUNT, check_number
from trainlab.spec.fields import convert_fields
from trainlab.spec.parts import Part

Gradients = Literal["step", "data"]
"""Whose gradients are read: those of one training step's examples, or of all that are trained on."""
On = Literal["train", "held_out"]
"""Which examples a reading is of: those trained on, or those held out."""


class Record(Part, frozen=True, kw_only=True):
    """How often, in epochs, to record loss, gradients by layer and whether the run is solved; 0 is never.

    `gradients` says what the loss is over whose gradients are read, in the curve and for what is said of
    failed runs: `"data"`, all examples trained on; or `"step"`, those of one training step alone, as a
    notebook reads them that looks at `.grad` after a backward pass: of the step that comes next, before it is
    made. At the end of an epoch that is the first step of the epoch after, which is drawn even where none
    follows; with full batches both are the same. Either is the mean |∂L/∂w| of a layer's weights, biases left
    out, without what only a step has: noise, dropout, penalty and clipping.

    The seeds below `curves` keep these curves. Of the other seeds the losses are kept to within 0.4 %, in two
    bytes each, so that bands of the loss are of all seeds; those of the gradients are of the seeds below
    `curves`. `predictions` is how many examples' predictions are kept, from the first on; `parameters`
    whether the parameters at the end are.
    """

    loss_every: int = 50
    gradient_every: int = 100
    solved_every: int = 10
    gradients: Gradients = "data"
    curves: int = 1000
    predictions: int = 16
    parameters: bool = True

    def __post_init__(self) -> None:
        convert_fields(self)
        for field in ("loss_every", "gradient_every", "solved_every", "curves", "predictions"):
            check_number(field, getattr(self, field), at_least=0, at_most=MAX_COUNT)
