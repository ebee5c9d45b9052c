"""The same questions of a torch module with a batch: what its layers pass on, and what comes back.

The module is looked at as a copy. Nothing is kept of a layer's values but their sums.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import numpy as np

from trainlab.draw import join
from trainlab.errors import ExplainError
from trainlab.explain.questions.init.symmetry import distinct_rows
from trainlab.explain.subject.module_copy import Subject, first_tensor, recording


@dataclass(frozen=True, kw_only=True, slots=True)
class ModuleLayer:
    """A layer with a weight matrix, at work on the batch.

    ``fan_in`` and ``fan_out`` are torch's: inputs of one output and outputs of one input, times the size of a
    kernel. ``scaled`` is the weights' deviation times √fan_in (PyTorch's default: 1/√3 = 0.577; LeCun, Xavier
    with equal fans and orthogonal: 1; He: √2 = 1.414). Of its outputs mean and deviation, of the gradient by
    them the root mean square, of the gradient by its weights the mean |∂L/∂w| and how many rows differ, of
    `neurons`; NaN and None where no gradient comes back. A parametrized layer has the weights that it works
    with. One that is not `called`, whose weight is used without it, has outputs of NaN: nothing saw them.
    """

    name: str
    kind: str
    fan_in: int
    fan_out: int
    neurons: int
    weight_std: float
    scaled: float
    called: bool
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
            "fan_out": self.fan_out,
            "neurons": self.neurons,
            "weight_std": self.weight_std,
            "std_times_root_fan_in": self.scaled,
            "called": self.called,
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


def module_layers(subject: Subject) -> tuple[list[ModuleLayer], list[str]]:
    """Return the layers with weights that the batch met, in the order in which it did; and those it didn't.

    Never met is a layer that isn't called and whose weight gets no gradient, not even if it is trained.

    Raises:
        ExplainError: no layer has weights, or is met, or no gradient comes back to any.
    """
    torch, module = subject.look.torch, subject.look.module
    names = [name for name, _ in _layers_with_weights(torch, module)]
    with recording(torch):
        seen, layers, gradients = _pass(subject, names, trained=())
        left = [name for name in names if name not in seen and gradients.get(name) is None]
        frozen = [name for name in left if not _weight(layers[name]).requires_grad]
        # A frozen weight that is used without its layer shows only if a gradient is asked for.
        used = _pass(subject, names, trained=frozen)[2] if frozen else {}
    never = [name for name in left if used.get(name) is None]
    met = [*seen, *(name for name in names if name not in seen and name not in never)]
    if not met:
        told = join([repr(name) for name in names[:6]])
        raise ExplainError(
            f"module: the batch meets none of its layers with weights ({told}); give a module whose forward "
            "uses them."
        )
    return [_facts(name, layers[name], seen.get(name), gradients.get(name)) for name in met], never


def _pass(
    subject: Subject, names: Sequence[str], *, trained: Sequence[str]
) -> tuple[dict[str, _Seen], dict[str, Any], dict[str, Any]]:
    """Return what was seen of each layer that is called, the layers, and the gradients by their weights.

    The weights of the layers `trained` are trained for this pass, though they aren't.
    """
    torch = subject.look.torch
    seen: dict[str, _Seen] = {}
    layers: dict[str, Any] = {}

    def prepare(module: Any) -> None:
        parts = dict(module.named_modules())
        layers.update({name: parts["" if name not in parts else name] for name in names})
        for name in names:
            layers[name].register_forward_hook(_watch(torch, name, seen))
        for name in trained:
            for parameter in layers[name].parameters():
                parameter.requires_grad_(True)

    with ExitStack() as cached:
        # Within it the weight of a parametrized layer is one and the same tensor at every use.
        cached.enter_context(torch.nn.utils.parametrize.cached())
        _, _, value = subject.run(prepare)
        weights = {name: _weight(layer) for name, layer in layers.items() if _weight(layer).requires_grad}
    if not weights:
        raise ExplainError(
            "module: no gradient comes back from the loss to any weight; give a module whose weights require "
            "gradients."
        )
    parts = torch.autograd.grad(value.reshape(()), list(weights.values()), allow_unused=True)
    return seen, layers, dict(zip(weights, parts, strict=True))


def _layers_with_weights(torch: Any, module: Any) -> list[tuple[str, Any]]:
    nn = torch.nn
    # Lookups, and norms, whose weights scale what passes one by one: there are no neurons.
    others = [nn.Embedding, nn.EmbeddingBag, nn.LayerNorm, nn.GroupNorm, nn.modules.batchnorm._NormBase]
    others += [nn.RMSNorm] if hasattr(nn, "RMSNorm") else []
    found = [
        (name or type(layer).__name__, layer)
        for name, layer in module.named_modules()
        if not isinstance(layer, tuple(others))
        and isinstance(_weight(layer), torch.Tensor)
        and _weight(layer).dim() >= 2
        and _weight(layer).is_floating_point()
    ]
    if not found:
        raise ExplainError(
            f"module: {type(module).__name__} has no layer with a weight matrix, such as Linear or Conv2d, "
            "and so nothing to initialise; give one that has."
        )
    return found


def _weight(layer: Any) -> Any:
    return getattr(layer, "weight", None)


def _watch(torch: Any, name: str, seen: dict[str, _Seen]) -> Callable[..., None]:
    def hook(_module: Any, _inputs: Any, output: Any) -> None:
        first = first_tensor(torch, output)
        if first is None:
            return
        record = seen.setdefault(name, _Seen())
        values = first.detach().double()
        record.count += values.numel()
        record.total += float(values.sum())
        record.squares += float((values * values).sum())
        if first.requires_grad:
            first.register_hook(partial(_back, record))

    return hook


def _back(record: _Seen, gradient: Any) -> None:
    values = gradient.detach().double()
    record.gradients += values.numel()
    record.gradient_squares += float((values * values).sum())


def _facts(name: str, layer: Any, record: _Seen | None, gradient: Any) -> ModuleLayer:
    own = _weight(layer)
    weight = _by_neuron(layer, own)
    bias = getattr(layer, "bias", None)
    offsets = None if bias is None else bias.detach().double().cpu().numpy()
    rows = (
        weight if offsets is None or offsets.shape != weight.shape[:1] else np.column_stack([weight, offsets])
    )
    slopes = None if gradient is None else _by_neuron(layer, gradient)
    kernel = math.prod(own.shape[2:])
    fan_in = int(own.shape[1]) * kernel
    return ModuleLayer(
        name=name,
        kind=_kind(layer),
        fan_in=fan_in,
        fan_out=int(own.shape[0]) * kernel,
        neurons=len(weight),
        weight_std=float(weight.std()),
        scaled=float(weight.std()) * math.sqrt(fan_in),
        called=record is not None,
        weight_gradient=math.nan if slopes is None else float(np.abs(slopes).mean()),
        distinct_rows=distinct_rows(rows, None),
        distinct_gradients=None if slopes is None else distinct_rows(slopes, None),
        **_outputs(record),
    )


def _outputs(record: _Seen | None) -> dict[str, float]:
    if record is None or not record.count:
        return dict.fromkeys(("mean", "std", "gradient"), math.nan)
    mean = record.total / record.count
    return {
        "mean": mean,
        "std": math.sqrt(max(record.squares / record.count - mean * mean, 0.0)),
        "gradient": math.sqrt(record.gradient_squares / record.gradients) if record.gradients else math.nan,
    }


def _kind(layer: Any) -> str:
    """Return the name of a layer's class; of a parametrized one that of the class that it was."""
    kind = cast("Any", type(layer))
    return str((kind.__bases__[0] if hasattr(layer, "parametrizations") else kind).__name__)


def _by_neuron(layer: Any, weight: Any) -> np.ndarray:
    """Return a row for each output; transposed convolutions have outputs on the second axis."""
    values = weight.detach().double().cpu()
    values = values.transpose(0, 1) if "Transpose" in type(layer).__name__ else values
    return values.reshape(values.shape[0], -1).numpy()
