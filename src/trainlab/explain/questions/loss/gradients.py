"""The gradient that arrives at the last sum z: as a formula for each pair of output and loss, and as numbers.

By the chain rule it is the loss's slope by the output times the output's slope by the sum (Rumelhart, Hinton
& Williams, Nature 323, 1986); where a loss is the negative logarithm of the probability that its output
stands for, the factors cancel to p − y (Bridle, Neurocomputing (NATO ASI F 68), 1990).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from trainlab.explain.questions.loss.loss_signatures import LOSS_SIGNATURES
from trainlab.maths import ACTIVATIONS, LOSSES, Loss

Array = npt.NDArray[np.float64]

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


def sums_of(output: str, outputs: Array) -> Array | None:
    """Return sums that give these outputs; None where they can't be told, or aren't finite."""
    inverse = ACTIVATIONS[output].inverse
    if inverse is None or (output == "softmax" and not np.allclose(outputs.sum(axis=1), 1.0)):
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        sums = inverse(outputs)
    return sums if np.isfinite(sums).all() else None
