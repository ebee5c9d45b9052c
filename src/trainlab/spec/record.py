"""What to record during training, and how often."""

from __future__ import annotations

from typing import Literal

from trainlab.spec.checks import MAX_COUNT, check_number
from trainlab.spec.fields import convert_fields
from trainlab.spec.parts import Part

Gradients = Literal["step", "data"]
"""Which gradients are read: those of one training step's examples, or of all training examples."""
On = Literal["train", "held_out"]
"""Which examples are read: the training examples, or the held-out ones."""


class Record(Part, frozen=True, kw_only=True):
    """How often, in epochs, to record loss, gradients by layer and whether the run is solved; 0 is never.

    `gradients` says over which examples gradients are taken, for the curve and for what is said of failed
    runs: `"data"`, all training examples; or `"step"`, only those of one training step, as in a notebook that
    looks at `.grad` after a backward pass. That is the next step, before it is made; at the end of an epoch
    it is the first step of the following epoch, which is drawn even if none follows. With full batches both
    are the same. Either is the mean |∂L/∂w| of a layer's weights, without biases and without what only a step
    has: noise, dropout, penalty and clipping.

    The seeds below `curves` keep these curves. For the other seeds, losses are kept to within 0.4 %, in two
    bytes each, so that the bands of the loss cover all seeds; those of the gradients cover the seeds below
    `curves`. `predictions` is for how many examples predictions are kept, from the first on; `parameters`
    says whether the final parameters are kept.
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
