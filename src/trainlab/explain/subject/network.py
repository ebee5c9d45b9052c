"""What numbers say of a network, and which of its examples is looked at where none is chosen."""

from __future__ import annotations

from typing import Any

import numpy as np

from trainlab.engine.network_pass import Array
from trainlab.spec import Experiment


def network_numbers(experiment: Experiment) -> dict[str, Any]:
    """Return label, widths and number of parameters of an experiment's network, ready for JSON."""
    network = experiment.network
    return {"label": network.label, "widths": list(network.widths), "parameters": network.parameters}


def first_telling(points: Array) -> int:
    """Return the place, from 1, of the first example that isn't all zeros, where only biases count; 1 if all
    are.
    """
    telling = np.flatnonzero(points.reshape(len(points), -1).any(axis=1))
    return int(telling[0]) + 1 if telling.size else 1
