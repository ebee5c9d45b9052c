"""Activations: value and derivative in float64, the oracle of every engine.

One entry each, named as in ``torch.nn.functional`` and with its default settings; ``code`` is how the kernel
knows it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainlab.maths import activation_functions as f

Array = npt.NDArray[np.float64]
Function = Callable[[Array], Array]


@dataclass(frozen=True, kw_only=True, slots=True)
class Activation:
    """A function applied after a layer's weighted sum.

    ``value(x)`` keeps the shape of x. ``backward(x, grad_output)`` is the gradient by x when the gradient by
    ``value(x)`` is `grad_output` (a vector-Jacobian product). ``derivative(x)`` is for functions of one
    number; those that act over the last axis, the outputs, have none.
    """

    name: str
    code: int
    formula: str
    citation: str
    value: Function
    backward: Callable[[Array, Array], Array]
    derivative: Function | None

    @property
    def elementwise(self) -> bool:
        """Whether each output depends on its own input alone."""
        return self.derivative is not None


def _elementwise(
    code: int, name: str, formula: str, citation: str, *, value: Function, derivative: Function
) -> Activation:
    return Activation(
        name=name,
        code=code,
        formula=formula,
        citation=citation,
        value=value,
        backward=lambda x, grad_output: grad_output * derivative(x),
        derivative=derivative,
    )


def _over_outputs(
    code: int,
    name: str,
    formula: str,
    citation: str,
    *,
    value: Function,
    backward: Callable[[Array, Array], Array],
) -> Activation:
    return Activation(
        name=name,
        code=code,
        formula=formula,
        citation=citation,
        value=value,
        backward=backward,
        derivative=None,
    )


_TABLE = (
    _elementwise(
        0,
        "linear",
        "f(x) = x",
        "the identity; torch.nn.Identity",
        value=f.identity,
        derivative=np.ones_like,
    ),
    _elementwise(
        1,
        "tanh",
        "f(x) = (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ), f′ = 1 − f²",
        "LeCun, Bottou, Orr & Müller, Efficient BackProp, 1998",
        value=np.tanh,
        derivative=f.tanh_derivative,
    ),
    _elementwise(
        2,
        "sigmoid",
        "f(x) = 1 / (1 + e⁻ˣ), f′ = f (1 − f)",
        "Rumelhart, Hinton & Williams, Nature 323, 1986",
        value=f.sigmoid,
        derivative=f.sigmoid_derivative,
    ),
    _elementwise(
        3,
        "relu",
        "f(x) = max(0, x), f′ = 1 where x > 0, else 0",
        "Nair & Hinton, ICML 2010",
        value=f.relu,
        derivative=f.relu_derivative,
    ),
    _elementwise(
        4,
        "leaky_relu",
        "f(x) = x where x > 0, else 0.01 x; f′ = 1 or 0.01",
        "Maas, Hannun & Ng, ICML 2013",
        value=f.leaky_relu,
        derivative=f.leaky_relu_derivative,
    ),
    _elementwise(
        5,
        "elu",
        "f(x) = x where x > 0, else eˣ − 1; f′ = 1 or eˣ",
        "Clevert, Unterthiner & Hochreiter, ICLR 2016",
        value=f.elu,
        derivative=f.elu_derivative,
    ),
    _elementwise(
        6,
        "selu",
        "f(x) = λx where x > 0, else λα (eˣ − 1), λ = 1.0507…, α = 1.6733…; f′ = λ or λα eˣ",
        "Klambauer, Unterthiner, Mayr & Hochreiter, NeurIPS 2017",
        value=f.selu,
        derivative=f.selu_derivative,
    ),
    _elementwise(
        7,
        "gelu",
        "f(x) = x Φ(x), f′ = Φ(x) + x φ(x); Φ and φ the normal distribution and density",
        "Hendrycks & Gimpel, arXiv:1606.08415, 2016",
        value=f.gelu,
        derivative=f.gelu_derivative,
    ),
    _elementwise(
        8,
        "silu",
        "f(x) = x σ(x), f′ = σ(x) (1 + x (1 − σ(x)))",
        "Elfwing, Uchibe & Doya, Neural Networks 107, 2018",
        value=f.silu,
        derivative=f.silu_derivative,
    ),
    _elementwise(
        9,
        "softplus",
        "f(x) = ln(1 + eˣ), x where x > 20; f′ = σ(x), 1 where x > 20",
        "Dugas, Bengio, Bélisle, Nadeau & Garcia, NIPS 2000",
        value=f.softplus,
        derivative=f.softplus_derivative,
    ),
    _elementwise(
        10,
        "hardtanh",
        "f(x) = min(max(x, −1), 1), f′ = 1 where −1 < x < 1, else 0",
        "Collobert, thesis, Université Paris VI, 2004",
        value=f.hardtanh,
        derivative=f.hardtanh_derivative,
    ),
    _elementwise(
        11,
        "sin",
        "f(x) = sin x, f′ = cos x",
        "Sitzmann, Martel, Bergman, Lindell & Wetzstein, NeurIPS 2020",
        value=np.sin,
        derivative=np.cos,
    ),
    _over_outputs(
        12,
        "softmax",
        "fᵢ(x) = eˣⁱ / Σⱼ eˣʲ, ∂L/∂xᵢ = fᵢ (gᵢ − Σⱼ gⱼ fⱼ)",
        "Bridle, Neurocomputing (NATO ASI F 68), 1990",
        value=f.softmax,
        backward=f.softmax_backward,
    ),
    _over_outputs(
        13,
        "log_softmax",
        "fᵢ(x) = xᵢ − ln Σⱼ eˣʲ, ∂L/∂xᵢ = gᵢ − eᶠⁱ Σⱼ gⱼ",
        "the logarithm of softmax; torch.nn.LogSoftmax",
        value=f.log_softmax,
        backward=f.log_softmax_backward,
    ),
)

ACTIVATIONS: dict[str, Activation] = {entry.name: entry for entry in _TABLE}
"""Every activation by name."""
