"""Where weights and biases start: the schemes of ``torch.nn.init``, with its names and defaults."""

from __future__ import annotations

from typing import Literal

from trainlab.errors import SpecError, listing, shown
from trainlab.maths import INITS
from trainlab.spec.checks import check_number
from trainlab.spec.fields import convert_fields
from trainlab.spec.parts import Kind, Part, name_of

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
