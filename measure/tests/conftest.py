"""The experiments that are timed in tests, and the marker of tests that take seconds and more."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from trainlab.spec import Experiment, Full, Record, Single


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker; ``-m "not slow"`` is the quick part."""
    config.addinivalue_line("markers", "slow: trains, compiles or starts processes")


OPTIMIZERS = {"sgd": {"name": "sgd", "lr": 0.02, "momentum": 0.9}, "adam": {"name": "adam", "lr": 0.02}}


@pytest.fixture
def small() -> Callable[[str, str], Experiment]:
    """Return a function of optimizer and sampling: 2-5-4-1 on XOR, without an activation at the end."""

    def make(optimizer: str, sampling: str) -> Experiment:
        experiment = Experiment.from_dict(
            {
                "network": {"widths": "2-5-4-1", "output_activation": "linear"},
                "init": {"weight": {"name": "normal", "std": 0.7}, "bias": "default"},
                "loss": "mse",
                "optimizer": OPTIMIZERS[optimizer],
            }
        )
        quiet = Record(loss_every=0, gradient_every=0, solved_every=0)
        return replace(experiment, sampling=Full() if sampling == "full" else Single(), record=quiet)

    return make
