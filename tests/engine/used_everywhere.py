"""What holds of an activation or a loss that is added in one place: it is trained with, and explained."""

from __future__ import annotations

import numpy as np

from trainlab.engine import get_engine
from trainlab.engine.layout import initial_parameters
from trainlab.spec import Experiment
from trainlab.studies.landscape import place_at


def assert_engines_train_alike(added: Experiment, *, unlike: Experiment) -> None:
    """Train by every engine: alike, and not by doing nothing, which `unlike` would come to as well."""
    found = {name: get_engine(name).train(added, range(4))[0] for name in ("reference", "torch", "fast")}
    for name in ("torch", "fast"):
        np.testing.assert_allclose(found[name].loss, found["reference"].loss, rtol=2e-5)
    other = get_engine("reference").train(unlike, range(4))[0]
    assert np.abs(other.loss - found["reference"].loss).min() > 1e-4


def assert_hessian_is_that_of_differences(added: Experiment) -> None:
    """Hold the first row of the Hessian at the start against differences of the gradient."""
    found = place_at(added, initial_parameters(added, range(1))[0])
    step = 1e-5
    moved = [found.parameters + sign * step * np.eye(len(found.parameters))[0] for sign in (1, -1)]
    ahead, behind = (place_at(added, row).gradient for row in moved)
    np.testing.assert_allclose(found.hessian[0], (ahead - behind) / (2 * step), rtol=1e-5, atol=1e-8)
