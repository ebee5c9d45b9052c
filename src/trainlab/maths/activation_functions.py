"""Values, derivatives and second derivatives of the activations, float64; nothing overflows.

Elementwise unless said. At a kink the derivative is PyTorch's; where the second derivative jumps but the
first doesn't, it is the value from the right, or 0 where that is the outer piece, as in PyTorch.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

LEAKY_SLOPE = 0.01
SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805
SOFTPLUS_THRESHOLD = 20.0


def identity(x: Array) -> Array:
    """Return x."""
    return x


def tanh_derivative(x: Array) -> Array:
    """Return 1 − tanh² x."""
    t = np.tanh(x)
    return 1.0 - t * t


def tanh_second_derivative(x: Array) -> Array:
    """Return −2 t (1 − t²), t = tanh x."""
    t = np.tanh(x)
    return -2.0 * t * (1.0 - t * t)


def sigmoid(x: Array) -> Array:
    """Return 1 / (1 + e⁻ˣ)."""
    # Written with exp(-|x|) so that neither tail overflows.
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, e) / (1.0 + e)


def sigmoid_derivative(x: Array) -> Array:
    """Return σ(x) (1 − σ(x))."""
    s = sigmoid(x)
    return s * (1.0 - s)


def sigmoid_second_derivative(x: Array) -> Array:
    """Return σ(x) (1 − σ(x)) (1 − 2 σ(x))."""
    s = sigmoid(x)
    return s * (1.0 - s) * (1.0 - 2.0 * s)


def logit(p: Array) -> Array:
    """Return ln(p / (1 − p)), of which `sigmoid` is p."""
    return np.log(p) - np.log1p(-p)


def relu(x: Array) -> Array:
    """Return max(0, x)."""
    return np.maximum(x, 0.0)


def relu_derivative(x: Array) -> Array:
    """Return 1 where x > 0, else 0."""
    return np.where(x > 0, 1.0, 0.0)


def leaky_relu(x: Array) -> Array:
    """Return x where x > 0, else 0.01 x."""
    return np.where(x > 0, x, LEAKY_SLOPE * x)


def leaky_relu_derivative(x: Array) -> Array:
    """Return 1 where x > 0, else 0.01."""
    return np.where(x > 0, 1.0, LEAKY_SLOPE)


def leaky_relu_inverse(p: Array) -> Array:
    """Return p where p > 0, else p / 0.01."""
    return np.where(p > 0, p, p / LEAKY_SLOPE)


def elu(x: Array) -> Array:
    """Return x where x > 0, else eˣ − 1."""
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0.0)))


def elu_derivative(x: Array) -> Array:
    """Return 1 where x > 0, else eˣ."""
    return np.exp(np.minimum(x, 0.0))


def elu_second_derivative(x: Array) -> Array:
    """Return 0 where x > 0, else eˣ."""
    return np.where(x > 0, 0.0, np.exp(np.minimum(x, 0.0)))


def elu_inverse(p: Array) -> Array:
    """Return p where p > 0, else ln(1 + p)."""
    return np.where(p > 0, p, np.log1p(np.minimum(p, 0.0)))


def selu(x: Array) -> Array:
    """Return λx where x > 0, else λα (eˣ − 1)."""
    return np.where(x > 0, SELU_SCALE * x, SELU_SCALE * SELU_ALPHA * np.expm1(np.minimum(x, 0.0)))


def selu_derivative(x: Array) -> Array:
    """Return λ where x > 0, else λα eˣ."""
    return np.where(x > 0, SELU_SCALE, SELU_SCALE * SELU_ALPHA * np.exp(np.minimum(x, 0.0)))


def selu_second_derivative(x: Array) -> Array:
    """Return 0 where x > 0, else λα eˣ."""
    return SELU_SCALE * SELU_ALPHA * elu_second_derivative(x)


def _normal_cdf(x: Array) -> Array:
    from scipy.special import ndtr

    return ndtr(x)


def gelu(x: Array) -> Array:
    """Return x Φ(x), with the exact Φ."""
    return x * _normal_cdf(x)


def gelu_derivative(x: Array) -> Array:
    """Return Φ(x) + x φ(x)."""
    # Beyond ±40 the density is 0 in float64; the square of larger numbers may overflow.
    near = np.clip(x, -40.0, 40.0)
    density = np.exp(-0.5 * near * near) / np.sqrt(2.0 * np.pi)
    return _normal_cdf(x) + near * density


def gelu_second_derivative(x: Array) -> Array:
    """Return φ(x) (2 − x²)."""
    # Beyond ±40 the density is 0 in float64.
    near = np.clip(x, -40.0, 40.0)
    return np.exp(-0.5 * near * near) / np.sqrt(2.0 * np.pi) * (2.0 - near * near)


def silu(x: Array) -> Array:
    """Return x σ(x)."""
    return x * sigmoid(x)


def silu_derivative(x: Array) -> Array:
    """Return σ(x) (1 + x (1 − σ(x)))."""
    s = sigmoid(x)
    return s * (1.0 + x * sigmoid(-x))


def silu_second_derivative(x: Array) -> Array:
    """Return 2 σ′(x) + x σ″(x)."""
    # Beyond ±800 both are 0 in float64.
    near = np.clip(x, -800.0, 800.0)
    return 2.0 * sigmoid_derivative(near) + near * sigmoid_second_derivative(near)


def softplus(x: Array) -> Array:
    """Return ln(1 + eˣ); x itself where x > 20."""
    return np.where(x > SOFTPLUS_THRESHOLD, x, np.log1p(np.exp(np.minimum(x, SOFTPLUS_THRESHOLD))))


def softplus_derivative(x: Array) -> Array:
    """Return σ(x); 1 where x > 20."""
    return np.where(x > SOFTPLUS_THRESHOLD, 1.0, sigmoid(x))


def softplus_second_derivative(x: Array) -> Array:
    """Return σ′(x); 0 where x > 20."""
    return np.where(x > SOFTPLUS_THRESHOLD, 0.0, sigmoid_derivative(x))


def hardtanh(x: Array) -> Array:
    """Return x held within [−1, 1]."""
    return np.clip(x, -1.0, 1.0)


def hardtanh_derivative(x: Array) -> Array:
    """Return 1 where −1 < x < 1, else 0."""
    return np.where((x > -1) & (x < 1), 1.0, 0.0)


def softmax(x: Array) -> Array:
    """Return eˣⁱ / Σ eˣʲ over the last axis."""
    e = np.exp(_below_largest(x))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_backward(x: Array, grad_output: Array) -> Array:
    """Return s (g − Σ g s) over the last axis, s = softmax x."""
    s = softmax(x)
    return s * (grad_output - (grad_output * s).sum(axis=-1, keepdims=True))


def softmax_tangent(x: Array, dx: Array) -> Array:
    """Return how softmax changes along dx: s (dx − Σ s dx) over the last axis."""
    s = softmax(x)
    return s * (dx - (s * dx).sum(axis=-1, keepdims=True))


def softmax_backward_tangent(x: Array, dx: Array, grad_output: Array, grad_tangent: Array) -> Array:
    """Return how `softmax_backward` changes as x moves along dx and the gradient along its own tangent."""
    s, ds = softmax(x), softmax_tangent(x, dx)
    level = (grad_output * s).sum(axis=-1, keepdims=True)
    moved = (grad_tangent * s + grad_output * ds).sum(axis=-1, keepdims=True)
    return ds * (grad_output - level) + s * (grad_tangent - moved)


def log_softmax(x: Array) -> Array:
    """Return xᵢ − ln Σ eˣʲ over the last axis."""
    below = _below_largest(x)
    return below - np.log(np.exp(below).sum(axis=-1, keepdims=True))


def log_softmax_backward(x: Array, grad_output: Array) -> Array:
    """Return g − softmax(x) Σ g over the last axis."""
    return grad_output - softmax(x) * grad_output.sum(axis=-1, keepdims=True)


def log_softmax_tangent(x: Array, dx: Array) -> Array:
    """Return how log-softmax changes along dx: dx − Σ s dx over the last axis, s = softmax x."""
    return dx - (softmax(x) * dx).sum(axis=-1, keepdims=True)


def log_softmax_backward_tangent(x: Array, dx: Array, grad_output: Array, grad_tangent: Array) -> Array:
    """Return how `log_softmax_backward` changes, as `softmax_backward_tangent` does."""
    total = grad_output.sum(axis=-1, keepdims=True)
    moved = softmax_tangent(x, dx) * total
    return grad_tangent - moved - softmax(x) * grad_tangent.sum(axis=-1, keepdims=True)


def _below_largest(x: Array) -> Array:
    with np.errstate(over="ignore"):
        return x - x.max(axis=-1, keepdims=True)
