"""Generated tasks: of signs and bits, curves and planes for regression, and classes told by their place.

Of circles, moons, spirals and blobs the classes take turns, point by point.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from trainlab.tasks.random_numbers import COEFFICIENTS, NOISE, POINTS, normals, uniforms
from trainlab.tasks.task import Array, Task, classified, examples

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
