"""What is measured, when a run counts as solved, and when it stops."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from trainlab.spec.checks import MAX_COUNT, check_number
from trainlab.spec.fields import Kind, Part, convert_fields

# What to record during training, and how often.


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


# What counts as solved.


class Within(Kind, frozen=True, kw_only=True, tag="within"):
    """A run counts as solved when every |prediction − target| is below `within`."""

    within: float = 0.1
    on: On = "train"

    def __post_init__(self) -> None:
        convert_fields(self)
        check_number("within", self.within, above=0)


class Accuracy(Kind, frozen=True, kw_only=True, tag="accuracy"):
    """A run counts as solved when it classifies at least the share `accuracy` of the examples correctly."""

    accuracy: float = 1.0
    on: On = "train"

    def __post_init__(self) -> None:
        convert_fields(self)
        check_number("accuracy", self.accuracy, above=0, at_most=1)


class LossBelow(Kind, frozen=True, kw_only=True, tag="loss"):
    """A run counts as solved when its loss over all the examples is below `loss`."""

    loss: float
    on: On = "train"

    def __post_init__(self) -> None:
        convert_fields(self)
        check_number("loss", self.loss)


Solved = Within | Accuracy | LossBelow


def solved_rule(rules: Iterable[Solved]) -> str:
    """Return, as a sentence, what counts as solved in several experiments, or that it differs."""
    words = list(dict.fromkeys(solved_words(solved) for solved in rules))
    return f"A run is solved {words[0]}." if len(words) == 1 else "Cells differ in what counts as solved."


def solved_words(solved: Solved) -> str:
    """Return when a run is solved: ``when every prediction is less than 0.1 from its target``."""
    where = " of the held-out examples" if solved.on == "held_out" else ""
    if isinstance(solved, Accuracy):
        share = f"{100 * solved.accuracy:.10g} %"
        return f"when it classifies at least {share}{where or ' of the examples'} correctly"
    if isinstance(solved, LossBelow):
        return f"when its loss{' on the held-out examples' if where else ''} is below {solved.loss:g}"
    return f"when every prediction{where} is less than {solved.within:g} from its target"


# When a network is frozen before the last epoch; its curves are constant from then on.


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
