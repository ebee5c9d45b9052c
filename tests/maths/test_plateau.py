import numpy as np
import pytest
import torch
from torch.optim import lr_scheduler

from trainlab.maths import plateau_start, plateau_step

EPOCHS = 250
CASES = [
    {},
    {"patience": 0, "factor": 0.5},
    {"patience": 3, "factor": 0.7, "cooldown": 4},
    {"patience": 2, "factor": 0.5, "threshold": 0.05, "min_lr": 1e-3},
    {"patience": 2, "factor": 0.5, "threshold": 0.05, "threshold_mode": "abs", "cooldown": 1},
    {"patience": 1, "factor": 0.9, "eps": 1e-2},
    {"patience": 2, "factor": 0.0},
    {"patience": 2, "threshold": 1.0},
]


def losses() -> np.ndarray:
    """Return curves ``[EPOCHS, 6]``: falling, noisy, rising, level, with NaN, with ∞."""
    rng = np.random.default_rng(6)
    falling = 0.97 ** np.arange(EPOCHS)
    noisy = falling + 0.1 * rng.uniform(size=EPOCHS)
    with_nan, with_inf = noisy.copy(), noisy[::-1].copy()
    with_nan[40:] = np.nan
    with_inf[::5] = np.inf
    return np.stack([falling, noisy, 2 - falling, np.ones(EPOCHS), with_nan, with_inf], axis=1)


@pytest.mark.parametrize("settings", CASES, ids=str)
def test_every_networks_rates_are_pytorchs(settings: dict):
    curves = losses()
    optimizers = [torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3) for _ in curves.T]
    schedulers = [lr_scheduler.ReduceLROnPlateau(optimizer, **settings) for optimizer in optimizers]
    state = plateau_start(0.3, len(optimizers))
    reduced = False
    for epoch, row in enumerate(curves):
        for scheduler, loss in zip(schedulers, row, strict=True):
            scheduler.step(loss)
        state = plateau_step(state, row, **settings)
        expected = [optimizer.param_groups[0]["lr"] for optimizer in optimizers]
        np.testing.assert_allclose(state.rate, expected, rtol=1e-12, err_msg=f"epoch {epoch}")
        reduced = reduced or bool((state.rate < 0.3).any())
    assert reduced


def test_a_step_leaves_the_state_before_it_as_it_was():
    before = plateau_start(0.1, 3)
    after = plateau_step(before, [1.0, 2.0, np.nan])
    np.testing.assert_array_equal(before.best, np.inf)
    np.testing.assert_array_equal(after.best, [1, 2, np.inf])
    np.testing.assert_array_equal(after.bad_epochs, [0, 0, 1])
    assert (before.bad_epochs == 0).all()
