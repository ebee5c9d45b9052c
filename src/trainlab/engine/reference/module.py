"""The reference engine's network, loss and gradients, and what it measures of them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from trainlab.engine.custom_loss import tensor_function
from trainlab.engine.evaluation import Evaluation, accuracy_of, is_solved
from trainlab.engine.layout import initial_parameters, layers_of
from trainlab.maths import ACTIVATIONS, LINKS
from trainlab.maths.gradients import KEPT_SIZE
from trainlab.spec import BCE, Custom, Experiment, Loss, loss_entry

# The network as a torch module, with its pass through a training step with dropout.


def build_module(torch: Any, experiment: Experiment, seed: int, dtype: str, *, start: Any = None) -> Any:
    """Return a torch.nn.Sequential of linear layers and activations, with the seed's initial parameters.

    `start` has other parameters to begin with, ``[P]``, as `flat` returns them.

    The parts are ``layer1``, ``activation1``, ``layer2`` and so on. Called as ``module(inputs, masks)`` it
    multiplies each hidden layer's values by its mask, ``[examples, units]``, unless that is None: 0, or
    1/(1 − p) for a unit that dropout keeps.
    """
    row = initial_parameters(experiment, range(seed, seed + 1))[0] if start is None else np.array(start)
    parts: OrderedDict[str, Any] = OrderedDict()
    for number, layer in enumerate(layers_of(experiment.network), 1):
        linear = torch.nn.Linear(
            layer.fan_in, layer.fan_out, bias=layer.first_bias is not None, dtype=getattr(torch, dtype)
        )
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(row[layer.weights].reshape(layer.fan_out, layer.fan_in)))
            if layer.first_bias is not None:
                linear.bias.copy_(torch.from_numpy(row[layer.biases]))
        parts |= {f"layer{number}": linear, f"activation{number}": _activation(torch, layer.activation)}

    class Network(torch.nn.Sequential):
        def forward(self: Any, values: Any, masks: Sequence[Any] = ()) -> Any:
            for place, part in enumerate(self):
                values = part(values)
                mask = masks[place // 2] if place % 2 and place // 2 < len(masks) else None
                values = values if mask is None else values * mask
            return values

    return Network(parts)


def flat(module: Any) -> Any:
    """Return the parameters as a row ``[P]``: layer by layer, weights, then biases."""
    return np.concatenate([parameter.detach().numpy().ravel() for parameter in module.parameters()])


def linear_layers(torch: Any, module: Any) -> list[Any]:
    """Return the linear layers, the first first."""
    return [part for part in module if isinstance(part, torch.nn.Linear)]


def weights_of(torch: Any, module: Any) -> list[Any]:
    """Return the weight matrix of each linear layer."""
    return [layer.weight for layer in linear_layers(torch, module)]


def _activation(torch: Any, name: str) -> Any:
    entry = ACTIVATIONS[name]
    if not entry.torch_class:

        class Function(torch.nn.Module):
            def forward(self: Any, values: Any) -> Any:
                return attrgetter(entry.torch_function)(torch)(values)

        return Function()
    return getattr(torch.nn, entry.torch_class)(**({} if entry.elementwise else {"dim": 1}))


# Losses of outputs and targets ``[examples, outputs]``, and what turns outputs into predictions.


Criterion = Callable[[Any, Any], Any]


def build_criterion(torch: Any, loss: Loss) -> Criterion:
    """Return the loss as a function: torch.nn's, or its formula where torch.nn has none for such targets."""
    if isinstance(loss, Custom):
        function = tensor_function(loss, engine="reference")
        return lambda p, y: function(p, y).mean()
    if isinstance(loss, BCE):
        return lambda p, y: _bce(torch, p, y)
    entry = loss_entry(loss)
    terms, settings = entry.torch_terms, msgspec.structs.asdict(loss)
    if terms is None:
        return getattr(torch.nn, str(entry.torch_class))(**settings)
    if entry.mean_over == "examples":
        return lambda p, y: terms(torch, p, y).sum(dim=1).mean()
    return lambda p, y: terms(torch, p, y).mean()


def predictions_of(torch: Any, loss: Loss, outputs: Any) -> Any:
    """Return the predictions that the outputs ``[examples, outputs]`` stand for under this loss."""
    return LINKS[loss_entry(loss).link].torch_value(torch, outputs)


def _bce(torch: Any, probabilities: Any, targets: Any) -> Any:
    # torch refuses what isn't between 0 and 1, NaN too; a network that diverges must go on.
    if bool(torch.isnan(probabilities).any()):
        return (probabilities * targets).mean()
    return torch.nn.functional.binary_cross_entropy(probabilities, targets)


# What changes the gradients of a step: a penalty, layers made equally large or frozen, clipping.


def penalty_of(torch: Any, experiment: Experiment, module: Any) -> Any:
    """Return l1 · Σ |w| + l2 · Σ w² over all weights; biases go free."""
    penalty, total = experiment.penalty, 0.0
    for weights in weights_of(torch, module):
        if penalty.l1:
            total = total + penalty.l1 * weights.abs().sum()
        if penalty.l2:
            total = total + penalty.l2 * (weights * weights).sum()
    return total


def forget_frozen(torch: Any, module: Any, frozen: tuple[int, ...]) -> None:
    """Leave the parameters of frozen layers without a gradient, which a reading may still ask for."""
    layers = linear_layers(torch, module)
    for number in frozen:
        for parameter in layers[number - 1].parameters():
            parameter.grad = None


class Equaliser:
    """Makes each layer's gradient as large as the last one's, step after step; by `Gradient` of the spec."""

    def __init__(self, torch: Any, module: Any) -> None:
        self._layers = linear_layers(torch, module)
        self._sizes: list[Any] = [0.0] * len(self._layers)

    def equalise(self) -> None:
        """Change the gradients of one step; frozen layers have none."""
        for place, layer in enumerate(self._layers):
            if layer.weight.grad is not None:
                self._sizes[place] = KEPT_SIZE * self._sizes[place] + layer.weight.grad.abs().mean()
        for size, layer in zip(self._sizes[:-1], self._layers[:-1], strict=True):
            if size != 0:
                for parameter in layer.parameters():
                    parameter.grad = parameter.grad / size * self._sizes[-1]


def equaliser_of(torch: Any, experiment: Experiment, module: Any) -> Equaliser | None:
    """Return what makes the gradients of layers equally large, None if nothing is to."""
    return Equaliser(torch, module) if experiment.gradient == "equalised" else None


def clip_gradients(torch: Any, experiment: Experiment, module: Any) -> None:
    """Cap the norm of all gradients together, or the value of each."""
    if experiment.clip.norm is not None:
        torch.nn.utils.clip_grad_norm_(module.parameters(), experiment.clip.norm)
    if experiment.clip.value is not None:
        torch.nn.utils.clip_grad_value_(module.parameters(), experiment.clip.value)


# What is read of a network as it stands: losses, predictions, gradients, whether it is solved.


Chosen = npt.NDArray[np.int64] | None
"""Which of the examples trained on a step sees; None for all of them."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Meter:
    """Reads one experiment's networks, without anything that only training has, such as dropout."""

    torch: Any
    experiment: Experiment
    criterion: Criterion
    parts: dict[str, tuple[Any, Any]]

    @classmethod
    def of(cls, torch: Any, experiment: Experiment, dtype: str) -> Meter:
        """Return the meter of an experiment, with its examples as tensors."""
        data = experiment.data()
        pairs = {
            "train": (data.inputs, data.targets),
            "held_out": (data.held_out_inputs, data.held_out_targets),
        }
        return cls(
            torch=torch,
            experiment=experiment,
            criterion=build_criterion(torch, experiment.loss),
            parts={
                name: (torch.from_numpy(x.astype(dtype)), torch.from_numpy(y.astype(dtype)))
                for name, (x, y) in pairs.items()
            },
        )

    def loss(self, module: Any, part: str) -> float:
        """Return the loss over the train or held-out examples; NaN if there are none."""
        inputs, targets = self.parts[part]
        if not len(inputs):
            return float("nan")
        with self.torch.no_grad():
            return float(self.criterion(module(inputs), targets))

    def predictions(self, module: Any, part: str) -> Any:
        """Return the predictions ``[examples, outputs]``, an array."""
        with self.torch.no_grad():
            outputs = module(self.parts[part][0])
            return predictions_of(self.torch, self.experiment.loss, outputs).numpy()

    def solved(self, module: Any) -> bool:
        """Return whether the experiment counts the network as solved."""
        part = self.experiment.solved.on
        predictions = self.predictions(module, part)[None]
        loss = np.array([self.loss(module, part)])
        targets = self.parts[part][1].numpy()
        return bool(is_solved(self.experiment, predictions, targets, loss)[0])

    def gradient(self, module: Any, chosen: Chosen = None) -> list[float]:
        """Return the mean |∂L/∂w| of each layer's weights, over the examples `chosen`, or all trained on."""
        inputs, targets = self.parts["train"]
        x, y = (inputs, targets) if chosen is None else (inputs[chosen], targets[chosen])
        loss = self.criterion(module(x), y)
        gradients = self.torch.autograd.grad(loss, weights_of(self.torch, module))
        return [float(gradient.abs().mean()) for gradient in gradients]

    def evaluate(self, module: Any, chosen: Chosen) -> Evaluation:
        """Return everything that `Runs` has of the end, as one row; `chosen` are the examples of a step."""
        data, dtype = self.experiment.data(), flat(module).dtype
        with self.torch.no_grad():
            finite = bool(self.torch.isfinite(module(self.parts["train"][0])).all())
        predictions = {part: self.predictions(module, part)[None] for part in self.parts}
        return Evaluation(
            solved=np.array([self.solved(module)]),
            finite=np.array([finite]),
            loss=np.array([self.loss(module, "train")], dtype=dtype),
            accuracy=accuracy_of(data, predictions["train"], data.targets),
            held_out_loss=np.array([self.loss(module, "held_out")], dtype=dtype),
            held_out_accuracy=accuracy_of(data, predictions["held_out"], data.held_out_targets),
            predictions=predictions["train"],
            parameters=flat(module)[None],
            gradient=np.array([self.gradient(module)], dtype=dtype),
            step_gradient=np.array([self.gradient(module, chosen)], dtype=dtype),
        )
