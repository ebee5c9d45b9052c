"""An experiment's loss over all the examples that it is trained on, and its gradients, layer by layer.

Without its penalty; dropout and noise, as in evaluation, do nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from trainlab.explain.network_pass import Layer, LayerGradient, backward, forward
from trainlab.spec import Experiment, loss_entry


def examples_loss(experiment: Experiment, layers: Sequence[Layer]) -> float:
    """Return the loss with these layers."""
    data = experiment.data()
    outputs = forward(layers, data.inputs)[-1].outputs
    settings = msgspec.structs.asdict(experiment.loss)
    return loss_entry(experiment.loss).value(outputs, data.targets, **settings)


def examples_gradients(experiment: Experiment, layers: Sequence[Layer]) -> tuple[LayerGradient, ...]:
    """Return the gradients of that loss, first layer first."""
    data = experiment.data()
    passes = forward(layers, data.inputs)
    settings = msgspec.structs.asdict(experiment.loss)
    slopes = loss_entry(experiment.loss).gradient(passes[-1].outputs, data.targets, **settings)
    return backward(layers, passes, slopes)
