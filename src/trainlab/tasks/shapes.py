"""Classes by their place: circles, moons, spirals, blobs. The classes take turns, point by point."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trainlab.tasks.draws import COEFFICIENTS, NOISE, normals, uniforms
from trainlab.tasks.task import Array, Task, classified


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
