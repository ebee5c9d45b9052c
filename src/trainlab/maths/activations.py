"""Activations: everything about each in one place; in float64 they are the oracle of every engine.

One entry each, named as in ``torch.nn.functional`` and with its default settings; ``code`` is its number in
the kernel. Besides its entry, a new activation needs its formulas (`activation_functions`) and a unit of the
kernel.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from trainlab.maths import activation_functions as f

Array = npt.NDArray[np.float64]
Function = Callable[[Array], Array]


@dataclass(frozen=True, kw_only=True, slots=True)
class Activation:
    """A function applied after a layer's weighted sum.

    ``value(x)`` keeps the shape of x. ``backward(x, grad_output)`` is the gradient by x when the gradient by
    ``value(x)`` is `grad_output` (a vector-Jacobian product). ``tangent(x, dx)`` is how the value changes as
    x moves along dx, and ``backward_tangent(x, dx, grad_output, grad_tangent)`` how `backward` does, while
    the gradient moves along its own tangent. ``derivative(x)`` is for functions of one number; those that
    act over the last axis, the outputs, have none.

    ``torch_function`` is its name below ``torch``, empty for the identity; ``torch_class`` the module's
    below ``torch.nn``, empty where PyTorch has none. Those over the outputs take their axis as ``dim``.
    ``autograd_node`` is its kind of node in a graph, without a number, where one kind tells it;
    ``autograd_settings`` what such a node keeps where the settings are the defaults.

    Its values lie between ``low`` and ``high``. ``slope_formula`` is ∂p/∂z, empty for 1: ``p`` is the output,
    ``z`` the sum, ``[…]`` is 1 where the condition holds and 0 elsewhere; of one over the outputs the factor
    takes the loss's slope ``g`` by all of them, and ``Σ`` sums over these. ``flat`` says where the slope is 0
    or nearly so, empty if nowhere; ``largest_slope`` is max |f′|, of one number; at ``kinks`` the function or
    its derivative has a corner or a jump; ``inverse`` undoes it where it can be undone.
    """

    name: str
    code: int
    formula: str
    citation: str
    torch_function: str
    torch_class: str
    value: Function
    backward: Callable[[Array, Array], Array]
    tangent: Callable[[Array, Array], Array]
    backward_tangent: Callable[[Array, Array, Array, Array], Array]
    derivative: Function | None
    low: float = -math.inf
    high: float = math.inf
    slope_formula: str = ""
    flat: str = ""
    largest_slope: float = 1.0
    kinks: tuple[float, ...] = ()
    inverse: Function | None = None
    autograd_node: str = ""
    autograd_settings: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def elementwise(self) -> bool:
        """Whether each output depends only on its own input."""
        return self.derivative is not None

    @property
    def reach(self) -> str:
        """The range of the outputs, in words."""
        low, high = (f"{end:.3g}".replace("-", "−") for end in (self.low, self.high))
        if self.low == -math.inf:
            return "any number" if self.high == math.inf else f"numbers of {high} or less"
        return f"numbers of {low} or more" if self.high == math.inf else f"numbers from {low} to {high}"

    @property
    def bounded(self) -> bool:
        """Whether the outputs are bounded on both sides."""
        return self.low > -math.inf and self.high < math.inf

    def spans(self, low: float, high: float) -> bool:
        """Whether the outputs range from `low` to `high`, if only in the limit."""
        return self.low <= low and high <= self.high


def elementwise(
    code: int,
    name: str,
    formula: str,
    citation: str,
    *,
    torch_function: str,
    torch_class: str,
    value: Function,
    derivative: Function,
    second_derivative: Function,
    **more: Any,
) -> Activation:
    """Return the activation made of a function of one number and its two derivatives, and `more`."""
    return Activation(
        name=name,
        code=code,
        formula=formula,
        citation=citation,
        torch_function=torch_function,
        torch_class=torch_class,
        value=value,
        backward=lambda x, grad_output: grad_output * derivative(x),
        tangent=lambda x, dx: derivative(x) * dx,
        backward_tangent=lambda x, dx, grad_output, grad_tangent: (
            second_derivative(x) * dx * grad_output + derivative(x) * grad_tangent
        ),
        derivative=derivative,
        **more,
    )


_TABLE = (
    elementwise(
        0,
        "linear",
        "f(x) = x",
        "the identity; torch.nn.Identity",
        torch_function="",
        torch_class="Identity",
        value=f.identity,
        derivative=np.ones_like,
        second_derivative=np.zeros_like,
        inverse=f.identity,
    ),
    elementwise(
        1,
        "tanh",
        "f(x) = (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ), f′ = 1 − f²",
        "LeCun, Bottou, Orr & Müller, Efficient BackProp, 1998",
        torch_function="tanh",
        torch_class="Tanh",
        value=np.tanh,
        derivative=f.tanh_derivative,
        second_derivative=f.tanh_second_derivative,
        low=-1,
        high=1,
        slope_formula="(1 − p²)",
        flat="where p is near −1 or 1",
        inverse=np.arctanh,
        autograd_node="TanhBackward",
    ),
    elementwise(
        2,
        "sigmoid",
        "f(x) = 1 / (1 + e⁻ˣ), f′ = f (1 − f)",
        "Rumelhart, Hinton & Williams, Nature 323, 1986",
        torch_function="sigmoid",
        torch_class="Sigmoid",
        value=f.sigmoid,
        derivative=f.sigmoid_derivative,
        second_derivative=f.sigmoid_second_derivative,
        low=0,
        high=1,
        slope_formula="p·(1 − p)",
        flat="where p is near 0 or 1",
        largest_slope=0.25,
        inverse=f.logit,
        autograd_node="SigmoidBackward",
    ),
    elementwise(
        3,
        "relu",
        "f(x) = max(0, x), f′ = 1 where x > 0, else 0",
        "Nair & Hinton, ICML 2010",
        torch_function="relu",
        torch_class="ReLU",
        value=f.relu,
        derivative=f.relu_derivative,
        second_derivative=np.zeros_like,
        low=0,
        slope_formula="[z > 0]",
        flat="wherever z ≤ 0",
        kinks=(0.0,),
        inverse=f.identity,
        autograd_node="ReluBackward",
    ),
    elementwise(
        4,
        "leaky_relu",
        "f(x) = x where x > 0, else 0.01 x; f′ = 1 or 0.01",
        "Maas, Hannun & Ng, ICML 2013",
        torch_function="nn.functional.leaky_relu",
        torch_class="LeakyReLU",
        value=f.leaky_relu,
        derivative=f.leaky_relu_derivative,
        second_derivative=np.zeros_like,
        slope_formula="(0.01 + 0.99·[z > 0])",
        kinks=(0.0,),
        inverse=f.leaky_relu_inverse,
        autograd_node="LeakyReluBackward",
        autograd_settings={"negative_slope": 0.01},
    ),
    elementwise(
        5,
        "elu",
        "f(x) = x where x > 0, else eˣ − 1; f′ = 1 or eˣ",
        "Clevert, Unterthiner & Hochreiter, ICLR 2016",
        torch_function="nn.functional.elu",
        torch_class="ELU",
        value=f.elu,
        derivative=f.elu_derivative,
        second_derivative=f.elu_second_derivative,
        low=-1,
        slope_formula="exp(min(z, 0))",
        flat="where p is near −1",
        kinks=(0.0,),
        inverse=f.elu_inverse,
        autograd_node="EluBackward",
        autograd_settings={"alpha": 1.0},
    ),
    elementwise(
        6,
        "selu",
        "f(x) = λx where x > 0, else λα (eˣ − 1), λ = 1.0507…, α = 1.6733…; f′ = λ or λα eˣ",
        "Klambauer, Unterthiner, Mayr & Hochreiter, NeurIPS 2017",
        torch_function="nn.functional.selu",
        torch_class="SELU",
        value=f.selu,
        derivative=f.selu_derivative,
        second_derivative=f.selu_second_derivative,
        low=-f.SELU_SCALE * f.SELU_ALPHA,
        slope_formula="1.0507009873554805·([z > 0] + 1.6732632423543772·exp(min(z, 0))·[z ≤ 0])",
        flat="where p is near −1.76",
        largest_slope=f.SELU_SCALE * f.SELU_ALPHA,  # λα eˣ as x rises to 0
        kinks=(0.0,),
    ),
    elementwise(
        7,
        "gelu",
        "f(x) = x Φ(x), f′ = Φ(x) + x φ(x); Φ and φ the normal distribution and density",
        "Hendrycks & Gimpel, arXiv:1606.08415, 2016",
        torch_function="nn.functional.gelu",
        torch_class="GELU",
        value=f.gelu,
        derivative=f.gelu_derivative,
        second_derivative=f.gelu_second_derivative,
        low=-0.16997120747,  # the least value of x Φ(x)
        slope_formula="(Φ(z) + z·φ(z))",
        flat="far below 0",
        largest_slope=1.128904145184643,  # Φ(√2) + √2 φ(√2): f″ = φ(x)(2 − x²)
        autograd_node="GeluBackward",
        autograd_settings={"approximate": "none"},
    ),
    elementwise(
        8,
        "silu",
        "f(x) = x σ(x), f′ = σ(x) (1 + x (1 − σ(x)))",
        "Elfwing, Uchibe & Doya, Neural Networks 107, 2018",
        torch_function="nn.functional.silu",
        torch_class="SiLU",
        value=f.silu,
        derivative=f.silu_derivative,
        second_derivative=f.silu_second_derivative,
        low=-0.27846454276,  # the least value of x σ(x)
        slope_formula="σ(z)·(1 + z·(1 − σ(z)))",
        flat="far below 0",
        largest_slope=1.0998393201288702,  # where f″ = 0, at x = 2.3994
        autograd_node="SiluBackward",
    ),
    elementwise(
        9,
        "softplus",
        "f(x) = ln(1 + eˣ), x where x > 20; f′ = σ(x), 1 where x > 20",
        "Dugas, Bengio, Bélisle, Nadeau & Garcia, NIPS 2000",
        torch_function="nn.functional.softplus",
        torch_class="Softplus",
        value=f.softplus,
        derivative=f.softplus_derivative,
        second_derivative=f.softplus_second_derivative,
        low=0,
        slope_formula="σ(z)",
        flat="where p is near 0",
        kinks=(f.SOFTPLUS_THRESHOLD,),
        autograd_node="SoftplusBackward",
        autograd_settings={"beta": 1.0, "threshold": 20.0},
    ),
    elementwise(
        10,
        "hardtanh",
        "f(x) = min(max(x, −1), 1), f′ = 1 where −1 < x < 1, else 0",
        "Collobert, thesis, Université Paris VI, 2004",
        torch_function="nn.functional.hardtanh",
        torch_class="Hardtanh",
        value=f.hardtanh,
        derivative=f.hardtanh_derivative,
        second_derivative=np.zeros_like,
        low=-1,
        high=1,
        slope_formula="[|z| < 1]",
        flat="wherever p is −1 or 1",
        kinks=(-1.0, 1.0),
        inverse=f.identity,
        autograd_node="HardtanhBackward",
        autograd_settings={"min_val": -1.0, "max_val": 1.0},
    ),
    elementwise(
        11,
        "sin",
        "f(x) = sin x, f′ = cos x",
        "Sitzmann, Martel, Bergman, Lindell & Wetzstein, NeurIPS 2020",
        torch_function="sin",
        torch_class="",
        value=np.sin,
        derivative=np.cos,
        second_derivative=lambda x: -np.sin(x),
        low=-1,
        high=1,
        slope_formula="cos(z)",
        flat="where p is near −1 or 1",
        autograd_node="SinBackward",
    ),
    Activation(
        name="softmax",
        code=12,
        formula="fᵢ(x) = eˣⁱ / Σⱼ eˣʲ, ∂L/∂xᵢ = fᵢ (gᵢ − Σⱼ gⱼ fⱼ)",
        citation="Bridle, Neurocomputing (NATO ASI F 68), 1990",
        torch_function="softmax",
        torch_class="Softmax",
        value=f.softmax,
        backward=f.softmax_backward,
        tangent=f.softmax_tangent,
        backward_tangent=f.softmax_backward_tangent,
        derivative=None,
        low=0,
        high=1,
        slope_formula="p·(g − Σ(g·p))",
        flat="where p is near 0 or 1",
        inverse=np.log,
        autograd_node="SoftmaxBackward",
    ),
    Activation(
        name="log_softmax",
        code=13,
        formula="fᵢ(x) = xᵢ − ln Σⱼ eˣʲ, ∂L/∂xᵢ = gᵢ − eᶠⁱ Σⱼ gⱼ",
        citation="the logarithm of softmax; torch.nn.LogSoftmax",
        torch_function="log_softmax",
        torch_class="LogSoftmax",
        value=f.log_softmax,
        backward=f.log_softmax_backward,
        tangent=f.log_softmax_tangent,
        backward_tangent=f.log_softmax_backward_tangent,
        derivative=None,
        high=0,
        slope_formula="g − exp(p)·Σ(g)",
        inverse=f.identity,
        autograd_node="LogSoftmaxBackward",
    ),
)

ACTIVATIONS: dict[str, Activation] = {entry.name: entry for entry in _TABLE}
"""Every activation by name."""
