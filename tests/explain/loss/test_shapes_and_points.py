"""Losses drawn, and a network's loss point by point, against the oracles of maths, torch and by hand."""

import numpy as np
import pytest
import torch
from explain.loss.gradients import torch_loss, torch_output

from trainlab.engine.network_pass import initial_layers
from trainlab.engine.reference import build_module
from trainlab.explain.questions.loss.points import (
    DRAWN,
    autograd_gradients,
    difference,
    difference_words,
    drawn_pairs,
    log_table,
    mean_loss,
    points_of,
    points_table,
    shape,
    shapes_section,
)
from trainlab.spec import Experiment, Huber


@pytest.mark.parametrize(("kind", "pair"), [(kind, pair) for kind in DRAWN for pair in DRAWN[kind]])
def test_a_curve_is_the_loss_of_one_example_and_its_slope(kind: str, pair: tuple[str, str]) -> None:
    output, loss = pair
    found = shape(kind, output, loss)  # type: ignore[arg-type]
    settings = {"huber": 0.7, "smooth_l1": 0.3}
    if loss in settings:
        found = shape(kind, output, loss, **{"delta" if loss == "huber" else "beta": settings[loss]})  # type: ignore[arg-type]
    for row in range(0, len(found.x), 17):
        z = torch.zeros((1, 3 if kind == "classes" else 1), dtype=torch.float64)
        z[0, 0] = found.x[row]
        z.requires_grad_()
        y = torch.zeros_like(z)
        y[0, 0] = 0.0 if kind == "regression" else 1.0
        value = torch_loss(loss, torch_output(output, z), y)
        value.backward()
        assert z.grad is not None
        assert found.value[row] == pytest.approx(value.item(), rel=1e-9, abs=1e-14)
        assert found.slope[row] == pytest.approx(z.grad[0, 0].item(), rel=1e-9, abs=1e-14)


def test_the_table_of_logarithms() -> None:
    for p, log, square, distance, log_slope, square_slope in log_table().rows:
        assert log == pytest.approx(-np.log(p))
        assert square == pytest.approx((1 - p) ** 2)
        assert distance == pytest.approx(1 - p)
        if p == 1:
            continue
        z = torch.tensor([[np.log(p) - np.log1p(-p)]], dtype=torch.float64, requires_grad=True)
        one = torch.ones_like(z)
        for loss, slope in (("bce", log_slope), ("mse", square_slope)):
            (gradient,) = torch.autograd.grad(torch_loss(loss, torch.sigmoid(z), one), z)
            assert gradient.item() == pytest.approx(slope, rel=1e-9)


def test_a_loss_that_is_named_is_drawn_and_ones_own_comes_first() -> None:
    assert drawn_pairs("binary", ("tanh", "l1"), ("hinge", "mse")) == [
        ("tanh", "l1"),
        ("sigmoid", "mse"),
        ("tanh", "mse"),
        ("linear", "hinge"),
    ]
    assert drawn_pairs("binary", ("tanh", "l1"), ("log_cosh",)) == [("tanh", "l1"), ("tanh", "log_cosh")]
    assert ("tanh", "bce") not in drawn_pairs("binary", ("tanh", "l1"), ("bce",))
    section, shapes = shapes_section("regression", Huber(delta=0.5), "tanh", ())
    assert [each.loss for each in shapes] == ["huber", "l1", "mse", "smooth_l1", "log_cosh"]
    assert shapes[0].slope.max() == 0.5
    assert len(section.pictures) == 2


XOR = Experiment.from_dict({"network": "2-5-4-1", "loss": "l1"})
CASES = [
    XOR,
    Experiment.from_dict(
        {"network": {"widths": "2-3-1", "output_activation": "linear"}, "loss": "bce_with_logits"}
    ),
    Experiment.from_dict(
        {
            "network": {"widths": "2-3-3", "output_activation": "log_softmax"},
            "task": {"name": "blobs", "points": 9, "std": 0.1},
            "loss": "nll",
        }
    ),
    Experiment.from_dict(
        {
            "network": {"widths": "2-3-2", "output_activation": "softmax"},
            "task": {"name": "xor", "one_hot": True},
            "loss": "mse",
        }
    ),
]


@pytest.mark.parametrize("experiment", CASES, ids=lambda each: each.network.activations[-1])
def test_points_are_those_of_torch(experiment: Experiment) -> None:
    points = points_of(experiment, initial_layers(experiment, 3))
    module, data = build_module(torch, experiment, 3, "float64"), experiment.data()
    loss = experiment.to_dict()["loss"]["name"]
    for row, point in enumerate(points):
        x, y = torch.tensor(data.inputs[[row]].copy()), torch.tensor(data.targets[[row]].copy())
        z = module[:-1](x).detach().requires_grad_()
        p = module[-1](z)
        value = torch_loss(loss, p, y)
        value.backward()
        assert z.grad is not None
        assert point.loss == pytest.approx(value.item(), rel=1e-10)
        assert point.output == pytest.approx(p.detach().numpy()[0], rel=1e-10)
        assert point.gradient == pytest.approx(z.grad.numpy()[0], rel=1e-9, abs=1e-14)
    whole = torch_loss(loss, module(torch.tensor(data.inputs.copy())), torch.tensor(data.targets.copy()))
    assert mean_loss(points) == pytest.approx(whole.item(), rel=1e-10)
    assert sum(point.share or 0.0 for point in points) == pytest.approx(1.0)
    theirs = autograd_gradients(experiment, 3)
    assert theirs is not None
    assert difference(np.array([point.gradient for point in points]), theirs) < 1e-13


def test_what_the_loss_is_fed_and_what_it_means_stand_side_by_side() -> None:
    plain = points_table(points_of(XOR, initial_layers(XOR, 0)), "t")
    assert "Output" not in plain.headers
    logits = points_table(points_of(CASES[1], initial_layers(CASES[1], 0)), "t")
    assert logits.headers[2:4] == ["Output", "Prediction"]
    for row in logits.rows:
        assert row[3] == pytest.approx(1 / (1 + np.exp(-float(row[2] or 0))))
    classes = points_table(points_of(CASES[2], initial_layers(CASES[2], 0)), "t")
    assert {row[1] for row in classes.rows} == {0, 1, 2}


def test_without_torch_it_is_said() -> None:
    ours = np.zeros((2, 1))
    assert difference_words(ours, None) == "The gradient isn't compared with autograd: torch isn't installed."
    assert difference_words(ours, ours) == "Largest difference of these gradients to torch's autograd: none."
