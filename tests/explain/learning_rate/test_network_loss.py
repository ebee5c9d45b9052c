"""Loss, gradient, Hessian products and curvatures of networks against autograd."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from explain.learning_rate.hessian import dense_hessian

from trainlab.engine.layout import initial_parameters
from trainlab.explain.questions.learning_rate.evidence import limit_words
from trainlab.explain.questions.learning_rate.one_step import (
    FullLoss,
    loss_of,
    one_step,
    own_step,
    sgd_step,
    step_words,
)
from trainlab.explain.questions.learning_rate.sharpness import (
    Curvature,
    PlaceSharpness,
    example_curvature,
    network_edges,
    place_sharpness,
    power_iteration,
    quadratic_section,
    rate_limit,
    sharpness,
    start_sharpness,
)
from trainlab.spec import Experiment

CASES: list[dict[str, Any]] = [
    {},
    {"loss": "bce_with_logits", "network": {"widths": "2-4-3-1", "activation": "gelu"}},
    {"loss": "huber", "penalty": {"l2": 0.05}},
    {"network": {"widths": "2-5-1", "bias": False, "activation": "sin"}},
    {"task": {"name": "parity", "bits": 3}, "network": {"widths": "3-6-1", "activation": "sigmoid"}},
    {
        "task": {"name": "blobs", "one_hot": True, "classes": 2, "points": 12},
        "loss": "cross_entropy",
        "network": {"widths": "2-4-2", "output_activation": "linear"},
    },
]


def experiment(**changes: Any) -> Experiment:
    given = {"network": "2-5-1", "loss": "mse", "init": {"weight": "normal"}, "optimizer": "sgd"}
    return Experiment.from_dict({**given, **changes})


def at(made: Experiment, seed: int = 3) -> np.ndarray:
    return initial_parameters(made, range(seed, seed + 1))[0]


@pytest.mark.parametrize("changes", CASES, ids=str)
def test_loss_gradient_and_curvature_are_those_of_autograd(changes: dict[str, Any]) -> None:
    made = experiment(**changes)
    full, row = FullLoss.of(made), at(made)
    hessian = dense_hessian(torch, made, row)
    np.testing.assert_allclose(hessian, hessian.T, atol=1e-12)
    rate = 0.25
    assert full.value(row) == pytest.approx(float(loss_of(torch, made, _module(made)).detach()), rel=1e-12)
    np.testing.assert_allclose(
        (row - sgd_step(torch, made, 3, rate)) / rate, full.gradient(row), rtol=1e-9, atol=1e-13
    )
    scale = np.abs(np.linalg.eigvalsh(hessian)).max()
    for direction in np.random.default_rng(0).normal(size=(5, len(row))):
        product = full.hessian_times(row, direction)
        gap = np.linalg.norm(product - hessian @ direction) / np.linalg.norm(direction)
        assert gap < 1e-9 * max(scale, 1.0)
    found = place_sharpness(made, row, seed=3)
    values = np.linalg.eigvalsh(hessian)
    assert found.largest.value == pytest.approx(values[-1], abs=1e-8 * scale)
    assert found.limit == pytest.approx(2 / values[-1], rel=1e-7)


def _module(made: Experiment) -> Any:
    from trainlab.engine.reference import build_module

    return build_module(torch, made, 3, "float64")


def test_a_direction_of_no_length_has_no_product() -> None:
    full = FullLoss.of(experiment())
    assert (full.hessian_times(at(experiment()), np.zeros(21)) == 0).all()


@pytest.mark.parametrize("seed", range(8))
def test_the_upper_end_of_a_spectrum(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 60))
    matrix = rng.normal(size=(size, size))
    matrix = matrix + matrix.T - (seed % 3 - 1) * 4 * np.eye(size)
    values = np.linalg.eigvalsh(matrix)
    start = rng.normal(size=size)
    largest = sharpness(lambda v: matrix @ v, start, most=20_000)
    assert largest.value == pytest.approx(values[-1], abs=1e-8 * np.abs(values).max())


def test_ends_of_the_same_size_with_both_signs() -> None:
    matrix = np.diag([-3.0, 1.0, 3.0])
    found = sharpness(lambda v: matrix @ v, np.ones(3), most=500)
    assert found.value == pytest.approx(3.0, rel=1e-9)


def test_what_has_not_converged_says_so() -> None:
    matrix = np.diag([1.0, 0.999])
    found = power_iteration(lambda v: matrix @ v, np.ones(2), most=3)
    assert found.products == 3
    assert found.residual > 1e-5
    assert min(abs(found.value - each) for each in (1.0, 0.999)) <= found.residual


def test_no_curvature_sets_no_limit() -> None:
    nought = {"name": "constant", "val": 0.0}
    made = experiment(init={"weight": nought, "bias": nought}, network={"widths": "2-5-1", "bias": False})
    assert rate_limit(made, 0.0) == math.inf
    assert rate_limit(made, -1.0) == math.inf
    found = start_sharpness(made)
    assert found.smooth
    values = np.linalg.eigvalsh(dense_hessian(torch, made, at(made)))
    assert found.largest.value == pytest.approx(values[-1], abs=1e-9)


def test_at_a_kink_there_is_no_curvature() -> None:
    """All outputs are 0, and so are two targets: there |p − y| bends at once."""
    nought = {"name": "constant", "val": 0.0}
    made = experiment(init={"weight": nought, "bias": nought}, loss="l1")
    found = start_sharpness(made)
    assert not found.smooth
    assert math.isnan(found.limit)
    assert network_edges(made, found)[0].curvatures == (1.0,)
    assert "has a kink at the start of seed 0" in example_curvature(found)[1]
    assert start_sharpness(experiment(loss="l1")).smooth


def test_momentum_and_weight_decay_move_the_limit() -> None:
    heavy = experiment(optimizer={"name": "sgd", "momentum": 0.9, "weight_decay": 1.0})
    assert rate_limit(heavy, 3.0) == pytest.approx(2 * 1.9 / 4.0)
    assert rate_limit(experiment(optimizer="adam"), 4.0) == 0.5


@pytest.mark.trains
def test_full_batch_descent_breaks_down_at_the_sharpness_of_where_it_is() -> None:
    """The claim of the limit: at a minimum a step beyond it leads away, one within it back."""
    made = experiment(network={"widths": "2-3-1", "output_activation": "linear"}, init={"weight": "normal"})
    full, row = FullLoss.of(made), at(made)
    for _ in range(6000):
        row = row - 0.1 * full.gradient(row)
    curved = place_sharpness(made, row, seed=0)
    hessian = dense_hessian(torch, made, row)
    sharpest = np.linalg.eigh(hessian)[1][:, -1]
    for share, leads_away in ((0.9, False), (1.1, True)):
        moved = row + 1e-5 * sharpest
        for _ in range(20):
            moved = moved - share * curved.limit * full.gradient(moved)
        assert (abs((moved - row) @ sharpest) > 1e-5) == leads_away


@pytest.mark.parametrize(
    "optimizer", ["sgd", "adam", "adamw", "nadam", "radam", "rmsprop", "adagrad", "adadelta", "lion"]
)
def test_a_step_of_one_weight_is_torchs(optimizer: str) -> None:
    made = experiment(optimizer={"name": optimizer, "lr": 0.05})
    found = one_step(made, seed=3)
    assert found.after == pytest.approx(float(sgd_step(torch, made, 3, 0.05)[found.place]), rel=1e-12)
    assert found.after == found.before - 0.05 * found.gradient
    full = FullLoss.of(made)
    assert abs(found.gradient) == np.abs(full.gradient(at(made))[full.weights]).max()
    from trainlab.engine.reference import build_module, build_optimizer
    from trainlab.engine.reference.module import flat

    module = build_module(torch, made, 3, "float64")
    stepper = build_optimizer(torch, made, module)
    loss_of(torch, made, module).backward()
    stepper.step()
    np.testing.assert_allclose(own_step(made, at(made)), flat(module), rtol=1e-7)
    assert found.own_after == pytest.approx(float(flat(module)[found.place]), rel=1e-7)
    own = next(trial for trial in found.trials if trial.rate == 0.05)
    assert own.loss == pytest.approx(full.value(at(made) - 0.05 * full.gradient(at(made))), rel=1e-12)
    assert found.trials[0].loss == pytest.approx(found.trials[0].foretold, rel=1e-3)


def test_the_weight_is_where_it_says() -> None:
    made = experiment(network="2-4-3-1")
    found = one_step(made, seed=1)
    from trainlab.engine.reference import build_module

    weights = [part.weight for part in build_module(torch, made, 1, "float64") if hasattr(part, "weight")]
    assert weights[found.layer - 1][found.target - 1, found.source - 1].item() == found.before


CLIPPED: list[dict[str, Any]] = [
    {"clip": {"norm": 0.01}},
    {"clip": {"value": 0.003}, "penalty": {"l1": 0.02, "l2": 0.1}},
    {"clip": {"norm": 0.01}, "optimizer": {"name": "sgd", "lr": 0.2, "momentum": 0.9, "weight_decay": 0.1}},
]


@pytest.mark.parametrize("changes", CLIPPED, ids=str)
def test_the_own_step_is_clipped_as_torchs(changes: dict[str, Any]) -> None:
    from trainlab.engine.reference import build_module, build_optimizer
    from trainlab.engine.reference.module import flat

    made = experiment(**changes)
    module = build_module(torch, made, 3, "float64")
    stepper = build_optimizer(torch, made, module)
    loss_of(torch, made, module).backward()
    if made.clip.norm is not None:
        torch.nn.utils.clip_grad_norm_(module.parameters(), made.clip.norm)
    else:
        torch.nn.utils.clip_grad_value_(module.parameters(), made.clip.value or 0.0)
    stepper.step()
    found = one_step(made, seed=3)
    np.testing.assert_allclose(own_step(made, at(made)), flat(module), rtol=1e-9)
    assert found.own_after == pytest.approx(float(flat(module)[found.place]), rel=1e-9)
    words = step_words(found, made)[-1]
    assert "is this one" not in words
    assert "clipped to" in words


def test_a_clip_that_is_not_reached_a_penalty_and_warm_up() -> None:
    loose = experiment(clip={"norm": 100.0}, penalty={"l2": 0.1})
    assert step_words(one_step(loose), loose)[-1].endswith("on all examples is this one.")
    single = experiment(sampling="single")
    assert step_words(one_step(single), single)[-1].endswith("In training each step sees only some of them.")
    warm = experiment(warmup={"total_iters": 10})
    assert "with warm-up, makes something else" in step_words(one_step(warm), warm)[-1]


def place(value: float, residual: float = 0.0, *, smooth: bool = True) -> PlaceSharpness:
    found = Curvature(value=value, residual=residual, products=9)
    limit = 2 / value if smooth and value > 0 else math.nan
    return PlaceSharpness(seed=0, largest=found, limit=limit, smooth=smooth)


@pytest.mark.parametrize(
    ("where", "curvature", "words"),
    [
        (
            place(3.0),
            3.0,
            "as steeply as the loss of this network curves at the start of seed 0, in its steepest direction",
        ),
        (place(3.0, 0.2), 3.0, "as far as power iteration came: ± 0.2"),
        (place(4e12), 4e12, "as steeply as the loss of this network curves"),
        (place(-0.5), 1.0, "curves upwards in no direction"),
        (place(1e-12), 1.0, "curves upwards in no direction"),
        (place(5.0, smooth=False), 1.0, "has a kink"),
        (place(math.nan, smooth=False), 1.0, "has no finite curvature"),
    ],
)
def test_whose_curvature_the_quadratic_has(where: PlaceSharpness, curvature: float, words: str) -> None:
    found, said = example_curvature(where)
    assert found == curvature
    assert words in said
    edges = network_edges(experiment(), where)
    assert edges[0].curvatures == (curvature,)
    assert edges[0].difference < 1e-9
    assert said in quadratic_section(edges, where).text[0]


MOMENTA: list[tuple[dict[str, Any], str]] = [
    ({}, "Momentum β widens the limit to 2(1 + β)/λ,"),
    ({"momentum": 0.9}, "Momentum β widens the limit to 2(1 + β)/λ,"),
    (
        {"momentum": 0.9, "nesterov": True},
        "Nesterov's momentum β narrows the limit to 2(1 + β)/((1 + 2β) λ),",
    ),
    (
        {"momentum": 0.9, "dampening": 0.5},
        "Momentum β with dampening d moves the limit to 2(1 + β)/((1 − d) λ),",
    ),
    (
        {"momentum": 0.9, "dampening": 1.0},
        "With this experiment's momentum there is no limit: dampening 1 lets",
    ),
    ({"momentum": 1.0}, "With this experiment's momentum there is no limit: momentum 1 forgets nothing"),
]


@pytest.mark.parametrize(("settings", "words"), MOMENTA, ids=[words for _, words in MOMENTA])
def test_what_momentum_does_is_said_of_the_own_kind(settings: dict[str, Any], words: str) -> None:
    made = experiment(optimizer={"name": "sgd", "lr": 0.1, **settings})
    part = quadratic_section(network_edges(made, place(3.0)), place(3.0))
    assert words in part.text[-1]
    assert "nan" not in str(part.to_dict()).lower()
    assert (part.tables[0].rows[1][2] == "none") == ("no limit" in words)


def test_a_curvature_that_did_not_settle_bounds_the_limit_from_one_side_only() -> None:
    made = experiment()
    assert limit_words(made, [place(4.0)]).endswith("to rates up to 0.5 (seed 0).")
    loose = limit_words(made, [place(4.0), place(2.0, 0.3)])
    assert "0.5 to 1 (2 seeds), or to less" in loose
    assert "λ_max of 1 of 2 uncertain by ± 0.3" in loose
    never = limit_words(experiment(optimizer={"name": "sgd", "momentum": 1.0}), [place(4.0)])
    assert never.startswith("Full-batch descent converges at no rate: momentum 1 forgets nothing")
