"""The same questions of a torch module with a batch: what its layers pass on, and what comes back.

The module is looked at and left as it was: parameters, buffers, gradients, hooks, mode and torch's random
state. Nothing is kept of a layer's values but their sums.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from trainlab.errors import ExplainError
from trainlab.explain.inits.symmetry import distinct_rows

Criterion = Callable[[Any, Any], Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class ModuleLayer:
    """A layer with a weight matrix, at work on the batch.

    ``fan_in`` is inputs of one output, ``scaled`` the weights' deviation times √fan_in (PyTorch's default:
    1/√3 = 0.577; LeCun, Xavier with equal fans and orthogonal: 1; He: √2 = 1.414). Of its outputs mean and
    deviation, of the gradient by them the root mean square, of the gradient by its weights the mean |∂L/∂w|
    and how many rows differ, of `neurons`; NaN and None where no gradient comes back.
    """

    name: str
    kind: str
    fan_in: int
    neurons: int
    weight_std: float
    scaled: float
    mean: float
    std: float
    gradient: float
    weight_gradient: float
    distinct_rows: int
    distinct_gradients: int | None

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as plain data."""
        return {
            "layer": self.name,
            "kind": self.kind,
            "fan_in": self.fan_in,
            "neurons": self.neurons,
            "weight_std": self.weight_std,
            "std_times_root_fan_in": self.scaled,
            "output_mean": self.mean,
            "output_std": self.std,
            "gradient_rms": self.gradient,
            "mean_abs_weight_gradient": self.weight_gradient,
            "distinct_rows": self.distinct_rows,
            "distinct_gradient_rows": self.distinct_gradients,
        }


@dataclass(kw_only=True, slots=True)
class _Seen:
    """What passed one layer: how many values, their sum and sum of squares; and of gradients."""

    count: int = 0
    total: float = 0.0
    squares: float = 0.0
    gradients: int = 0
    gradient_squares: float = 0.0


def is_module(source: object) -> bool:
    """Return whether `source` is a torch module, without importing torch for the question."""
    import sys

    torch = sys.modules.get("torch")
    return torch is not None and isinstance(source, torch.nn.Module)


def module_layers(
    module: Any, inputs: Any, targets: Any, loss: Criterion | None
) -> tuple[list[ModuleLayer], list[str]]:
    """Return the layers that have weights, in the order in which the batch met them; and those it didn't.

    `inputs` and `targets` are tensors or array-likes; `loss` is a function of outputs and targets that gives
    one number: by default cross-entropy for whole-number targets, else the mean squared error.

    Raises:
        ExplainError: no layer has weights, a batch isn't finite or doesn't fit, or the loss isn't one number
            that a gradient comes back from.
    """
    import torch

    layers = _layers_with_weights(torch, module)
    x, y = _tensor(torch, module, "inputs", inputs), _tensor(torch, module, "targets", targets)
    criterion = loss or _usual_loss(torch, y)
    seen: dict[str, _Seen] = {}
    with _untouched(torch, module), ExitStack() as hooks:
        for name, layer in layers:
            hooks.callback(layer.register_forward_hook(_watch(torch, name, seen)).remove)
        with torch.enable_grad():
            value = _loss_value(torch, module, x, y, criterion)
            weights = {name: layer.weight for name, layer in layers if layer.weight.requires_grad}
            if not weights or not value.requires_grad:
                raise ExplainError(
                    "module: no gradient comes back from the loss to any weight; give a module whose weights "
                    "require gradients, and a loss computed from its outputs."
                )
            parts = torch.autograd.grad(value, list(weights.values()), allow_unused=True)
    gradients, named = dict(zip(weights, parts, strict=True)), dict(layers)
    met = [_facts(name, named[name], record, gradients.get(name)) for name, record in seen.items()]
    return met, [name for name in named if name not in seen]


def _layers_with_weights(torch: Any, module: Any) -> list[tuple[str, Any]]:
    for name, parameter in module.named_parameters():
        if isinstance(parameter, torch.nn.parameter.UninitializedParameter):
            raise ExplainError(
                f"module: its parameter {name!r} has no shape before the first batch; send one through it."
            )
    found = [
        (name or type(layer).__name__, layer)
        for name, layer in module.named_modules()
        if isinstance(getattr(layer, "weight", None), torch.Tensor)
        and layer.weight.dim() >= 2
        and layer.weight.is_floating_point()
        and not isinstance(layer, torch.nn.Embedding | torch.nn.EmbeddingBag)
    ]
    if not found:
        raise ExplainError(
            f"module: {type(module).__name__} has no layer with a weight matrix, such as Linear or Conv2d, "
            "and so nothing to initialise; give one that has."
        )
    return found


def _tensor(torch: Any, module: Any, name: str, given: Any) -> Any:
    if given is None:
        raise ExplainError(f"{name} = None: a module is asked with a batch; give inputs= and targets=.")
    try:
        tensor = given if isinstance(given, torch.Tensor) else torch.as_tensor(np.asarray(given))
    except (TypeError, ValueError, RuntimeError) as error:
        raise ExplainError(f"{name}: isn't a tensor or an array of numbers ({_line(error)}).") from None
    if not tensor.numel():
        raise ExplainError(f"{name}: shape {tuple(tensor.shape)} holds no number; give one example or more.")
    if tensor.is_floating_point():
        if not bool(torch.isfinite(tensor).all()):
            wrong = int((~torch.isfinite(tensor)).sum())
            raise ExplainError(
                f"{name}: {wrong:,} of {tensor.numel():,} numbers are NaN or infinite; give a batch of "
                "finite numbers."
            )
        first = next((each for each in module.parameters() if each.is_floating_point()), tensor)
        tensor = tensor.to(dtype=first.dtype, device=first.device)
    return tensor.detach()


def _usual_loss(torch: Any, targets: Any) -> Criterion:
    f = torch.nn.functional
    return f.mse_loss if targets.is_floating_point() else f.cross_entropy


def _loss_value(torch: Any, module: Any, x: Any, y: Any, criterion: Criterion) -> Any:
    try:
        value = criterion(module(x), y)
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        raise ExplainError(
            f"inputs of shape {tuple(x.shape)}, targets of shape {tuple(y.shape)}: the module or its loss "
            f"can't take them ({_line(error)})."
        ) from None
    if not isinstance(value, torch.Tensor) or value.numel() != 1:
        raise ExplainError("loss: must give one number, a tensor of one element, as torch.nn.MSELoss() does.")
    if not bool(torch.isfinite(value)):
        raise ExplainError(
            f"loss: is {float(value.detach())} on this batch; no gradient can be read from it."
        )
    return value.reshape(())


@contextmanager
def _untouched(torch: Any, module: Any) -> Generator[None]:
    """Put buffers and random states back at the end; modes and `.grad` are never written."""
    buffers = {name: buffer.detach().clone() for name, buffer in module.named_buffers()}
    cuda = list(range(torch.cuda.device_count())) if torch.cuda.is_available() else []
    with torch.random.fork_rng(devices=cuda):
        try:
            yield
        finally:
            with torch.no_grad():
                for name, buffer in module.named_buffers():
                    if name in buffers and not torch.equal(buffer, buffers[name]):
                        buffer.copy_(buffers[name])


def _watch(torch: Any, name: str, seen: dict[str, _Seen]) -> Callable[..., None]:
    def hook(_module: Any, _inputs: Any, output: Any) -> None:
        if not isinstance(output, torch.Tensor):
            return
        record = seen.setdefault(name, _Seen())
        values = output.detach().double()
        record.count += values.numel()
        record.total += float(values.sum())
        record.squares += float((values * values).sum())
        if output.requires_grad:
            output.register_hook(partial(_back, record))

    return hook


def _back(record: _Seen, gradient: Any) -> None:
    values = gradient.detach().double()
    record.gradients += values.numel()
    record.gradient_squares += float((values * values).sum())


def _facts(name: str, layer: Any, record: _Seen, gradient: Any) -> ModuleLayer:
    weight = _by_neuron(layer, layer.weight)
    bias = getattr(layer, "bias", None)
    offsets = None if bias is None else bias.detach().double().cpu().numpy()
    rows = (
        weight if offsets is None or offsets.shape != weight.shape[:1] else np.column_stack([weight, offsets])
    )
    slopes = None if gradient is None else _by_neuron(layer, gradient)
    mean = record.total / record.count
    fan_in = layer.weight.numel() // layer.weight.shape[0]
    return ModuleLayer(
        name=name,
        kind=type(layer).__name__,
        fan_in=fan_in,
        neurons=len(weight),
        weight_std=float(weight.std()),
        scaled=float(weight.std()) * math.sqrt(fan_in),
        mean=mean,
        std=math.sqrt(max(record.squares / record.count - mean * mean, 0.0)),
        gradient=math.sqrt(record.gradient_squares / record.gradients) if record.gradients else math.nan,
        weight_gradient=math.nan if slopes is None else float(np.abs(slopes).mean()),
        distinct_rows=distinct_rows(rows, None),
        distinct_gradients=None if slopes is None else distinct_rows(slopes, None),
    )


def _by_neuron(layer: Any, weight: Any) -> np.ndarray:
    """Return a row for each output; transposed convolutions have outputs on the second axis."""
    values = weight.detach().double().cpu()
    values = values.transpose(0, 1) if "Transpose" in type(layer).__name__ else values
    return values.reshape(values.shape[0], -1).numpy()


def _line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= 160 else f"{text[:159]}…"
