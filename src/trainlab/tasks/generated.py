"""Generated tasks: of signs and bits, curves and planes for regression, and classes told by their place.

Of circles, moons, spirals and blobs the classes take turns, point by point."""

from __future__ import annotations

import math
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt

from trainlab.errors import SpecError, how_to_install
from trainlab.tasks.task import Array, Task, classified, examples

# Random numbers for data sets: the raw words of NumPy's Philox, turned into numbers here.
#
# NumPy promises that a bit generator's words never change, but not what its distributions make of them
# (NEP 19). A data set must be the same in every version, so only the words are used.
#
# Across processors it is the same up to rounding: the logarithm and the sines of normals, circles, moons,
# spirals and the sine curve are NumPy's, and their last bit may differ.


POINTS, NOISE, SPLIT, COEFFICIENTS = range(4)
"""Independent streams: where points lie, their noise, which are held out, centres or slopes."""


def words(seed: int, stream: int, count: int) -> npt.NDArray[np.uint64]:
    """Return the first `count` 64-bit words of Philox4x64-10 (Salmon et al. 2011) with key (seed, stream)."""
    return np.random.Philox(key=np.array([seed, stream], dtype=np.uint64)).random_raw(count)


def uniforms(seed: int, stream: int, shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """Return numbers from U(0, 1), both ends excluded: (upper 52 bits + ½) / 2^52."""
    raw = words(seed, stream, math.prod(shape))
    return (((raw >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52).reshape(shape)


def normals(seed: int, stream: int, shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """Return numbers from N(0, 1), two from two uniforms (Box and Muller 1958)."""
    count = math.prod(shape)
    first, second = uniforms(seed, stream, ((count + 1) // 2, 2)).T
    radius, angle = np.sqrt(-2 * np.log(first)), 2 * np.pi * second
    pairs = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return pairs.ravel()[:count].reshape(shape)


def shuffled(seed: int, count: int) -> npt.NDArray[np.int64]:
    """Return 0 … count − 1 in random order: the order in which random words sort."""
    return np.argsort(words(seed, SPLIT, count), kind="stable")


CORNERS = ((1, 1), (1, -1), (-1, -1), (-1, 1))
"""The signs of the quadrants, in such an order that the classes take turns."""


def xor(*, one_hot: bool) -> Task:
    """Return (0,0)→0, (0,1)→1, (1,0)→1, (1,1)→0."""
    inputs = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    return classified("xor", inputs, np.array([0, 1, 1, 0]), count=2, one_hot=one_hot)


def quadrants(*, points: int, noise: float, seed: int, one_hot: bool) -> Task:
    """Return U(−1, 1)² by quadrants in turn, 1 where signs differ; N(0, noise²) then moves the points."""
    turn = np.arange(points) % 4
    inputs = uniforms(seed, POINTS, (points, 2)) * np.array(CORNERS)[turn]
    inputs += noise * normals(seed, NOISE, (points, 2))
    return classified("quadrants", inputs, turn % 2, count=2, one_hot=one_hot)


def parity(*, bits: int, one_hot: bool) -> Task:
    """Return every row of `bits` bits, counting up with the last bit fastest; 1 where the ones are odd."""
    rows = np.indices((2,) * bits).reshape(bits, -1).T
    return classified("parity", rows.astype(np.float64), rows.sum(axis=1) % 2, count=2, one_hot=one_hot)


def _sine(x: Array) -> Array:
    return np.sin(np.pi * x)


def _step(x: Array) -> Array:
    return (x >= 0).astype(np.float64)


def _abs(x: Array) -> Array:
    return np.abs(x)


def _polynomial(x: Array) -> Array:
    return (4 * x * x - 3) * x  # Chebyshev's third


def _runge(x: Array) -> Array:
    return 1 / (1 + 25 * x * x)


CURVES: dict[str, Callable[[Array], Array]] = {
    "sine": _sine,
    "step": _step,
    "abs": _abs,
    "polynomial": _polynomial,
    "runge": _runge,
}
"""Functions of one input on [−1, 1]: sin πx; 1 from 0 on; abs x; 4x³ − 3x; 1/(1 + 25x²) (Runge 1901)."""


def curve(*, function: str, points: int, noise: float, seed: int) -> Task:
    """Return a function of `CURVES` at evenly spaced inputs, with N(0, noise²) added to the targets."""
    x = np.linspace(-1, 1, points)[:, None]
    targets = CURVES[function](x) + noise * normals(seed, NOISE, (points, 1))
    return examples("curve", x, targets, kind="regression")


def plane(*, points: int, features: int, noise: float, seed: int) -> Task:
    """Return a linear function of inputs U(−1, 1), slopes and offset U(−1, 1), with N(0, noise²) added."""
    inputs = 2 * uniforms(seed, POINTS, (points, features)) - 1
    slopes = 2 * uniforms(seed, COEFFICIENTS, (features + 1,)) - 1
    # Summed column by column: a matrix product's order of summation differs between machines.
    targets = np.full((points, 1), slopes[-1])
    for column, slope in enumerate(slopes[:-1]):
        targets[:, 0] += slope * inputs[:, column]
    return examples("plane", inputs, targets + noise * normals(seed, NOISE, (points, 1)), kind="regression")


def circles(*, points: int, noise: float, factor: float, seed: int, one_hot: bool) -> Task:
    """Return circles of radius 1 (class 0) and `factor` (class 1), evenly spaced, with N(0, noise²) added."""
    classes, place, counts = _turns(points, 2)
    angle = 2 * np.pi * place / counts
    radius = np.where(classes == 0, 1.0, factor)
    return _placed("circles", _polar(radius, angle), classes, 2, noise=noise, seed=seed, one_hot=one_hot)


def moons(*, points: int, noise: float, seed: int, one_hot: bool) -> Task:
    """Return (cos t, sin t) (class 0) and (1 − cos t, ½ − sin t) (class 1), t from 0 to π.

    N(0, noise²) is added.
    """
    classes, place, counts = _turns(points, 2)
    upper = _polar(np.ones(points), np.pi * place / np.maximum(counts - 1, 1))
    inputs = np.where(classes[:, None] == 0, upper, np.array([1.0, 0.5]) - upper)
    return _placed("moons", inputs, classes, 2, noise=noise, seed=seed, one_hot=one_hot)


def spirals(*, points: int, turns: float, noise: float, arms: int, seed: int, one_hot: bool) -> Task:
    """Return Archimedes' spirals: radius r at angle 2π (turns · r + arm / arms), r evenly spaced up to 1.

    N(0, noise²) is added. No arm begins at the origin itself, where all would meet.
    """
    classes, place, counts = _turns(points, arms)
    radius = (place + 1) / counts
    inputs = _polar(radius, 2 * np.pi * (turns * radius + classes / arms))
    return _placed("spirals", inputs, classes, arms, noise=noise, seed=seed, one_hot=one_hot)


def blobs(*, points: int, classes: int, features: int, std: float, seed: int, one_hot: bool) -> Task:
    """Return N(centre, std²) about a centre of U(−10, 10) for each class."""
    member = np.arange(points) % classes
    centres = 20 * uniforms(seed, COEFFICIENTS, (classes, features)) - 10
    return _placed("blobs", centres[member], member, classes, noise=std, seed=seed, one_hot=one_hot)


def _turns(
    points: int, classes: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return each point's class, its place in that class, and how many are in it; each ``[points]``."""
    member = np.arange(points) % classes
    return member, np.arange(points) // classes, np.bincount(member)[member]


def _polar(radius: Array, angle: Array) -> Array:
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _placed(
    name: str,
    inputs: Array,
    classes: npt.NDArray[np.int64],
    count: int,
    *,
    noise: float,
    seed: int,
    one_hot: bool,
) -> Task:
    noisy = inputs + noise * normals(seed, NOISE, (inputs.shape[0], inputs.shape[1]))
    return classified(name, noisy, classes, count=count, one_hot=one_hot)


# The data sets that come with scikit-learn (extra ``data``); nothing is downloaded.


def digits() -> Task:
    """Return 1,797 handwritten digits of 8 × 8 pixels."""
    return _classes("digits")


def iris() -> Task:
    """Return Fisher's 150 iris flowers."""
    return _classes("iris")


def wine() -> Task:
    """Return 178 wines of three growers."""
    return _classes("wine")


def breast_cancer(*, one_hot: bool) -> Task:
    """Return 569 tumours, malignant (0) or benign (1)."""
    return _classes("breast_cancer", one_hot=one_hot)


def diabetes() -> Task:
    """Return 442 patients and the progress of their disease; the inputs are scaled, as in scikit-learn."""
    data = _load("diabetes")
    return examples(
        "diabetes",
        np.asarray(data.data, dtype=np.float64),
        np.asarray(data.target, dtype=np.float64)[:, None],
        kind="regression",
        feature_names=tuple(map(str, data.feature_names)),
    )


def _classes(name: str, *, one_hot: bool = False) -> Task:
    data = _load(name)
    labels = tuple(map(str, data.target_names))
    return classified(
        name,
        np.asarray(data.data, dtype=np.float64),
        np.asarray(data.target, dtype=np.int64),
        count=len(labels),
        one_hot=one_hot,
        feature_names=tuple(map(str, data.feature_names)),
        class_names=labels,
    )


def _load(name: str) -> Any:
    try:
        return getattr(import_module("sklearn.datasets"), f"load_{name}")()
    except ModuleNotFoundError as error:
        raise missing(f"task = {name!r}", "scikit-learn", error) from None


def missing(what: str, package: str, error: ModuleNotFoundError) -> SpecError:
    """Return the error for an optional package that isn't installed; `error` names the missing module."""
    return SpecError(f"{what}: needs {package} ({error}). Install it with: {how_to_install('data')}")
