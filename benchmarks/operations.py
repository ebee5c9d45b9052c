"""How much arithmetic one network-step needs, counted from the experiment.

Per network and step, with B examples, W weights, c biases, P parameters, and activations after each unit:

- forward: B·W multiply-adds (a bias is where its sum starts), an activation a unit and example;
- loss: 3 operations an output and example (difference, slope, share in the mean);
- backward: B multiply-adds for each weight above the first layer, since inputs need no gradient, and the
  slopes: 2 operations for tanh and sigmoid (1 − a² or a − a² as one multiply-add, times δ), 1 for ReLU;
- gradients: B·W multiply-adds, and (B − 1)·c additions for the biases;
- update: 1 operation a parameter for SGD, 2 with momentum; 7, a square root and a division for Adam.

Drawing examples, loads and stores are not counted: they can run beside the arithmetic.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from trainlab.engine.layout import layers_of
from trainlab.spec import SGD, Adam, Experiment, Full, Optimizer, Single

LOSS_OPERATIONS = 3
SLOPES = {"linear": 0, "relu": 1, "tanh": 2, "sigmoid": 2}
"""Operations that turn ∂L/∂output into ∂L/∂sum, by activation."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Operations:
    """What one network-step needs: `activations` by name, the rest as operations of one vector lane."""

    forward: int
    activations: dict[str, int]
    loss: int
    backward: int
    slopes: int
    gradients: int
    update: int
    square_roots: int
    divisions: int

    @property
    def arithmetic(self) -> int:
        """Multiply-adds, and what takes a multiply-add's place: ReLU is one comparison."""
        parts = self.forward + self.loss + self.backward + self.slopes + self.gradients + self.update
        return parts + self.activations.get("relu", 0)


def batch_size(experiment: Experiment) -> int:
    """Return how many examples a step sees."""
    sampling = experiment.sampling
    if isinstance(sampling, Single):
        return 1
    points = experiment.data().points
    return points if isinstance(sampling, Full) else min(points, int(sampling.batch_size))


def count(experiment: Experiment) -> Operations:
    """Count one network-step of the experiment; KeyError names an activation that has no count yet."""
    batch = batch_size(experiment)
    layers = layers_of(experiment.network)
    weights = [layer.fan_in * layer.fan_out for layer in layers]
    activations: Counter[str] = Counter()
    for layer in layers:
        activations[layer.activation] += batch * layer.fan_out
    parameters = experiment.network.parameters
    biases = parameters - sum(weights)
    update, roots = _update(experiment.optimizer)
    return Operations(
        forward=batch * sum(weights),
        activations=dict(activations),
        loss=LOSS_OPERATIONS * batch * layers[-1].fan_out,
        backward=batch * sum(weights[1:]),
        slopes=sum(SLOPES[name] * times for name, times in activations.items()),
        gradients=batch * sum(weights) + (batch - 1) * biases,
        update=update * parameters,
        square_roots=roots * parameters,
        divisions=roots * parameters,
    )


def _update(optimizer: Optimizer) -> tuple[int, int]:
    """Return operations a parameter, and square roots (as many divisions) a parameter."""
    if isinstance(optimizer, SGD):
        # b ← momentum · b + g, w ← w − lr · b
        return (2 if optimizer.momentum else 1), 0
    if isinstance(optimizer, Adam):
        # g − m, m; β₂ v, (1 − β₂) g, v; √v · scale + eps; w
        return 7, 1
    raise TypeError(f"optimizer {optimizer!r}: has no count of operations in benchmarks/operations.py")
