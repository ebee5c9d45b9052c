"""A torch module with a batch: what its layers pass on, what comes back, and which neurons are equal.

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

from trainlab.draw import format_number, join
from trainlab.draw.table import Cell
from trainlab.engine.network_pass import Array
from trainlab.errors import ExplainError
from trainlab.explain.module_copy import Subject, recording
from trainlab.explain.questions.init.symmetry import distinct_rows
from trainlab.page.section import Section, Table, paragraphs
from trainlab.plain import Plain


@dataclass(frozen=True, kw_only=True, slots=True)
class MeasuredLayer(Plain):
    """A layer with a weight matrix, at work on the batch; its `kind` is the name of torch's class.

    ``fan_in`` and ``fan_out`` are torch's: inputs of one output and outputs of one input, times the size of a
    kernel. `neurons` are its outputs or channels, ``weight_std`` the weights' standard deviation.

    Of its outputs mean and deviation, of the gradient by them the root mean square, of the gradient by its
    weights the mean |∂L/∂w| and how many rows differ, of `neurons`; NaN and None where no gradient comes
    back. A parametrized layer has the weights that it works with. One that is not `called`, whose weight is
    used without it, has outputs of NaN: nothing saw them.
    """

    _written = (
        "layer=name kind fan_in fan_out neurons weight_std std_times_root_fan_in=scaled called "
        "output_mean=mean output_std=std gradient_rms=gradient "
        "mean_abs_weight_gradient=weight_gradient distinct_rows "
        "distinct_gradient_rows=distinct_gradients"
    )

    name: str
    kind: str
    fan_in: int
    fan_out: int
    neurons: int
    weight_std: float
    called: bool
    mean: float
    std: float
    gradient: float
    weight_gradient: float
    distinct_rows: int
    distinct_gradients: int | None

    @property
    def scaled(self) -> float:
        """The deviation times √fan_in, by which layers of any width compare.

        PyTorch's default: 1/√3 = 0.577; LeCun, Xavier with equal fans and orthogonal: 1; He: √2 = 1.414.
        """
        return self.weight_std * math.sqrt(self.fan_in)


@dataclass(kw_only=True, slots=True)
class _Seen:
    """What passed one layer: how many values, their sum and sum of squares; and of gradients."""

    count: int = 0
    total: float = 0.0
    squares: float = 0.0
    gradients: int = 0
    gradient_squares: float = 0.0


def module_layers(subject: Subject) -> tuple[list[MeasuredLayer], list[str]]:
    """Return the layers with weights that the batch met, in the order in which it did; and those it didn't.

    Never met is a layer that isn't called and whose weight gets no gradient, not even if it is trained.

    Raises:
        ExplainError: no layer has weights, or is met, or no gradient comes back to any.
    """
    torch, module = subject.torch, subject.module
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
    return [_measured(name, layers[name], seen.get(name), gradients.get(name)) for name in met], never


def _pass(
    subject: Subject, names: Sequence[str], *, trained: Sequence[str]
) -> tuple[dict[str, _Seen], dict[str, Any], dict[str, Any]]:
    """Return what was seen of each layer that is called, the layers, and the gradients by their weights.

    The weights of the layers `trained` are trained for this pass, though they aren't.
    """
    torch = subject.torch
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
        # Of several things given out the first.
        first: Any = (
            next(iter(cast("tuple[Any, ...]", output)), None) if isinstance(output, tuple) else output
        )
        if not isinstance(first, torch.Tensor):
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


def _measured(name: str, layer: Any, record: _Seen | None, gradient: Any) -> MeasuredLayer:
    weight = by_neuron(layer, _weight(layer))
    shape = tuple(int(size) for size in _weight(layer).shape)
    kernel = math.prod(shape[2:])
    bias = getattr(layer, "bias", None)
    offsets = None if bias is None else bias.detach().double().cpu().numpy()
    rows = (
        weight if offsets is None or offsets.shape != weight.shape[:1] else np.column_stack([weight, offsets])
    )
    slopes = None if gradient is None else by_neuron(layer, gradient)
    mean, std, gradient_rms = _outputs(record)
    return MeasuredLayer(
        name=name,
        kind=layer_kind(layer),
        fan_in=shape[1] * kernel,
        fan_out=shape[0] * kernel,
        neurons=len(weight),
        weight_std=float(weight.std()),
        called=record is not None,
        mean=mean,
        std=std,
        gradient=gradient_rms,
        weight_gradient=math.nan if slopes is None else float(np.abs(slopes).mean()),
        distinct_rows=distinct_rows(rows, None),
        distinct_gradients=None if slopes is None else distinct_rows(slopes, None),
    )


def layer_kind(layer: Any) -> str:
    """Return the name of a part's class; of a parametrized one that of the class that it was."""
    from torch.nn.utils.parametrize import is_parametrized

    kind = cast("Any", type(layer))
    return str((kind.__bases__[0] if is_parametrized(layer) else kind).__name__)


def by_neuron(layer: Any, weight: Any) -> Array:
    """Return a row for each output; transposed convolutions have outputs on the second axis."""
    values = weight.detach().double().cpu()
    values = values.transpose(0, 1) if "Transpose" in type(layer).__name__ else values
    return np.asarray(values.reshape(values.shape[0], -1).numpy(), dtype=np.float64)


def _outputs(record: _Seen | None) -> tuple[float, float, float]:
    """Return mean and deviation of the outputs, and the root mean square of the gradient by them."""
    if record is None or not record.count:
        return math.nan, math.nan, math.nan
    mean = record.total / record.count
    std = math.sqrt(max(record.squares / record.count - mean * mean, 0.0))
    gradient = math.sqrt(record.gradient_squares / record.gradients) if record.gradients else math.nan
    return mean, std, gradient


# The sections on a torch module: signals through its layers, and equal neurons in them.


def module_section(
    layers: Sequence[MeasuredLayer], name: str, batch: int, never: Sequence[str], notes: Sequence[str]
) -> Section:
    """Return what the layers of a module pass on and get back, for one batch; `notes` say how it was run."""
    rows: list[tuple[Cell, ...]] = [
        (
            f"{each.name} ({each.kind})",
            each.fan_in,
            each.weight_std,
            each.scaled,
            *(
                value if math.isfinite(value) else None
                for value in (each.mean, each.std, each.gradient, each.weight_gradient)
            ),
        )
        for each in layers
    ]
    called = [each for each in layers if each.called]
    return Section(
        name="module",
        heading=f"{name}, with a batch of {batch:,}",
        text=paragraphs(
            "Each layer with weights, measured on a copy; the module itself is left as it was. To compare "
            "the weights with schemes: std · √fan_in is 0.577 for PyTorch's default, 1 for LeCun's, 1.414 "
            "for He's.",
            notes,
            f"From the first layer to the last, outputs go from a deviation of {_n(called[0].std)} to "
            f"{_n(called[-1].std)}, gradients from {_n(called[-1].gradient)} at the last back to "
            f"{_n(called[0].gradient)} at the first."
            if called
            else "",
            met_words(layers, never),
        ),
        tables=(
            Table(
                title="Layer by layer",
                headers=(
                    "Layer",
                    "fan_in",
                    "std of weights",
                    "std · √fan_in",
                    "mean of outputs",
                    "std of outputs",
                    "rms of ∂L/∂output",
                    "mean |∂L/∂w|",
                ),
                rows=rows,
                shown=40,
            ),
        ),
    )


def met_words(layers: Sequence[MeasuredLayer], never: Sequence[str]) -> str:
    """Return which layers the batch met without calling them, and which it never met; empty if none."""
    aside = [repr(each.name) for each in layers if not each.called]
    words = f"{join(aside)} is used without being called, so its outputs weren't seen." if aside else ""
    if len(aside) > 1:
        words = f"{join(aside)} are used without being called, so their outputs weren't seen."
    told = f"The batch never met {join([repr(each) for each in never])}." if never else ""
    return " ".join(part for part in (words, told) if part)


def module_symmetry_section(layers: Sequence[MeasuredLayer]) -> Section:
    """Return how many neurons of a module's layers are equal, in weights and in gradients."""
    equal = [each for each in layers if each.distinct_rows < each.neurons]
    same = [
        each
        for each in layers
        if each.distinct_gradients is not None and each.distinct_gradients < each.neurons
    ]
    told = (
        f"{len(equal)} of {len(layers)} layers have neurons with the same incoming weights and bias."
        if equal
        else "No two neurons of a layer have the same incoming weights and bias."
    )
    more = (
        f"In {len(same)} of {len(layers)} some neurons get the same gradient; those that also start equal "
        "stay equal, and dead ones (gradient 0) don't move."
        if same
        else "No two neurons of a layer get the same gradient: no symmetry."
    )
    return Section(
        name="symmetry",
        heading="Symmetry: equal neurons",
        text=(told, more),
        tables=(
            Table(
                title="Neurons that differ",
                headers=("Layer", "neurons", "differ in weights", "differ in gradient"),
                rows=[
                    (each.name, each.neurons, each.distinct_rows, each.distinct_gradients) for each in layers
                ],
                shown=40,
            ),
        ),
    )


def _n(value: float) -> str:
    return format_number(value) if math.isfinite(value) else "nothing"
