"""A fully connected network: widths, biases and activations, each for the whole network or layer by layer."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Literal, TypeVar, cast

import msgspec

from trainlab.errors import SpecError, listing, shown
from trainlab.maths import ACTIVATIONS, INITS
from trainlab.spec.checks import check_choice, check_number
from trainlab.spec.fields import Kind, Part, convert_fields, name_of

MAX_WIDTH = 4096
MAX_LAYERS = 1000
MAX_DROPOUT = 1.0 - 2.0**-33
"""The largest probability for which some 32-bit word still keeps its unit."""
OVER_OUTPUTS = ("softmax", "log_softmax")
"""The activations that aren't elementwise: each output depends on all of a layer's sums."""

T = TypeVar("T", bool, str)


class Network(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Widths from inputs to outputs, and the biases, activations and dropout of the layers.

    `bias` and `activation` hold for every layer, or list one value per layer. `output_bias` and
    `output_activation` set the last layer apart. Left out, it is like the others: "tanh" unless another is
    named, which doesn't suit logits or most numeric targets ("linear" does). `dropout` is the probability
    with which training zeroes an output of a hidden layer, after its activation, as ``torch.nn.Dropout``; or
    a list with one per hidden layer.
    """

    widths: tuple[int, ...]
    bias: bool | tuple[bool, ...] = True
    output_bias: bool | None = None
    activation: str | tuple[str, ...] = "tanh"
    output_activation: str | None = None
    dropout: float | tuple[float, ...] = 0.0

    def __post_init__(self) -> None:
        convert_fields(self)
        if len(self.widths) < 2:
            raise SpecError(
                f"widths = {shown(self.widths)}: at least an input and an output width are needed, "
                f"as in '2-5-4-1'."
            )
        if self.layers > MAX_LAYERS:
            raise SpecError(
                f"widths = {shown(self.widths)}: has {self.layers:,} layers; at most {MAX_LAYERS:,} are "
                "allowed."
            )
        for width in self.widths:
            if not 1 <= width <= MAX_WIDTH:
                raise SpecError(
                    f"widths = {shown(self.widths)}: every width must be from 1 to {MAX_WIDTH:,}, "
                    f"not {shown(width)}."
                )
        _check_per_layer("bias", self.bias, self.output_bias, self.layers)
        _check_per_layer("activation", self.activation, self.output_activation, self.layers)
        for name in self.activations:
            check_choice("activation", name, ACTIVATIONS)
        self._check_vectors()
        self._check_dropout()

    @property
    def layers(self) -> int:
        """The number of linear layers."""
        return len(self.widths) - 1

    @property
    def biases(self) -> tuple[bool, ...]:
        """Whether each layer has a bias."""
        return _per_layer(self.bias, self.output_bias, self.layers)

    @property
    def activations(self) -> tuple[str, ...]:
        """The activation after each layer."""
        return _per_layer(self.activation, self.output_activation, self.layers)

    @property
    def dropouts(self) -> tuple[float, ...]:
        """The probability of dropout after each hidden layer."""
        return self.dropout if isinstance(self.dropout, tuple) else (self.dropout,) * (self.layers - 1)

    @property
    def parameters(self) -> int:
        """The number of trainable parameters."""
        return sum(
            fan_in * fan_out + (fan_out if bias else 0)
            for (fan_in, fan_out), bias in zip(pairwise(self.widths), self.biases, strict=True)
        )

    @property
    def label(self) -> str:
        """The widths as written: ``2-5-4-1``."""
        return "-".join(str(width) for width in self.widths)

    def _check_vectors(self) -> None:
        for layer, name in enumerate(self.activations, start=1):
            if name not in OVER_OUTPUTS:
                continue
            if layer < self.layers:
                raise SpecError(
                    f"activation = {name!r}: is for the last layer, not for layer {layer} of {self.layers}; "
                    f"set output_activation = {name!r}."
                )
            if self.widths[-1] < 2:
                raise SpecError(
                    f"activation = {name!r}: needs two outputs or more, but widths = {self.label!r} has one; "
                    "use 'sigmoid' for one output."
                )

    def _check_dropout(self) -> None:
        if isinstance(self.dropout, tuple) and len(self.dropout) != self.layers - 1:
            raise SpecError(
                f"dropout lists {len(self.dropout)} values, but the network has {self.layers - 1} hidden "
                "layers: list one per hidden layer, or give one for all."
            )
        for value in self.dropout if isinstance(self.dropout, tuple) else (self.dropout,):
            check_number("dropout", value, at_least=0, below=1)
            if value > MAX_DROPOUT:
                raise SpecError(
                    f"dropout = {value!r}: must be at most 1 - 2**-33 = {MAX_DROPOUT!r}: a unit is kept by a "
                    "word of 32 bits, and none would be. Lower it."
                )


def parse_widths(text: str) -> tuple[int, ...]:
    """Return ``(2, 5, 4, 1)`` for ``"2-5-4-1"``."""
    words = text.strip()
    if re.fullmatch(r"[0-9]+(-[0-9]+)+", words) and not re.fullmatch(r"[0-9]{1,9}(-[0-9]{1,9})+", words):
        raise SpecError(f"widths = {shown(text)}: a width has at most 9 digits; lower the widest.")
    if not re.fullmatch(r"[0-9]{1,9}(-[0-9]{1,9})+", words):
        raise SpecError(
            f"widths = {shown(text)}: must be whole numbers joined by '-', from inputs to outputs, "
            f"as in '2-5-4-1'."
        )
    return tuple(int(word) for word in words.split("-"))


def _per_layer(value: T | tuple[T, ...], last: T | None, layers: int) -> tuple[T, ...]:
    if isinstance(value, tuple):
        return value
    return (value,) * (layers - 1) + (value if last is None else last,)


def _check_per_layer(field: str, value: object, last: object, layers: int) -> None:
    if not isinstance(value, tuple):
        return
    count = len(cast("tuple[object, ...]", value))
    if count != layers:
        raise SpecError(
            f"{field} lists {count} values, but the network has {layers} layers: "
            f"list one per layer, or give one for all."
        )
    if last is not None:
        raise SpecError(
            f"output_{field} = {last!r} contradicts {field}, which already lists every layer: "
            f"drop one of the two."
        )


# Where weights and biases start: the schemes of ``torch.nn.init``, with its names and defaults.


Mode = Literal["fan_in", "fan_out"]
Nonlinearity = Literal["linear", "sigmoid", "tanh", "relu", "leaky_relu", "selu"]


class Normal(Kind, frozen=True, kw_only=True, tag="normal"):
    """N(mean, std²), as ``torch.nn.init.normal_``."""

    mean: float = 0.0
    std: float = 1.0

    def __post_init__(self) -> None:
        convert_fields(self)
        check_number("mean", self.mean)
        check_number("std", self.std, at_least=0)


class Uniform(Kind, frozen=True, kw_only=True, tag="uniform"):
    """U(a, b), as ``torch.nn.init.uniform_``."""

    a: float = 0.0
    b: float = 1.0

    def __post_init__(self) -> None:
        convert_fields(self)
        check_number("a", self.a)
        check_number("b", self.b)
        if self.a > self.b:
            raise SpecError(
                f"a = {shown(self.a)}, b = {shown(self.b)}: "
                "the lower bound a must not exceed the upper bound b."
            )


class Constant(Kind, frozen=True, kw_only=True, tag="constant"):
    """One value for all, as ``torch.nn.init.constant_``."""

    val: float = 0.0

    def __post_init__(self) -> None:
        convert_fields(self)
        check_number("val", self.val)


class Default(Kind, frozen=True, kw_only=True, tag="default"):
    """PyTorch's default for Linear: U(±1/√fan_in)."""


class XavierUniform(Kind, frozen=True, kw_only=True, tag="xavier_uniform"):
    """U(±gain · √(6/(fan_in + fan_out))), as ``torch.nn.init.xavier_uniform_``."""

    gain: float = 1.0

    def __post_init__(self) -> None:
        convert_fields(self)
        check_number("gain", self.gain, at_least=0)


class XavierNormal(Kind, frozen=True, kw_only=True, tag="xavier_normal"):
    """N(0, gain² · 2/(fan_in + fan_out)), as ``torch.nn.init.xavier_normal_``."""

    gain: float = 1.0

    def __post_init__(self) -> None:
        convert_fields(self)
        check_number("gain", self.gain, at_least=0)


class KaimingUniform(Kind, frozen=True, kw_only=True, tag="kaiming_uniform"):
    """U(±gain · √(3/fan)), as ``torch.nn.init.kaiming_uniform_``; `a` is the slope of a leaky ReLU."""

    a: float = 0.0
    mode: Mode = "fan_in"
    nonlinearity: Nonlinearity = "leaky_relu"

    def __post_init__(self) -> None:
        convert_fields(self)
        check_number("a", self.a)


class KaimingNormal(Kind, frozen=True, kw_only=True, tag="kaiming_normal"):
    """N(0, gain²/fan), as ``torch.nn.init.kaiming_normal_``; `a` is the slope of a leaky ReLU."""

    a: float = 0.0
    mode: Mode = "fan_in"
    nonlinearity: Nonlinearity = "leaky_relu"

    def __post_init__(self) -> None:
        convert_fields(self)
        check_number("a", self.a)


class LecunUniform(Kind, frozen=True, kw_only=True, tag="lecun_uniform"):
    """U(±√(3/fan_in)) (LeCun, Bottou, Orr & Müller 1998)."""


class LecunNormal(Kind, frozen=True, kw_only=True, tag="lecun_normal"):
    """N(0, 1/fan_in) (LeCun, Bottou, Orr & Müller 1998; Klambauer et al. 2017 for SELU)."""


class FanInUniform(Kind, frozen=True, kw_only=True, tag="fan_in_uniform"):
    """U(±1/√fan_in) (the usual heuristic before Glorot & Bengio 2010, their equation 1)."""


class Orthogonal(Kind, frozen=True, kw_only=True, tag="orthogonal"):
    """`gain` times a random matrix with orthonormal rows or columns, as ``torch.nn.init.orthogonal_``."""

    gain: float = 1.0

    def __post_init__(self) -> None:
        convert_fields(self)
        check_number("gain", self.gain, at_least=0)


InitScheme = (
    Normal
    | Uniform
    | Constant
    | Default
    | XavierUniform
    | XavierNormal
    | KaimingUniform
    | KaimingNormal
    | LecunUniform
    | LecunNormal
    | FanInUniform
    | Orthogonal
)


class Init(Part, frozen=True, kw_only=True):
    """Where weights and biases start, in every layer; or a list with one scheme per layer."""

    weight: InitScheme | tuple[InitScheme, ...] = Default()
    bias: InitScheme | tuple[InitScheme, ...] = Default()

    def __post_init__(self) -> None:
        convert_fields(self)
        for scheme in self.bias if isinstance(self.bias, tuple) else (self.bias,):
            if INITS[name_of(scheme)].needs_matrix:
                fine = listing(name for name, entry in INITS.items() if not entry.needs_matrix)
                raise SpecError(
                    f"bias = {name_of(scheme)!r}: needs the two dimensions of a weight matrix; a bias can be "
                    f"{fine}."
                )

    def weights_of(self, layers: int) -> tuple[InitScheme, ...]:
        """Return the scheme of each layer's weights."""
        return self.weight if isinstance(self.weight, tuple) else (self.weight,) * layers

    def biases_of(self, layers: int) -> tuple[InitScheme, ...]:
        """Return the scheme of each layer's biases."""
        return self.bias if isinstance(self.bias, tuple) else (self.bias,) * layers
