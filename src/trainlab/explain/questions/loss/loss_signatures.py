"""What each loss takes: which class of ``torch.nn``, outputs of which kind, and its slope by the output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from trainlab.maths import LOSSES

Meaning = Literal["predictions", "probabilities", "logits", "log-probabilities", "scores"]
"""What the outputs mean that a loss is fed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LossSignature:
    """A loss: `meaning` of its outputs, `outputs` and `targets` in words, `slope` of one term by the output.

    `slope` is written as the formulas of outputs.py are; `definitions` follow it. `aims_at` says what the
    best output is when the same input comes with several targets.
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
