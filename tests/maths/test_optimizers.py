from collections.abc import Iterator

import numpy as np
import pytest
import torch

from trainlab.maths import OPTIMIZERS, initial_state

STEPS = 60
CASES = [
    ("sgd", {"lr": 0.02}),
    ("sgd", {"lr": 0.02, "momentum": 0.9}),
    ("sgd", {"lr": 0.5, "momentum": 1.0}),
    ("sgd", {"lr": 0.02, "weight_decay": 0.3}),
    ("sgd", {"lr": 0.02, "momentum": 0.9, "dampening": 0.4, "weight_decay": 0.1}),
    ("sgd", {"lr": 0.02, "momentum": 0.0, "dampening": 0.4}),
    ("sgd", {"lr": 0.02, "momentum": 0.8, "nesterov": True, "weight_decay": 0.1}),
    ("adam", {"lr": 0.02}),
    ("adam", {"lr": 1e-3, "betas": (0.5, 0.9), "eps": 1e-3}),
    ("adam", {"lr": 0.1, "betas": (0.0, 0.0), "eps": 1e-8}),
    ("adam", {"lr": 0.02, "weight_decay": 0.2, "amsgrad": True}),
    ("adam", {"lr": 0.02, "betas": (0.9, 0.6), "amsgrad": True}),
    ("adamw", {"lr": 0.02}),
    ("adamw", {"lr": 0.02, "weight_decay": 0.5, "amsgrad": True, "betas": (0.8, 0.7)}),
    ("adamw", {"lr": 0.02, "weight_decay": 0.0}),
    ("nadam", {"lr": 2e-3}),
    ("nadam", {"lr": 2e-3, "weight_decay": 0.3, "momentum_decay": 0.1}),
    ("nadam", {"lr": 0.02, "weight_decay": 0.3, "decoupled_weight_decay": True, "betas": (0.7, 0.9)}),
    ("radam", {"lr": 1e-3}),
    ("radam", {"lr": 0.02, "weight_decay": 0.3, "betas": (0.8, 0.9)}),
    ("radam", {"lr": 0.02, "weight_decay": 0.3, "decoupled_weight_decay": True, "eps": 1e-3}),
    ("radam", {"lr": 0.02, "betas": (0.5, 0.5)}),
    ("rmsprop", {"lr": 0.01}),
    ("rmsprop", {"lr": 0.01, "momentum": 0.9, "weight_decay": 0.1, "alpha": 0.8}),
    ("rmsprop", {"lr": 0.01, "centered": True, "eps": 1e-2}),
    ("rmsprop", {"lr": 0.01, "centered": True, "momentum": 0.5, "eps": 1e-2}),
    ("adagrad", {"lr": 0.01}),
    ("adagrad", {"lr": 0.1, "lr_decay": 0.05, "weight_decay": 0.2, "initial_accumulator_value": 0.7}),
    ("adadelta", {"lr": 1.0}),
    ("adadelta", {"lr": 0.3, "rho": 0.6, "eps": 1e-3, "weight_decay": 0.2}),
]
IDS = [f"{name} {' '.join(f'{k}={v}' for k, v in fields.items())}" for name, fields in CASES]
LION = [
    ("lion", {"lr": 0.01}),
    ("lion", {"lr": 0.01, "betas": (0.5, 0.8), "weight_decay": 0.3}),
    ("lion", {"lr": 0.01, "betas": (0.0, 0.0)}),
]


@pytest.fixture(autouse=True)
def _float64() -> Iterator[None]:
    # NAdam keeps its product of momenta in the default precision, whatever the parameters' is.
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def made_up() -> tuple[np.ndarray, np.ndarray]:
    """Return a start ``[12]`` and gradients ``[STEPS, 12]`` of very different sizes, some exactly 0."""
    rng = np.random.default_rng(7)
    gradients = rng.normal(size=(STEPS, 12)) * 10.0 ** rng.integers(-6, 3, size=12)
    gradients[::3, 0] = 0
    gradients[:, 1] = 0
    return rng.normal(size=12), gradients


def test_the_table_holds_the_nine_in_order_of_their_codes():
    names = "sgd adam adamw nadam radam rmsprop adagrad adadelta lion"
    assert list(OPTIMIZERS) == names.split()
    assert [entry.code for entry in OPTIMIZERS.values()] == list(range(9))
    assert {name for name, _ in CASES + LION} == set(OPTIMIZERS)


@pytest.mark.parametrize(("name", "settings"), CASES, ids=IDS)
def test_sixty_steps_are_pytorchs(name: str, settings: dict):
    start, gradients = made_up()
    entry = OPTIMIZERS[name]
    theirs = torch.tensor(start, requires_grad=True)
    optimizer = getattr(torch.optim, entry.torch_class)([theirs], **settings)
    ours, state = start, initial_state(name, start.shape, **settings)
    for t in range(1, STEPS + 1):
        theirs.grad = torch.tensor(gradients[t - 1])
        optimizer.step()
        ours, state = entry.step(ours, gradients[t - 1], state, t, **settings)
        np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=1e-12, atol=1e-13, err_msg=f"step {t}")
    assert len(state) == entry.state_size + settings.get("amsgrad", False)
    assert np.all(ours[2:] != start[2:])
    if not settings.get("weight_decay", name == "adamw"):
        assert ours[1] == start[1]


@pytest.mark.parametrize(
    "name", [n for n, entry in OPTIMIZERS.items() if entry.momentum and entry.torch_class]
)
def test_the_momentum_that_a_schedule_cycles_is_pytorchs(name: str):
    start, gradients = made_up()
    entry = OPTIMIZERS[name]
    momenta = 0.9 - 0.1 * np.abs(np.arange(STEPS) % 8 - 4)
    theirs = torch.tensor(start, requires_grad=True)
    optimizer = getattr(torch.optim, entry.torch_class)([theirs], lr=0.01)
    assert entry.momentum in optimizer.defaults
    ours, state = start, initial_state(name, start.shape)
    for t in range(1, STEPS + 1):
        cycled = momenta[t - 1] if entry.momentum == "momentum" else (momenta[t - 1], 0.99)
        optimizer.param_groups[0][entry.momentum] = cycled
        optimizer.param_groups[0]["lr"] = 0.01 / t
        theirs.grad = torch.tensor(gradients[t - 1])
        optimizer.step()
        ours, state = entry.step(ours, gradients[t - 1], state, t, lr=0.01 / t, **{entry.momentum: cycled})
        np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=1e-12, atol=1e-13, err_msg=f"step {t}")


def test_those_without_momentum_have_none_in_pytorch_either():
    parameter = [torch.zeros(1, requires_grad=True)]
    for entry in OPTIMIZERS.values():
        if entry.torch_class:
            defaults = getattr(torch.optim, entry.torch_class)(parameter, lr=0.1).defaults
            assert (entry.momentum is None) == ("momentum" not in defaults and "betas" not in defaults)


@pytest.mark.parametrize(("name", "settings"), LION)
def test_sixty_steps_of_lion_are_the_papers(name: str, settings: dict):
    start, gradients = made_up()
    ours, state = start, initial_state(name, start.shape)
    b1, b2 = settings.get("betas", (0.9, 0.99))
    w, m = torch.tensor(start), torch.zeros(12)
    for t, gradient in enumerate(gradients, start=1):
        g = torch.tensor(gradient)
        # Algorithm 2 of the paper: c = β₁m + (1−β₁)g, θ ← θ − η (sign c + λθ), m ← β₂m + (1−β₂)g.
        c = torch.lerp(g, m, b1)
        w = w - settings["lr"] * (torch.sign(c) + settings.get("weight_decay", 0.0) * w)
        m = torch.lerp(g, m, b2)
        ours, state = OPTIMIZERS["lion"].step(ours, gradient, state, t, **settings)
        np.testing.assert_allclose(ours, w.numpy(), rtol=1e-12, atol=1e-13, err_msg=f"step {t}")


def test_by_hand():
    one = np.array([1.0])
    w, state = OPTIMIZERS["sgd"].step(one, one, (np.zeros(1),), 1, lr=0.1, momentum=0.5)
    w, state = OPTIMIZERS["sgd"].step(w, one, state, 2, lr=0.1, momentum=0.5)
    np.testing.assert_allclose(w, 1 - 0.1 - 0.15, rtol=1e-15)
    # Adam's first step is lr · sign(g), whatever the size of the gradient.
    zeros = (np.zeros(1), np.zeros(1))
    for size in (1e-3, 1.0, 1e3):
        w, _ = OPTIMIZERS["adam"].step(one, size * one, zeros, 1, lr=0.1, betas=(0.9, 0.999), eps=1e-12)
        np.testing.assert_allclose(w, 0.9, rtol=1e-9)


@pytest.mark.parametrize(("name", "settings"), CASES + LION)
def test_a_step_changes_none_of_what_it_was_given(name: str, settings: dict):
    w, g = np.ones(3), np.ones(3)
    state = initial_state(name, (3,), **settings)
    before = [array.copy() for array in state]
    OPTIMIZERS[name].step(w, g, state, 1, **settings)
    assert (w == 1).all()
    assert (g == 1).all()
    assert all((array == kept).all() for array, kept in zip(state, before, strict=True))
