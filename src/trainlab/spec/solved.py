"""What counts as solved."""

from __future__ import annotations

from collections.abc import Iterable

from trainlab.spec.checks import check_number
from trainlab.spec.fields import convert_fields
from trainlab.spec.parts import Kind
from trainlab.spec.record import On


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
