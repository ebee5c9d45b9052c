"""The counter-based generator that every engine draws from: Philox4x32-10, and what is made of its words.

Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011. A draw is a pure function
of (seed, stream, counter), so no order, chunking or thread can change it. What follows the words is written
with IEEE additions, multiplications, divisions and square roots only: the same bits on every machine.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint32]
Array = npt.NDArray[np.float64]

WEIGHTS, BIASES, SAMPLES, NOISE, DROPOUT, SHUFFLE, PHASES = range(7)
"""The streams; (seed, stream) never share a draw."""

MULTIPLIER_0, MULTIPLIER_1 = 0xD2511F53, 0xCD9E8D57
WEYL_0, WEYL_1 = 0x9E3779B9, 0xBB67AE85
ROUNDS = 10
_LOW = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)


def philox4x32(counter: npt.ArrayLike, key: npt.ArrayLike) -> Words:
    """Return four random words ``[..., 4]`` for counters ``[..., 4]`` and keys ``[..., 2]``, all uint32."""
    counters = np.asarray(counter, dtype=np.uint64)
    keys = np.asarray(key, dtype=np.uint64)
    c0, c1, c2, c3 = (counters[..., i] for i in range(4))
    k0, k1 = keys[..., 0], keys[..., 1]
    for _ in range(ROUNDS):
        product0 = np.uint64(MULTIPLIER_0) * c0
        product1 = np.uint64(MULTIPLIER_1) * c2
        c0, c1, c2, c3 = (
            (product1 >> _SHIFT) ^ c1 ^ k0,
            product1 & _LOW,
            (product0 >> _SHIFT) ^ c3 ^ k1,
            product0 & _LOW,
        )
        k0 = (k0 + np.uint64(WEYL_0)) & _LOW
        k1 = (k1 + np.uint64(WEYL_1)) & _LOW
    return np.stack(np.broadcast_arrays(c0, c1, c2, c3), axis=-1).astype(np.uint32)


def words(seeds: npt.NDArray[np.uint64], *, stream: int, layer: int, count: int) -> Words:
    """Return the first `count` words ``[n, count]`` of a stream, for each seed ``[n]`` and one layer."""
    blocks = -(-count // 4)
    counter = np.zeros((1, blocks, 4), dtype=np.uint64)
    counter[0, :, 0] = np.arange(blocks)
    counter[0, :, 1] = layer
    counter[0, :, 2] = stream
    drawn = philox4x32(counter, seed_keys(seeds)[:, None, :])
    return drawn.reshape(len(seeds), blocks * 4)[:, :count]


def seed_keys(seeds: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Split 64-bit seeds ``[n]`` into keys ``[n, 2]`` of 32 bits, low half first."""
    return np.stack([seeds & _LOW, seeds >> _SHIFT], axis=-1)


def phase_seeds(seeds: npt.NDArray[np.uint64], *, phase: int) -> npt.NDArray[np.uint64]:
    """Return the seeds ``[n]`` that training number `phase` draws from, where one goes on from another.

    The first, phase 0, draws from the seed itself. The others would then see the same examples again, so
    they draw from two words of the seed's own stream, with the highest bit set, which no user's seed has.
    """
    if phase == 0:
        return seeds
    drawn = words(seeds, stream=PHASES, layer=phase, count=2).astype(np.uint64)
    return drawn[:, 0] | (drawn[:, 1] << _SHIFT) | np.uint64(1 << 63)


def batch_indices(seed: int, *, first: int, count: int, points: int) -> npt.NDArray[np.int64]:
    """Return draws `first` to ``first + count − 1`` of one of `points` examples, replaced, ``[count]``.

    Slot b of the batch of B at step s is draw s · B + b. A word w becomes ⌊w · points / 2³²⌋ (Lemire 2019,
    without the rejection: no example is likelier than another by more than points / 2³²).
    """
    blocks = np.arange(first // 4, -(-(first + count) // 4), dtype=np.uint64)
    counter = np.zeros((len(blocks), 4), dtype=np.uint64)
    counter[:, 0] = blocks & _LOW
    counter[:, 1] = blocks >> _SHIFT
    counter[:, 2] = SAMPLES
    drawn = philox4x32(counter, seed_keys(np.array([seed], dtype=np.uint64))).reshape(-1)
    return _below(drawn[first % 4 : first % 4 + count], np.uint64(points))


def shuffled(seed: int, *, epoch: int, points: int) -> npt.NDArray[np.int64]:
    """Return the order in which an epoch sees the examples, ``[points]``: a Fisher–Yates shuffle of 0, 1, …

    For i from points − 1 down to 1, the next word w picks j = ⌊w (i + 1) / 2³²⌋, and i and j change places.
    """
    keys = np.array([seed], dtype=np.uint64)
    drawn = words(keys, stream=SHUFFLE, layer=epoch, count=max(points - 1, 0))[0]
    picks = _below(drawn, np.arange(points, 1, -1, dtype=np.uint64))
    order = list(range(points))
    for i, j in zip(range(points - 1, 0, -1), picks.tolist(), strict=True):
        order[i], order[j] = order[j], order[i]
    return np.array(order, dtype=np.int64)


def step_words(seed: int, *, stream: int, step: int, slots: int, units: int) -> Words:
    """Return the words of one training step, ``[slots, units]``: one for each of its examples and each unit.

    Slot b of the batch and unit u take word b mod 4 of counter (⌊b/4⌋ · units + u, step, stream, 0).
    """
    blocks = -(-slots // 4)
    counter = np.zeros((blocks * units, 4), dtype=np.uint64)
    counter[:, 0] = np.arange(blocks * units)
    counter[:, 1] = step
    counter[:, 2] = stream
    drawn = philox4x32(counter, seed_keys(np.array([seed], dtype=np.uint64)))
    return drawn.reshape(blocks, units, 4).transpose(0, 2, 1).reshape(blocks * 4, units)[:slots]


def keeps(drawn: Words, p: float) -> npt.NDArray[np.bool_]:
    """Return which words keep their unit under dropout with probability `p`: those with (w + ½) / 2³² ≥ p."""
    return drawn >= drop_threshold(p)


def drop_threshold(p: float) -> int:
    """Return the smallest word that keeps its unit under dropout with probability `p`, 0 ≤ p ≤ 1 − 2⁻³³."""
    return math.ceil(p * 2.0**32 - 0.5)


def _below(drawn: Words, count: npt.NDArray[np.uint64] | np.uint64) -> npt.NDArray[np.int64]:
    """Turn words into whole numbers from 0 to count − 1."""
    return ((drawn.astype(np.uint64) * count) >> _SHIFT).astype(np.int64)


def uniforms(drawn: Words) -> Array:
    """Turn words into float64 in the open interval (0, 1): (w + ½) / 2³²."""
    return (drawn.astype(np.float64) + 0.5) * 2.0**-32


def normals(drawn: Words) -> Array:
    """Turn words into standard normal float64, one a word, by the quantile function (largest |z|: 6.3)."""
    return normal_quantile(uniforms(drawn))


def normal_quantile(p: Array) -> Array:
    """Return z with Φ(z) = p, for p within (1e-11, 1 − 1e-11).

    Wichura, Algorithm AS 241 (PPND16), Applied Statistics 37, 1988; relative error about 1e-16 as published.
    Its far tail, beyond what 32-bit uniforms reach, is left out.
    """
    q = p - 0.5
    central = np.abs(q) <= 0.425
    r = 0.180625 - q * q
    middle = q * _polynomial(r, AS241_A) / _polynomial(r, AS241_B)
    tail = np.sqrt(-logarithm(np.where(central, 0.5, np.minimum(p, 1.0 - p)))) - 1.6
    outer = np.copysign(_polynomial(tail, AS241_C) / _polynomial(tail, AS241_D), q)
    return np.where(central, middle, outer)


def logarithm(x: Array) -> Array:
    """Return ln x for x > 0 from basic operations (NumPy's own differs in the last bit between processors).

    ln(m · 2ᵉ) = e ln 2 + 2 artanh((m − 1)/(m + 1)), the series cut where |s| ≤ 0.172 leaves 1e-17;
    with rounding, the error stays under 3 units in the last place.
    """
    mantissa, exponent = np.frexp(x)
    small = mantissa < np.sqrt(0.5)
    mantissa = np.where(small, 2.0 * mantissa, mantissa)
    exponent = exponent - small
    s = (mantissa - 1.0) / (mantissa + 1.0)
    return exponent * LN2 + 2.0 * s * _polynomial(s * s, LOG_SERIES)


def _polynomial(x: Array, coefficients: tuple[float, ...]) -> Array:
    total = np.full_like(x, coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        total = total * x + coefficient
    return total


LN2 = 0.6931471805599453
LOG_SERIES = tuple(1.0 / (2 * k + 1) for k in range(11))

AS241_A = (
    3.3871328727963666080e0,
    1.3314166789178437745e2,
    1.9715909503065514427e3,
    1.3731693765509461125e4,
    4.5921953931549871457e4,
    6.7265770927008700853e4,
    3.3430575583588128105e4,
    2.5090809287301226727e3,
)
AS241_B = (
    1.0,
    4.2313330701600911252e1,
    6.8718700749205790830e2,
    5.3941960214247511077e3,
    2.1213794301586595867e4,
    3.9307895800092710610e4,
    2.8729085735721942674e4,
    5.2264952788528545610e3,
)
AS241_C = (
    1.42343711074968357734e0,
    4.63033784615654529590e0,
    5.76949722146069140550e0,
    3.64784832476320460504e0,
    1.27045825245236838258e0,
    2.41780725177450611770e-1,
    2.27238449892691845833e-2,
    7.74545014278341407640e-4,
)
AS241_D = (
    1.0,
    2.05319162663775882187e0,
    1.67638483018380384940e0,
    6.89767334985100004550e-1,
    1.48103976427480074590e-1,
    1.51986665636164571966e-2,
    5.47593808499534494600e-4,
    1.05075007164441684324e-9,
)
