"""The largest and the most negative curvature of a loss, from products of its Hessian with vectors.

The largest by power iteration: v ← H v / ‖H v‖, λ = vᵀ H v. With r = ‖H v − λ v‖ some eigenvalue lies within
r of λ, and of the one meant λ is off by about r² over the distance to the next (Parlett, The Symmetric
Eigenvalue Problem, 1980, chapters 4 and 11). The other end by the method of Lanczos (1950) with full
reorthogonalisation, as small negative curvatures stand too close together for powers to part them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Product = Callable[[Array], Array]

TOLERANCE = 1e-6
LANCZOS = 80


@dataclass(frozen=True, kw_only=True, slots=True)
class Curvature:
    """An eigenvalue, ‖H v − λ v‖ of its vector, and the products with the Hessian that it took."""

    value: float
    residual: float
    products: int

    @property
    def settled(self) -> bool:
        """Whether the residual is below a thousandth of the value, so that its digits can be read."""
        return bool(self.residual <= 1e-3 * abs(self.value))


def power_iteration(
    product: Product, start: Array, *, shift: float = 0.0, most: int, tolerance: float = TOLERANCE
) -> Curvature:
    """Return the eigenvalue λ of which λ + `shift` is largest in size.

    Ends once the residual is below `tolerance` · |λ + shift|, or after `most` products.
    """
    v = start / np.linalg.norm(start)
    value, residual = 0.0, np.inf
    for products in range(1, most + 1):
        image = product(v) + shift * v
        value = float(v @ image)
        residual = float(np.linalg.norm(image - value * v))
        length = float(np.linalg.norm(image))
        if length == 0.0 or not np.isfinite(length) or residual <= tolerance * abs(value):
            return Curvature(value=value - shift, residual=residual, products=products)
        v = image / length
    return Curvature(value=value - shift, residual=residual, products=most)


def sharpness(product: Product, start: Array, *, most: int) -> Curvature:
    """Return the largest eigenvalue λ_max, by power iteration.

    Where a negative curvature is the greatest in size, that is what powers find; shifted by its size they
    find the largest.
    """
    found = power_iteration(product, start, most=most)
    if found.value >= 0.0 and found.residual <= TOLERANCE * abs(found.value):
        return found
    size = abs(found.value) + found.residual
    shifted = power_iteration(product, start, shift=size, most=most)
    return Curvature(
        value=shifted.value, residual=shifted.residual, products=found.products + shifted.products
    )


def most_negative(product: Product, start: Array, *, most: int = LANCZOS) -> Curvature:
    """Return the smallest eigenvalue, by at most `most` steps of Lanczos, which are exact once they are P."""
    basis = np.zeros((min(most, len(start)), len(start)))
    diagonal, beside = list[float](), list[float]()
    v, scale = start / np.linalg.norm(start), 0.0
    for step in range(len(basis)):
        basis[step] = v
        image = product(v)
        if not np.isfinite(image).all():
            return Curvature(value=np.nan, residual=np.nan, products=step + 1)
        diagonal.append(float(v @ image))
        scale = max(scale, float(np.linalg.norm(image)))
        for _ in range(2):  # once leaves rounding behind, twice is enough
            image = image - basis[: step + 1].T @ (basis[: step + 1] @ image)
        length = float(np.linalg.norm(image))
        beside.append(length)
        if length <= 1e-9 * scale:
            break
        v = image / length
    steps = len(diagonal)
    matrix = np.diag(diagonal) + np.diag(beside[: steps - 1], 1) + np.diag(beside[: steps - 1], -1)
    values, vectors = np.linalg.eigh(matrix)
    # In the whole space nothing is left over but rounding.
    residual = abs(beside[-1] * float(vectors[-1, 0])) if steps < len(start) else 1e-9 * scale
    return Curvature(value=float(values[0]), residual=residual, products=steps)
