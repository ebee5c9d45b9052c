"""Read a formula of the pairing table as a program and evaluate it: what is shown is what is tested."""

import re
from typing import Any

import numpy as np
from scipy.special import ndtr

from trainlab.maths.activation_functions import sigmoid, softmax

NAMES: dict[str, Any] = {
    "sign": np.sign,
    "clip": np.clip,
    "tanh": np.tanh,
    "exp": np.exp,
    "cos": np.cos,
    "min": np.minimum,
    "sigmoid": sigmoid,
    "softmax": softmax,
    "cdf": ndtr,
    "density": lambda z: np.exp(-z * z / 2) / np.sqrt(2 * np.pi),
    "total": lambda values: values.sum(axis=-1, keepdims=True),
    "holds": lambda condition: condition.astype(float),
}
WRITTEN = (
    ("·", "*"),
    ("−", "-"),
    ("²", "**2"),
    ("σ(", "sigmoid("),
    ("Σ(", "total("),
    ("Φ(", "cdf("),
    ("φ(", "density("),
    ("|z|", "abs(z)"),
    ("≤", "<="),
    ("[", "holds("),
    ("]", ")"),
)


def evaluate(formula: str, *, p: Any, z: Any, y: Any, delta: float = 1.0, beta: float = 1.0) -> Any:
    """Return the numbers of ``expression, name = expression``; definitions may use those after them."""
    expression, *definitions = re.split(r", (?=[a-z] = )", formula)
    known = {**NAMES, "p": p, "z": z, "y": y, "δ": delta, "β": beta}
    for definition in reversed(definitions):
        name, _, text = definition.partition(" = ")
        known[name] = run(text, known)
    return np.broadcast_to(run(expression, known), p.shape)


def run(text: str, known: dict[str, Any]) -> Any:
    for written, read in WRITTEN:
        text = text.replace(written, read)
    return eval(text, {"__builtins__": {}, "abs": abs}, known)
