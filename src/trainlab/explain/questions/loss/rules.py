"""The rules of the pairing table: what losses take, what arrives at the last sum, what fits which task."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from trainlab.engine.network_pass import Array
from trainlab.maths import ACTIVATIONS, LOSSES, Activation, Loss
from trainlab.maths.activation_functions import sigmoid

# What each loss takes: which class of ``torch.nn``, outputs of which kind, and its slope by the output.


Meaning = Literal["predictions", "probabilities", "logits", "log-probabilities", "scores"]
"""What the outputs mean that a loss is fed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LossSignature:
    """A loss: `meaning` of its outputs, `outputs` and `targets` in words, `slope` of one term by the output.

    `slope` is written as the formulas of activations' slopes are; `definitions` follow it. `aims_at` says
    what the best output is when the same input comes with several targets.
    """

    name: str
    meaning: Meaning
    outputs: str
    targets: str
    slope: str
    definitions: str = ""
    aims_at: str

    @property
    def torch_class(self) -> str | None:
        """The class of ``torch.nn``, None where it has none."""
        return LOSSES[self.name].torch_class


_NUMBERS = "predictions, any numbers"
_SAME = "numbers, of the outputs' shape"

_TABLE = (
    LossSignature(
        name="l1",
        meaning="predictions",
        outputs=_NUMBERS,
        targets=_SAME,
        slope="sign(p − y)",
        aims_at="the median of the targets",
    ),
    LossSignature(
        name="mse",
        meaning="predictions",
        outputs=_NUMBERS,
        targets=_SAME,
        slope="2·(p − y)",
        aims_at="the mean of the targets",
    ),
    LossSignature(
        name="huber",
        meaning="predictions",
        outputs=_NUMBERS,
        targets=_SAME,
        slope="clip(p − y, −δ, δ)",
        aims_at="a mean of the targets in which none pulls harder than delta",
    ),
    LossSignature(
        name="smooth_l1",
        meaning="predictions",
        outputs=_NUMBERS,
        targets=_SAME,
        slope="clip((p − y)/β, −1, 1)",
        aims_at="a mean of the targets in which none pulls harder than one at beta",
    ),
    LossSignature(
        name="log_cosh",
        meaning="predictions",
        outputs=_NUMBERS,
        targets=_SAME,
        slope="tanh(p − y)",
        aims_at="a mean of the targets in which none pulls harder than 1",
    ),
    LossSignature(
        name="bce",
        meaning="probabilities",
        outputs="probabilities, after a sigmoid",
        targets="0, 1 or between, as floats",
        slope="(p − y)/(p·(1 − p))",
        aims_at="the share of ones",
    ),
    LossSignature(
        name="bce_with_logits",
        meaning="logits",
        outputs="logits, before a sigmoid",
        targets="0, 1 or between, as floats",
        slope="(σ(p) − y)",
        aims_at="the log-odds of ones",
    ),
    LossSignature(
        name="cross_entropy",
        meaning="logits",
        outputs="logits, before a softmax",
        targets="numbers of classes, or a row of shares",
        slope="(softmax(p) − y)",
        aims_at="logits whose softmax is the share of each class",
    ),
    LossSignature(
        name="nll",
        meaning="log-probabilities",
        outputs="log-probabilities, after log_softmax",
        targets="numbers of classes",
        slope="−y",
        aims_at="the logarithm of the share of each class",
    ),
    LossSignature(
        name="hinge",
        meaning="scores",
        outputs="scores, right beyond −1 and 1",
        targets="0 or 1, read as −1 and 1",
        slope="−t·[t·p < 1]",
        definitions=", t = 2·y − 1",
        aims_at="a score on the side of the more frequent class",
    ),
)

LOSS_SIGNATURES: dict[str, LossSignature] = {entry.name: entry for entry in _TABLE}
"""Every loss by name."""


def is_distance(loss: str) -> bool:
    """Return whether it is a loss of the error p − y alone; one of the user's own isn't known to be."""
    return loss in LOSSES and LOSSES[loss].targets == "numbers"


# The gradient that arrives at the last sum z: as a formula for each pair of output and loss, and as numbers.
#
# By the chain rule it is the loss's slope by the output times the output's slope by the sum (Rumelhart,
# Hinton & Williams, Nature 323, 1986); where a loss is the negative logarithm of the probability that its
# output stands for, the factors cancel to p − y (Bridle, Neurocomputing (NATO ASI F 68), 1990).


CANCELLED = {
    ("sigmoid", "bce"): "p − y",
    ("linear", "bce_with_logits"): "σ(z) − y",
    ("linear", "cross_entropy"): "softmax(z) − y",
    ("log_softmax", "cross_entropy"): "softmax(z) − y",
    ("log_softmax", "nll"): "softmax(z) − y",
    ("softmax", "nll"): "p·(Σ(y·p) − y)",
    ("linear", "nll"): "−y",
}
"""Where the product of the two slopes becomes something simpler; a row of targets sums to 1."""


def gradient_formula(output: str, loss: str) -> str:
    """Return ∂ℓ/∂z of one term ℓ of the loss, before the mean divides it by the number of terms.

    >>> gradient_formula("sigmoid", "mse"), gradient_formula("sigmoid", "bce")
    ('2·(p − y)·p·(1 − p)', 'p − y')
    """
    if loss not in LOSS_SIGNATURES:
        # A loss of one's own: its slope has no formula here.
        return _own(output, f"{loss}′(p, y)")
    if (output, loss) in CANCELLED:
        return CANCELLED[output, loss]
    taken, entry = LOSS_SIGNATURES[loss], ACTIVATIONS[output]
    factor = entry.slope_formula
    if not entry.elementwise:
        return f"{factor}, g = {bare(taken.slope)}{taken.definitions}"
    if not factor:
        return f"{bare(taken.slope)}{taken.definitions}"
    return f"{taken.slope}·{factor}{taken.definitions}"


def _own(output: str, slope: str) -> str:
    factor = ACTIVATIONS[output].slope_formula
    if not ACTIVATIONS[output].elementwise:
        return f"{factor}, g = {slope}"
    return f"{slope}·{factor}" if factor else slope


def arriving(output: str, loss: str | Loss, z: Array, y: Array, **settings: Any) -> Array:
    """Return ∂ℓ/∂z ``[examples, outputs]`` of every term, for sums and targets of that shape.

    As the engines compute it: the loss's gradient through the activation's, times the number of terms that
    the mean is over.
    """
    entry, activation = entry_of(loss), ACTIVATIONS[output]
    terms = z.size if entry.mean_over == "elements" else len(z)
    return activation.backward(z, entry.gradient(activation.value(z), y, **settings)) * terms


def entry_of(loss: str | Loss) -> Loss:
    """Return the formulas of a loss by its name, or those given: of a loss that no table has."""
    return LOSSES[loss] if isinstance(loss, str) else loss


def bare(text: str) -> str:
    """Return a text without the parentheses around the whole of it.

    >>> bare("(p − y)"), bare("(p − y)/(p·(1 − p))")
    ('p − y', '(p − y)/(p·(1 − p))')
    """
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return text[1:-1] if place == len(text) - 1 and text.startswith("(") else text
    return text


# The rules of the pairing table: what a kind of task asks of an output and a loss, one function a kind.
#
# Which loss fits which output: Bishop, Pattern Recognition and Machine Learning, 2006, §4.3.6 and §5.2 (the
# output is the inverse of the canonical link, and the loss the negative log-likelihood); what PyTorch's
# classes take: the documentation of ``torch.nn``.


Verdict = Literal["right", "works", "wrong"]
Targets = tuple[float, float] | None
"""The lowest and the highest target, where they are known."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict, why, and what to do instead; nothing where the pairing is right."""

    verdict: Verdict
    reason: str
    remedy: str = ""


LOGITS = "linear output with bce_with_logits"
TWO_CLASSES = f"{LOGITS}, or sigmoid with bce"
MANY_CLASSES = "linear output with cross_entropy"
NUMBERS = "linear output with mse, l1 or huber"


def regression(output: Activation, loss: str, targets: Targets) -> Judged:
    """Judge a pairing for targets that are numbers."""
    if not is_distance(loss):
        return _numbers_as_probabilities(output, loss, targets)
    if output.name == "log_softmax":
        return Judged("wrong", "log_softmax never exceeds 0 and ties the outputs to each other.", NUMBERS)
    if output.name == "softmax":
        fits = targets is not None and targets[0] >= 0 and targets[1] <= 1
        reason = "softmax makes the outputs of an example sum to 1, which only shares do."
        return Judged("works" if fits else "wrong", reason, NUMBERS)
    if output.name == "linear":
        return Judged(
            "right", f"every number can be predicted; {loss} aims at {LOSS_SIGNATURES[loss].aims_at}."
        )
    if output.spans(-math.inf, math.inf):
        reason = f"{output.name} reaches every number, but those below 0 with a slope of 0.01."
        return Judged("works", reason, f"linear output with {loss}")
    if targets is not None and not output.spans(*targets):
        low, high = (f"{end:.3g}".replace("-", "−") for end in targets)
        reason = f"targets go from {low} to {high}, but {output.name} gives {output.reach} only."
        return Judged("wrong", reason, f"linear output with {loss}")
    only = f"{output.name} gives {output.reach} only"
    inside = f"{only}, which all targets are" if targets else f"{only}: right if all targets are"
    return Judged("works", f"{inside}; {_shut(output)}.", f"linear output with {loss}")


def binary(output: Activation, loss: str, targets: Targets) -> Judged:
    """Judge a pairing for one target of 0 or 1."""
    if loss == "cross_entropy":
        reason = (
            "cross_entropy needs an output for each class: the softmax of a single output is always 1, so "
            "loss and gradient are 0 whatever the weights, and nothing is learnt."
        )
        return Judged("wrong", reason, TWO_CLASSES)
    if loss == "nll":
        reason = (
            "nll needs an output for each class: of one output only the ones pull, and zeros count nothing."
        )
        return Judged("wrong", reason, TWO_CLASSES)
    if output.name in ("softmax", "log_softmax"):
        always = "1" if output.name == "softmax" else "0"
        return Judged("wrong", f"{output.name} of a single output is always {always}.", TWO_CLASSES)
    if is_distance(loss):
        return Judged("works", _two_by_distance(output, loss), TWO_CLASSES)
    if loss == "hinge":
        return _hinge(output, right="linear output with hinge", many=False)
    return _bce(output) if loss == "bce" else _logits(output)


def classes(output: Activation, loss: str, targets: Targets) -> Judged:
    """Judge a pairing for one-hot targets, one output a class."""
    if is_distance(loss):
        return _many_by_distance(output, loss)
    if loss == "hinge":
        return _hinge(output, right="linear output with cross_entropy", many=True)
    if loss == "cross_entropy":
        return _cross_entropy(output)
    if loss == "nll":
        return _nll(output)
    if loss == "bce" and output.name == "softmax":
        reason = "a proper score of each probability, but it counts a mistake once for every class."
        return Judged("works", reason, MANY_CLASSES)
    judged = _bce(output) if loss == "bce" else _logits(output)
    if judged.verdict == "wrong":
        return Judged("wrong", judged.reason, MANY_CLASSES)
    reason = "each class is its own yes or no: right where several may hold at once; here one holds."
    return Judged("works", reason, MANY_CLASSES)


def _numbers_as_probabilities(output: Activation, loss: str, targets: Targets) -> Judged:
    shares = targets is not None and targets[0] >= 0 and targets[1] <= 1
    if shares and (output.name, loss) in (("sigmoid", "bce"), ("linear", "bce_with_logits")):
        return Judged("works", "the targets lie from 0 to 1 and are taken for probabilities.", NUMBERS)
    meaning = LOSS_SIGNATURES[loss].meaning
    return Judged("wrong", f"{loss} takes {meaning} of classes, and these targets are numbers.", NUMBERS)


def _shut(output: Activation) -> str:
    return f"the factor {bare(output.slope_formula)} of its gradient is 0, or nearly, {output.flat}"


def _two_by_distance(output: Activation, loss: str) -> str:
    proper = (
        "" if loss == "mse" else f" {loss} aims at {LOSS_SIGNATURES[loss].aims_at}, not at the share of ones."
    )
    if output.name == "linear":
        return f"0 and 1 can be predicted, but 3 for a 1 counts as an error of 2, though it is right.{proper}"
    if output.name in ("sigmoid", "softplus"):
        return (
            f"{output.name} reaches 0 and 1, but the factor {output.slope_formula} shuts the gradient off "
            f"where the network is surely wrong, too.{proper}"
        )
    if not output.flat:
        return f"0 and 1 can be predicted, and nothing keeps predictions between them.{proper}"
    return f"0 and 1 can be predicted, but {_shut(output)}: there even a wrong answer hardly moves.{proper}"


def _many_by_distance(output: Activation, loss: str) -> Judged:
    if output.name == "log_softmax":
        return Judged("wrong", "log-probabilities never reach a target of 1.", MANY_CLASSES)
    if output.name == "softmax":
        reason = (
            "the outputs are probabilities, but where one is near 1 the softmax passes almost no gradient, "
            "even if it is the wrong one."
        )
        return Judged("works", reason, MANY_CLASSES)
    return Judged("works", _two_by_distance(output, loss), MANY_CLASSES)


def _bce(output: Activation) -> Judged:
    if output.name == "sigmoid":
        return Judged(
            "right",
            "the output is a probability, and its factor p·(1 − p) cancels: p − y arrives, most where it is "
            "most wrong. Numerically safer is the same with logits: linear with bce_with_logits.",
        )
    return Judged("wrong", f"bce takes probabilities, and {output.name} gives {output.reach}.", TWO_CLASSES)


def _logits(output: Activation) -> Judged:
    if output.name == "linear":
        return Judged("right", "the loss applies the sigmoid itself: p − y arrives, most where most wrong.")
    if output.spans(-math.inf, math.inf):
        reason = f"every logit can be reached, but those below 0 by {output.name} with a slope of 0.01."
        return Judged("works", reason, LOGITS)
    if output.name == "sigmoid":
        reason = "the loss applies its own sigmoid to this one, so predictions stay between 50 and 73.1 %."
        return Judged("wrong", reason, LOGITS)
    low, high = sigmoid(np.array([output.low, output.high]))
    reason = (
        f"the logits are {output.reach} only, so the prediction stays between {100 * low:.3g} and "
        f"{100 * high:.3g} %."
    )
    return Judged("wrong", reason, LOGITS)


def _hinge(output: Activation, *, right: str, many: bool) -> Judged:
    if not output.spans(-1, 1):
        reason = f"hinge wants −1 for class 0 and 1 for class 1, and {output.name} gives {output.reach}."
        return Judged("wrong", reason, right)
    if many:
        reason = "each class against the rest, by a margin; no probabilities, and several classes may win."
        return Judged("works", reason, right)
    if output.name == "linear":
        return Judged("right", "a margin for each side; what is beyond it counts no more. No probabilities.")
    reason = f"{output.name} reaches −1 and 1"
    extra = f", but {_shut(output)}" if output.flat else ", though unevenly"
    return Judged("works", f"{reason}{extra}.", right)


def _cross_entropy(output: Activation) -> Judged:
    if output.name == "linear":
        return Judged("right", "the loss applies the softmax itself: softmax(z) − y arrives.")
    if output.name == "log_softmax":
        reason = "log_softmax of log_softmax is itself: right numbers, the same work done twice."
        return Judged("works", reason, "log_softmax with nll, or linear output with cross_entropy")
    if output.bounded:
        best = float(sigmoid(np.array(output.high - output.low)))
        reason = (
            f"the loss has its own softmax: from logits that are {output.reach} it makes at most "
            f"{100 * best:.3g} % for one of two classes, and less for more."
        )
        return Judged("wrong", reason, MANY_CLASSES)
    if not output.flat:
        reason = f"any difference of logits can be reached, but by {output.name} with uneven slopes."
    else:
        reason = f"any difference of logits can be reached, but {_shut(output)}."
    return Judged("works", reason, MANY_CLASSES)


def _nll(output: Activation) -> Judged:
    if output.name == "log_softmax":
        return Judged("right", "the outputs are log-probabilities: softmax(z) − y arrives.")
    if output.name == "softmax":
        reason = (
            "nll takes log-probabilities, and these are probabilities: without the logarithm a right answer "
            "with a small probability is hardly punished."
        )
    elif output.high == math.inf:
        reason = f"nll takes log-probabilities; of {output.name} outputs the loss falls without end."
    else:
        reason = f"nll takes log-probabilities, and {output.name} gives {output.reach}."
    return Judged("wrong", reason, "log_softmax with nll, or linear output with cross_entropy")


def judge(task_kind: str, output: str, loss: str, targets: Targets = None) -> Judged:
    """Return what the rules of the kind say."""
    rules = {"regression": regression, "binary": binary, "classes": classes}
    return rules[task_kind](ACTIVATIONS[output], loss, targets)
