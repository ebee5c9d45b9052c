"""Whether a task, an output activation and a loss belong together: a pure function, and the whole table."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from trainlab.errors import ExplainError, listing, nearest
from trainlab.explain.questions.loss.gradients import gradient_formula
from trainlab.explain.questions.loss.loss_signatures import LOSS_SIGNATURES
from trainlab.explain.questions.loss.rules import Verdict, judge
from trainlab.maths import ACTIVATIONS
from trainlab.spec import Custom, Experiment, name_of
from trainlab.tasks import Kind

MARKS = {"right": "right", "works": "works", "wrong": "WRONG"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Pairing:
    """A kind of task, an output activation and a loss, judged.

    `verdict` is "right" (the loss is made for this output and task), "works" (it can be trained to the aim,
    with the drawback that `reason` names) or "wrong" (what is predicted can't be what is meant). `gradient`
    is what arrives at the last sum z from one term of the loss, with p the output and y the target.
    `torch_class` is the class of ``torch.nn`` (None where it has none), and `takes` what that wants to be
    fed: logits, probabilities, … `remedy` is what to use instead, empty if the pairing is right.
    """

    task: Kind
    output: str
    loss: str
    verdict: Verdict
    reason: str
    gradient: str
    torch_class: str | None
    takes: str
    remedy: str

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain data."""
        return asdict(self)

    @property
    def sentence(self) -> str:
        """The verdict without its reason."""
        works = "works, but isn't the one to choose" if self.remedy else "works"
        words = {"right": "is right", "works": works, "wrong": "is wrong"}
        remedy = f"; better: {self.remedy}" if self.remedy else ""
        return f"{self.loss} after {self.output} for {TASK_WORDS[self.task]} {words[self.verdict]}{remedy}."

    def __str__(self) -> str:
        return f"{self.sentence} Why: {self.reason}"


TASK_WORDS = {"regression": "a regression", "binary": "two classes", "classes": "classes, one output each"}


def pairing(
    task_kind: Kind | str, output: str, loss: str, *, targets: tuple[float, float] | None = None
) -> Pairing:
    """Judge a pairing; `targets` are the lowest and highest, where a regression's are known.

    >>> pairing("binary", "sigmoid", "bce_with_logits").verdict
    'wrong'

    Raises:
        ExplainError: a kind of task, an output activation or a loss that doesn't exist.
    """
    for argument, value, known in (
        ("task_kind", task_kind, get_args(Kind)),
        ("output", output, ACTIVATIONS),
        ("loss", loss, LOSS_SIGNATURES),
    ):
        if value not in known:
            raise ExplainError(f"{argument} = {value!r}: must be {listing(known)}.{nearest(value, known)}")
    judged, taken = judge(task_kind, output, loss, targets), LOSS_SIGNATURES[loss]
    kind: Literal["regression", "binary", "classes"] = task_kind  # type: ignore[assignment]
    return Pairing(
        task=kind,
        output=output,
        loss=loss,
        verdict=judged.verdict,
        reason=judged.reason,
        # Of a single output cross-entropy's softmax is a constant.
        gradient="0" if (kind, loss) == ("binary", "cross_entropy") else gradient_formula(output, loss),
        torch_class=taken.torch_class,
        takes=taken.outputs,
        remedy=judged.remedy,
    )


def pairing_of(experiment: Experiment) -> Pairing:
    """Return the verdict on an experiment's own task, last activation and loss."""
    data, output = experiment.data(), experiment.network.activations[-1]
    targets = (float(data.targets.min()), float(data.targets.max()))
    if isinstance(experiment.loss, Custom):
        return own_pairing(data.kind, output, experiment.loss.function, targets)
    return pairing(data.kind, output, name_of(experiment.loss), targets=targets)


def own_pairing(kind: Kind, output: str, function: str, targets: tuple[float, float]) -> Pairing:
    """Judge the output that a loss of one's own is given: whether it reaches the targets."""
    reaches = ACTIVATIONS[output].spans(*targets)
    low, high = (f"{end:.3g}".replace("-", "−") for end in targets)
    lie = "lie there" if reaches else "do not all lie there"
    reason = (
        f"the outputs are {ACTIVATIONS[output].reach}, and the targets, from {low} to {high}, {lie}; what "
        f"{function} aims at, only its author knows."
    )
    return Pairing(
        task=kind,
        output=output,
        loss=function,
        verdict="works" if reaches else "wrong",
        reason=reason,
        gradient=gradient_formula(output, function),
        torch_class=None,
        takes="what the function was written for",
        remedy="" if reaches else "an output that reaches all targets, as a linear one",
    )


def pairings(task_kind: Kind | str, *, targets: tuple[float, float] | None = None) -> tuple[Pairing, ...]:
    """Return the whole table of a kind of task: every output activation with every loss."""
    return tuple(
        pairing(task_kind, output, loss, targets=targets)
        for output in ACTIVATIONS
        for loss in LOSS_SIGNATURES
    )
