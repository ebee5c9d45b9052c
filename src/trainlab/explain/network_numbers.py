"""What every question's numbers say of the network that it was asked about."""

from __future__ import annotations

from typing import Any

from trainlab.spec import Experiment


def network_numbers(experiment: Experiment) -> dict[str, Any]:
    """Return label, widths and number of parameters of an experiment's network, ready for JSON."""
    network = experiment.network
    return {"label": network.label, "widths": list(network.widths), "parameters": network.parameters}
