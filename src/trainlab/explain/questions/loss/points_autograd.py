"""The gradient that arrives at the last sums, by torch's autograd: what ours is checked against."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt

from trainlab.draw import format_number
from trainlab.spec import Experiment

Array = npt.NDArray[np.float64]


def autograd_gradients(experiment: Experiment, seed: int) -> Array | None:
    """Return ∂ℓ/∂z ``[examples, outputs]`` of each example's loss ℓ at the seed's first weights.

    None without torch.
    """
    if find_spec("torch") is None:
        return None
    import torch

    from trainlab.engine.reference import build_module
    from trainlab.engine.reference.losses import build_criterion

    data = experiment.data()
    module = build_module(torch, experiment, seed, "float64")
    # Data of a task are read-only, which torch.from_numpy warns of.
    inputs, targets = (torch.tensor(np.array(values)) for values in (data.inputs, data.targets))
    sums: Any = module[:-1](inputs).detach().requires_grad_()
    build_criterion(torch, experiment.loss)(module[-1](sums), targets).backward()
    return sums.grad.numpy() * data.points


def difference(ours: Array, theirs: Array) -> float:
    """Return the largest difference, as a share of the largest gradient (or of 1, if that is larger)."""
    return float(np.abs(ours - theirs).max() / max(1.0, float(np.abs(theirs).max())))


def difference_words(ours: Array, theirs: Array | None) -> str:
    """Return the difference in a sentence."""
    if theirs is None:
        return "The gradient isn't compared with autograd: torch isn't installed."
    gap = difference(ours, theirs)
    said = format_number(gap, digits=2) if gap else "none"
    return f"Largest difference of these gradients to torch's autograd: {said}."
