"""The generated tasks: shape, kind, balance, geometry, and the very numbers of a few."""

import itertools
import math

import numpy as np
import pytest

from trainlab.spec.tasks import (
    Blobs,
    Circles,
    Curve,
    Moons,
    Parity,
    Plane,
    Quadrants,
    Scaling,
    Spirals,
    Split,
    TaskSpec,
    Xor,
)
from trainlab.tasks import Task, build
from trainlab.tasks.generated import CURVES, normals, shuffled, uniforms, words

PINNED_WORDS = [5599841837815857887, 15655913098571550255, 2880178291573394738]
PINNED_ORDER = [4, 2, 0, 6, 1, 5, 7, 3]
PINNED_QUADRANTS = [
    [0.3035680343067587, 0.8487087496857769],
    [0.1561347780434731, -0.031106436954376204],
    [-0.9002684531124187, -0.0520666675500433],
]
PINNED_BLOBS = [
    [4.993374215924504, 2.157706194585819],
    [-8.41480405606507, -10.041448091945483],
    [-3.846679357238138, -7.0772593169170905],
]


def make(task: TaskSpec) -> Task:
    return build(task, Split(), Scaling())


@pytest.mark.parametrize(
    ("task", "shape", "outputs", "kind"),
    [
        (Xor(), (4, 2), 1, "binary"),
        (Xor(one_hot=True), (4, 2), 2, "classes"),
        (Quadrants(), (200, 2), 1, "binary"),
        (Quadrants(points=7, one_hot=True), (7, 2), 2, "classes"),
        (Parity(), (8, 3), 1, "binary"),
        (Parity(bits=1, one_hot=True), (2, 1), 2, "classes"),
        (Circles(points=11), (11, 2), 1, "binary"),
        (Moons(points=2), (2, 2), 1, "binary"),
        (Moons(one_hot=True), (200, 2), 2, "classes"),
        (Spirals(), (200, 2), 1, "binary"),
        (Spirals(arms=3), (200, 2), 3, "classes"),
        (Blobs(), (200, 2), 3, "classes"),
        (Blobs(classes=2, features=5), (200, 5), 1, "binary"),
        (Blobs(classes=2, one_hot=True), (200, 2), 2, "classes"),
        (Curve(), (64, 1), 1, "regression"),
        (Plane(features=3), (200, 3), 1, "regression"),
    ],
)
def test_shape_kind_and_balance(task: TaskSpec, shape: tuple[int, int], outputs: int, kind: str):
    made = make(task)
    assert (made.inputs.shape, made.targets.shape, made.kind) == (shape, (shape[0], outputs), kind)
    assert (made.points, made.features, made.outputs, made.held_out) == (*shape, outputs, 0)
    assert made.held_out_inputs.shape == (0, shape[1])
    assert made.held_out_targets.shape == (0, outputs)
    assert made.inputs.dtype == made.targets.dtype == np.float64
    assert made.name == task.__struct_config__.tag
    if kind == "binary":
        counts = [int((made.targets == value).sum()) for value in (0, 1)]
    elif kind == "classes":
        assert set(made.targets.ravel()) == {0.0, 1.0}
        np.testing.assert_array_equal(made.targets.sum(axis=1), 1)
        counts = made.targets.sum(axis=0).tolist()
    else:
        return
    assert sum(counts) == shape[0]
    assert max(counts) - min(counts) <= 1


@pytest.mark.parametrize("bits", range(1, 7))
def test_parity_is_its_truth_table(bits: int):
    made = make(Parity(bits=bits))
    rows = list(itertools.product((0.0, 1.0), repeat=bits))
    assert [tuple(row) for row in made.inputs] == rows
    assert made.targets[:, 0].tolist() == [sum(row) % 2 for row in rows]


def test_xor_is_the_parity_of_two_bits_in_the_order_of_counting():
    for field in ("inputs", "targets"):
        np.testing.assert_array_equal(getattr(make(Xor()), field), getattr(make(Parity(bits=2)), field))


def test_quadrants_fill_the_square_and_tell_where_the_signs_differ():
    made = make(Quadrants(points=4000))
    x, y = made.inputs.T
    np.testing.assert_array_equal(made.targets[:, 0], (x > 0) != (y > 0))
    assert np.abs(made.inputs).max() < 1
    for signs in itertools.product((-1, 1), repeat=2):
        assert ((np.sign(made.inputs) == signs).all(axis=1)).sum() == 1000
    # U(0, 1) has mean 1/2 and variance 1/12: five standard errors of 8,000 numbers.
    assert abs(np.abs(made.inputs).mean() - 0.5) < 5 * math.sqrt(1 / 12 / 8000)


def test_noise_moves_the_same_points_and_keeps_their_classes():
    still, moved = make(Quadrants(points=5000)), make(Quadrants(points=5000, noise=0.3))
    np.testing.assert_array_equal(still.targets, moved.targets)
    shift = moved.inputs - still.inputs
    assert abs(shift.std() - 0.3) < 5 * 0.3 / math.sqrt(2 * 10_000)
    assert abs(shift.mean()) < 5 * 0.3 / math.sqrt(10_000)


def test_circles_have_their_radii_and_even_angles():
    made = make(Circles(points=20, noise=0, factor=0.3))
    radius = np.hypot(*made.inputs.T)
    np.testing.assert_allclose(radius, np.where(made.targets[:, 0] == 1, 0.3, 1.0), rtol=1e-15)
    angles = np.unwrap(np.arctan2(made.inputs[::2, 1], made.inputs[::2, 0]))
    np.testing.assert_allclose(np.diff(angles), 2 * np.pi / 10, rtol=1e-12)


def test_moons_are_half_circles_about_two_centres():
    made = make(Moons(points=50, noise=0))
    upper, lower = made.inputs[made.targets[:, 0] == 0], made.inputs[made.targets[:, 0] == 1]
    np.testing.assert_allclose(np.hypot(*upper.T), 1, rtol=1e-15)
    np.testing.assert_allclose(np.hypot(*(lower - [1, 0.5]).T), 1, rtol=1e-15)
    assert upper[:, 1].min() >= 0
    assert lower[:, 1].max() <= 0.5


@pytest.mark.parametrize("name", ["circles", "moons"])
def test_circles_and_moons_are_scikit_learns_points(name: str):
    from sklearn import datasets

    made = make(Circles(points=31, noise=0) if name == "circles" else Moons(points=31, noise=0))
    # scikit-learn gives an odd point to the second class.
    options = {"factor": 0.5} if name == "circles" else {}
    points, classes = getattr(datasets, f"make_{name}")((16, 15), shuffle=False, **options)
    order = np.argsort(made.targets[:, 0], kind="stable")
    np.testing.assert_allclose(made.inputs[order], points, atol=1e-15)
    np.testing.assert_array_equal(made.targets[order, 0], classes)


@pytest.mark.parametrize(("arms", "turns"), [(2, 1.0), (3, 0.5), (5, 2.0)])
def test_spirals_wind_evenly_and_arms_stand_apart(arms: int, turns: float):
    made = make(Spirals(points=40 * arms, arms=arms, turns=turns, one_hot=True))
    radius = np.hypot(*made.inputs.T)
    arm = made.targets.argmax(axis=1)
    for index in range(arms):
        np.testing.assert_allclose(radius[arm == index], np.arange(1, 41) / 40, rtol=1e-14)
    expected = 2 * np.pi * (turns * radius + arm / arms)
    turned = np.angle(np.exp(1j * (np.arctan2(*made.inputs.T[::-1]) - expected)))
    np.testing.assert_allclose(turned, 0, atol=1e-12)


def test_blobs_lie_about_their_centres():
    centres = make(Blobs(points=4, classes=4, features=3, std=0, seed=3)).inputs
    assert np.abs(centres).max() < 10
    made = make(Blobs(points=8000, classes=4, features=3, std=2, seed=3))
    for index in range(4):
        cloud = made.inputs[made.targets[:, index] == 1]
        np.testing.assert_allclose(cloud.mean(axis=0), centres[index], atol=5 * 2 / math.sqrt(2000))
        np.testing.assert_allclose(cloud.std(axis=0), 2, atol=5 * 2 / math.sqrt(4000))


@pytest.mark.parametrize(
    ("function", "formula"),
    [
        ("sine", lambda x: math.sin(math.pi * x)),
        ("step", lambda x: 1.0 if x >= 0 else 0.0),
        ("abs", abs),
        ("polynomial", lambda x: math.cos(3 * math.acos(x))),
        ("runge", lambda x: 1 / (1 + (5 * x) ** 2)),
    ],
)
def test_a_curve_is_its_formula_on_even_inputs(function, formula):
    made = make(Curve(function=function, points=21))
    np.testing.assert_allclose(made.inputs[:, 0], np.linspace(-1, 1, 21), rtol=0)
    np.testing.assert_allclose(made.targets[:, 0], [formula(x) for x in made.inputs[:, 0]], atol=1e-14)
    assert function in CURVES


def test_noise_of_a_regression_is_on_its_targets():
    for kind in (Curve, Plane):
        clean, noisy = make(kind(points=4000)), make(kind(points=4000, noise=0.5))
        np.testing.assert_array_equal(clean.inputs, noisy.inputs)
        assert abs((noisy.targets - clean.targets).std() - 0.5) < 5 * 0.5 / math.sqrt(8000)


def test_a_plane_is_linear_in_its_inputs():
    made = make(Plane(points=50, features=4, seed=9))
    design = np.hstack([made.inputs, np.ones((50, 1))])
    solution, residual, *_ = np.linalg.lstsq(design, made.targets, rcond=None)
    assert residual[0] < 1e-24
    assert np.abs(solution).max() < 1
    assert np.abs(made.inputs).max() < 1


@pytest.mark.parametrize("kind", [Quadrants, Circles, Moons, Blobs, Plane])
def test_a_seed_settles_the_points(kind):
    one, two = make(kind(seed=1)), make(kind(seed=2))
    np.testing.assert_array_equal(one.inputs, kind_again(kind, seed=1))
    assert not np.array_equal(one.inputs, two.inputs)


def kind_again(kind, *, seed: int):
    from trainlab.tasks import TASKS

    task = kind(seed=seed)
    fields = {field: getattr(task, field) for field in task.__struct_fields__}
    return TASKS[task.__struct_config__.tag](**fields).inputs


def test_the_numbers_are_the_same_for_good():
    # Written down once: a change here would change what stored runs have learnt.
    assert words(1, 0, 3).tolist() == PINNED_WORDS
    np.testing.assert_allclose(make(Quadrants(points=3, seed=1)).inputs, PINNED_QUADRANTS, rtol=1e-15)
    np.testing.assert_allclose(make(Blobs(points=3, seed=1)).inputs, PINNED_BLOBS, rtol=1e-13)
    assert shuffled(1, 8).tolist() == PINNED_ORDER


def test_uniforms_and_normals_have_their_moments_and_streams_are_apart():
    from scipy import stats

    many = 20_000
    assert stats.kstest(uniforms(5, 0, (many,)), "uniform").pvalue > 1e-3
    assert stats.kstest(normals(5, 1, (many,)), "norm").pvalue > 1e-3
    odd = normals(5, 1, (7,))
    np.testing.assert_array_equal(odd, normals(5, 1, (8,))[:7])
    assert not np.array_equal(words(5, 0, 4), words(5, 1, 4))
    assert sorted(shuffled(5, 100).tolist()) == list(range(100))


def test_nobody_can_spoil_a_shared_task():
    with pytest.raises(ValueError, match="read-only"):
        make(Xor()).inputs[0, 0] = 9
