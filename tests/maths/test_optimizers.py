import numpy as np
import pytest
import torch

from trainlab.maths import OPTIMIZERS

STEPS = 50
CASES = [
    ("sgd", {"lr": 0.02, "momentum": 0.0}),
    ("sgd", {"lr": 0.02, "momentum": 0.9}),
    ("sgd", {"lr": 0.5, "momentum": 1.0}),
    ("adam", {"lr": 0.02, "betas": (0.9, 0.999), "eps": 1e-8}),
    ("adam", {"lr": 1e-3, "betas": (0.5, 0.9), "eps": 1e-3}),
    ("adam", {"lr": 0.1, "betas": (0.0, 0.0), "eps": 1e-8}),
]


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_fifty_steps_are_pytorchs(name: str, settings: dict):
    rng = np.random.default_rng(7)
    # Gradients of very different sizes, and some that are exactly 0.
    gradients = rng.normal(size=(STEPS, 12)) * 10.0 ** rng.integers(-6, 3, size=12)
    gradients[::3, 0] = 0
    gradients[:, 1] = 0
    start = rng.normal(size=12)

    entry = OPTIMIZERS[name]
    theirs = torch.tensor(start, requires_grad=True)
    optimizer = getattr(torch.optim, entry.torch_class)([theirs], **settings)
    ours, state = start, tuple(np.zeros(12) for _ in range(entry.state_size))
    for t in range(1, STEPS + 1):
        theirs.grad = torch.tensor(gradients[t - 1])
        optimizer.step()
        ours, state = entry.step(ours, gradients[t - 1], state, t, **settings)
        np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=1e-12, atol=1e-13, err_msg=f"step {t}")
    assert len(state) == entry.state_size
    assert ours[1] == start[1]
    assert np.all(ours[2:] != start[2:])


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


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_a_step_changes_none_of_what_it_was_given(name: str, settings: dict):
    w, g = np.ones(3), np.ones(3)
    state = tuple(np.zeros(3) for _ in range(OPTIMIZERS[name].state_size))
    OPTIMIZERS[name].step(w, g, state, 1, **settings)
    assert (w == 1).all()
    assert (g == 1).all()
    assert all((array == 0).all() for array in state)
