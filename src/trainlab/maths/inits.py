"""Initial values of weights and biases, from standard draws: uniform on (0, 1) or standard normal.

``sample(draws, fan_in, fan_out, **settings)`` turns float64 draws ``[n, fan_out · fan_in]`` (weights, row by
row) or ``[n, fan_out]`` (biases) into values of the same shape; ``draws`` names the kind that it needs. The
draws come from the counter-based generator, and the rest uses only basic operations, so every engine starts
with the same values, on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Mode = Literal["fan_in", "fan_out"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Init:
    """A distribution of initial values, given the layer's numbers of inputs and outputs.

    ``needs_matrix``: defined for weights only, as in ``torch.nn.init``, which refuses biases.
    """

    name: str
    draws: Literal["uniform", "normal"]
    formula: str
    citation: str
    needs_matrix: bool = False
    sample: Callable[..., Array]


GAINS: dict[str, float] = {
    "linear": 1.0,
    "sigmoid": 1.0,
    "tanh": 5.0 / 3.0,
    "relu": math.sqrt(2.0),
    "leaky_relu": math.sqrt(2.0),
    "selu": 0.75,
}
"""``torch.nn.init.calculate_gain`` of each nonlinearity; leaky_relu's is for slope 0."""


def gain_of(nonlinearity: str, a: float = 0.0) -> float:
    """Return the recommended gain; `a` is the negative slope of leaky_relu, and otherwise unused."""
    return math.sqrt(2.0 / (1.0 + a * a)) if nonlinearity == "leaky_relu" else GAINS[nonlinearity]


def default_bound(fan_in: int) -> float:
    """Return the bound of PyTorch's default for Linear: U(−1/√fan_in, 1/√fan_in), weights and biases alike.

    ``torch.nn.Linear.reset_parameters`` calls ``kaiming_uniform_(a=√5)``, whose bound is
    √(6 / ((1 + 5) · fan_in)) = 1/√fan_in.
    """
    return 1.0 / np.sqrt(fan_in)


def _normal(draws: Array, fan_in: int, fan_out: int, *, mean: float, std: float) -> Array:
    return mean + std * draws


def _uniform(draws: Array, fan_in: int, fan_out: int, *, a: float, b: float) -> Array:
    return a + (b - a) * draws


def _constant(draws: Array, fan_in: int, fan_out: int, *, val: float) -> Array:
    return np.full_like(draws, val)


def _within(draws: Array, bound: float) -> Array:
    return bound * (2.0 * draws - 1.0)


def _default(draws: Array, fan_in: int, fan_out: int) -> Array:
    return _within(draws, default_bound(fan_in))


def _xavier_std(fan_in: int, fan_out: int, gain: float) -> float:
    return gain * math.sqrt(2.0 / (fan_in + fan_out))


def _xavier_uniform(draws: Array, fan_in: int, fan_out: int, *, gain: float = 1.0) -> Array:
    return _within(draws, math.sqrt(3.0) * _xavier_std(fan_in, fan_out, gain))


def _xavier_normal(draws: Array, fan_in: int, fan_out: int, *, gain: float = 1.0) -> Array:
    return _xavier_std(fan_in, fan_out, gain) * draws


def _kaiming_std(fan_in: int, fan_out: int, a: float, mode: Mode, nonlinearity: str) -> float:
    return gain_of(nonlinearity, a) / math.sqrt(fan_in if mode == "fan_in" else fan_out)


def _kaiming_uniform(
    draws: Array,
    fan_in: int,
    fan_out: int,
    *,
    a: float = 0.0,
    mode: Mode = "fan_in",
    nonlinearity: str = "leaky_relu",
) -> Array:
    return _within(draws, math.sqrt(3.0) * _kaiming_std(fan_in, fan_out, a, mode, nonlinearity))


def _kaiming_normal(
    draws: Array,
    fan_in: int,
    fan_out: int,
    *,
    a: float = 0.0,
    mode: Mode = "fan_in",
    nonlinearity: str = "leaky_relu",
) -> Array:
    return _kaiming_std(fan_in, fan_out, a, mode, nonlinearity) * draws


def _lecun_uniform(draws: Array, fan_in: int, fan_out: int) -> Array:
    return _within(draws, math.sqrt(3.0 / fan_in))


def _lecun_normal(draws: Array, fan_in: int, fan_out: int) -> Array:
    return math.sqrt(1.0 / fan_in) * draws


def orthogonal(draws: Array, fan_in: int, fan_out: int, *, gain: float = 1.0) -> Array:
    """Return gain · Q for draws ``[n, fan_out · fan_in]``, each a matrix ``[fan_out, fan_in]`` row by row.

    Its rows or its columns, whichever are fewer, are orthonormal. Q is that of A = QR with a positive
    diagonal of R, which makes it uniform among such matrices (Mezzadri, Notices of the AMS 54, 2007), and the
    same as ``torch.nn.init.orthogonal_`` of the same A. It uses only additions, multiplications, divisions
    and square roots in a fixed order, so the bits don't depend on the machine or the other members.
    """
    matrices = draws.reshape(-1, fan_out, fan_in)
    if fan_out < fan_in:
        matrices = matrices.transpose(0, 2, 1)
    # The second pass repairs the rounding of the first: twice is enough (Giraud et al. 2005).
    columns = _gram_schmidt(_gram_schmidt(matrices))
    if fan_out < fan_in:
        columns = columns.transpose(0, 2, 1)
    return gain * columns.reshape(draws.shape)


def _gram_schmidt(matrices: Array) -> Array:
    """Return the columns of ``[n, rows, columns]``, rows ≥ columns, made orthonormal from left to right."""
    columns = matrices.copy()
    for index in range(columns.shape[2]):
        column = columns[:, :, index : index + 1]
        column /= np.sqrt(_sum_rows(column * column))
        rest = columns[:, :, index + 1 :]
        rest -= column * _sum_rows(column * rest)
    return columns


def _sum_rows(values: Array) -> Array:
    """Return the sums over axis 1, kept; halves are added to halves, so that no library chooses the order."""
    while values.shape[1] > 1:
        half = values.shape[1] // 2
        odd = values[:, 2 * half :]
        values = values[:, :half] + values[:, half : 2 * half]
        if odd.shape[1]:
            values[:, :1] += odd
    return values


_GLOROT = "Glorot & Bengio, AISTATS 2010"
_HE = "He, Zhang, Ren & Sun, ICCV 2015"
_LECUN = "LeCun, Bottou, Orr & Müller, Efficient BackProp, 1998"

_TABLE = (
    Init(
        name="uniform",
        draws="uniform",
        formula="w ~ U(a, b)",
        citation="torch.nn.init.uniform_",
        sample=_uniform,
    ),
    Init(
        name="normal",
        draws="normal",
        formula="w ~ N(mean, std²)",
        citation="torch.nn.init.normal_",
        sample=_normal,
    ),
    Init(
        name="constant",
        draws="uniform",
        formula="w = val",
        citation="torch.nn.init.constant_",
        sample=_constant,
    ),
    Init(
        name="default",
        draws="uniform",
        formula="w ~ U(−1/√fan_in, 1/√fan_in)",
        citation="torch.nn.Linear.reset_parameters (He et al., ICCV 2015, with a = √5)",
        sample=_default,
    ),
    Init(
        name="xavier_uniform",
        draws="uniform",
        formula="w ~ U(−b, b), b = gain √(6/(fan_in + fan_out))",
        citation=f"{_GLOROT}; torch.nn.init.xavier_uniform_",
        needs_matrix=True,
        sample=_xavier_uniform,
    ),
    Init(
        name="xavier_normal",
        draws="normal",
        formula="w ~ N(0, gain² · 2/(fan_in + fan_out))",
        citation=f"{_GLOROT}; torch.nn.init.xavier_normal_",
        needs_matrix=True,
        sample=_xavier_normal,
    ),
    Init(
        name="kaiming_uniform",
        draws="uniform",
        formula="w ~ U(−b, b), b = gain √(3/fan), fan = fan_in or fan_out, gain of the nonlinearity",
        citation=f"{_HE}; torch.nn.init.kaiming_uniform_",
        needs_matrix=True,
        sample=_kaiming_uniform,
    ),
    Init(
        name="kaiming_normal",
        draws="normal",
        formula="w ~ N(0, gain²/fan), fan = fan_in or fan_out, gain of the nonlinearity",
        citation=f"{_HE}; torch.nn.init.kaiming_normal_",
        needs_matrix=True,
        sample=_kaiming_normal,
    ),
    Init(
        name="lecun_uniform",
        draws="uniform",
        formula="w ~ U(−√(3/fan_in), √(3/fan_in))",
        citation=_LECUN,
        needs_matrix=True,
        sample=_lecun_uniform,
    ),
    Init(
        name="lecun_normal",
        draws="normal",
        formula="w ~ N(0, 1/fan_in)",
        citation=f"{_LECUN}; Klambauer et al., NeurIPS 2017",
        needs_matrix=True,
        sample=_lecun_normal,
    ),
    Init(
        name="fan_in_uniform",
        draws="uniform",
        formula="w ~ U(−1/√n, 1/√n), n = fan_in",
        citation="Glorot & Bengio, AISTATS 2010, equation 1: the common heuristic",
        sample=_default,
    ),
    Init(
        name="orthogonal",
        draws="normal",
        formula="W = gain · Q, A = QR with diag R > 0, A normal (Aᵀ where fan_out < fan_in)",
        citation="Saxe, McClelland & Ganguli, ICLR 2014; torch.nn.init.orthogonal_",
        needs_matrix=True,
        sample=orthogonal,
    ),
)

INITS: dict[str, Init] = {entry.name: entry for entry in _TABLE}
"""Every initialisation by name."""
