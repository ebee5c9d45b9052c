"""Every output with every loss on random sums and targets: our gradient at the sum against torch's autograd.

By hand: python tests/explain/loss/gradients.py 100000
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from explain.loss.formulas import evaluate

from trainlab.explain.questions.loss.rules import LOSS_SIGNATURES, arriving, gradient_formula
from trainlab.maths import ACTIVATIONS, LOSSES

F = torch.nn.functional
SETTINGS: dict[str, dict[str, float]] = {"huber": {"delta": 0.7}, "smooth_l1": {"beta": 0.3}}
CLASSES = ("cross_entropy", "nll")
KINKED = ("l1", "hinge", "huber", "smooth_l1")


def pairs() -> list[tuple[str, str]]:
    """All outputs with all losses, but bce, which has a value for probabilities only."""
    return [(o, x) for o in ACTIVATIONS for x in LOSS_SIGNATURES if x != "bce" or o in ("sigmoid", "softmax")]


def draw(output: str, loss: str, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Random sums, some far out, and targets that the loss takes: ``[n, outputs]``."""
    rng = np.random.default_rng(seed)
    width = 3 if not ACTIVATIONS[output].elementwise or loss in CLASSES else 1
    z = rng.normal(scale=np.where(rng.random((n, 1)) < 0.1, 6.0, 1.5), size=(n, width))
    if loss in CLASSES or (width > 1 and rng.random() < 0.5):
        return z, np.eye(width)[rng.integers(0, width, n)]
    if LOSS_SIGNATURES[loss].meaning == "predictions":
        return z, rng.normal(size=z.shape)
    return z, rng.integers(0, 2, z.shape).astype(float)


def torch_output(name: str, z: torch.Tensor) -> torch.Tensor:
    if not ACTIVATIONS[name].elementwise:
        return getattr(torch, name)(z, dim=1)
    if name in ("linear", "sin"):
        return z if name == "linear" else torch.sin(z)
    return getattr(F, name)(z) if name not in ("tanh", "sigmoid") else getattr(torch, name)(z)


def torch_loss(name: str, p: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    if name == "log_cosh":
        return torch.log(torch.cosh(p - y)).mean()
    if name == "hinge":
        return torch.relu(1 - (2 * y - 1) * p).mean()
    made = getattr(torch.nn, str(LOSSES[name].torch_class))(**SETTINGS.get(name, {}))
    return made(p, y.argmax(dim=1) if name == "nll" else y)


def autograd(output: str, loss: str, z: np.ndarray, y: np.ndarray) -> np.ndarray:
    """∂ℓ/∂z of every term by autograd."""
    sums = torch.tensor(z, requires_grad=True)
    torch_loss(loss, torch_output(output, sums), torch.tensor(y)).backward()
    assert sums.grad is not None
    return sums.grad.numpy() * (len(z) if LOSSES[loss].mean_over == "examples" else z.size)


def apart(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The largest difference, by the largest gradient (or by 1, if that is larger)."""
    return float(np.abs(ours - theirs).max() / max(1.0, np.abs(theirs).max()))


def pair_differences(output: str, loss: str, n: int, seed: int = 0) -> tuple[float, float]:
    """Our gradient, and the formula that is shown, against autograd."""
    z, y = draw(output, loss, n, seed)
    settings: dict[str, Any] = SETTINGS.get(loss, {})
    theirs = autograd(output, loss, z, y)
    p = ACTIVATIONS[output].value(z)
    shown = evaluate(gradient_formula(output, loss), p=p, z=z, y=y, **settings)
    plain = np.ones(len(z), dtype=bool)
    if loss == "bce":
        # Torch keeps p (1 − p) from falling below 1e-12; the formula shown is without that floor.
        plain = (p * (1 - p)).min(axis=1) > 1e-8
    return apart(arriving(output, loss, z, y, **settings), theirs), apart(shown[plain], theirs[plain])


def slope_difference(loss: str, n: int, seed: int = 0) -> float:
    """The derivative of a loss by its output against central differences, away from its kinks."""
    rng = np.random.default_rng(seed)
    width = 3 if loss in CLASSES else 1
    p = rng.uniform(0.02, 0.98, (n, width)) if loss == "bce" else rng.normal(scale=2.0, size=(n, width))
    y = (
        rng.integers(0, 2, p.shape).astype(float)
        if LOSS_SIGNATURES[loss].meaning != "predictions"
        else rng.normal(size=p.shape)
    )
    if loss in CLASSES:
        y = np.eye(width)[rng.integers(0, width, n)]
    settings, step, worst = SETTINGS.get(loss, {}), 1e-6, 0.0
    for row in range(n):
        at, target = p[[row]], y[[row]]
        if loss in KINKED and near_kink(loss, float(at[0, 0]), float(target[0, 0])):
            continue
        slope = LOSSES[loss].gradient(at, target, **settings)
        for place in range(width):
            nudge = np.zeros_like(at)
            nudge[0, place] = step
            high, low = (LOSSES[loss].value(at + sign * nudge, target, **settings) for sign in (1, -1))
            central = (high - low) / (2 * step)
            worst = max(worst, abs(central - slope[0, place]) / max(1.0, abs(central)))
    return worst


def near_kink(loss: str, p: float, y: float) -> bool:
    kinks = {"l1": 0.0, "huber": 0.7, "smooth_l1": 0.3}
    if loss == "hinge":
        return abs(1 - (2 * y - 1) * p) < 1e-5
    return abs(abs(p - y) - kinks[loss]) < 1e-5


def main(n: int) -> None:
    found = {pair: pair_differences(*pair, n) for pair in pairs()}
    for place, what in enumerate(("our gradient", "the formula shown")):
        worst = max(found, key=lambda pair: found[pair][place])
        print(
            f"{len(found)} pairs × {n:,} examples, {what} against autograd: largest difference "
            f"{found[worst][place]:.1e} ({' + '.join(worst)})"
        )
    slopes = {loss: slope_difference(loss, min(n, 2000)) for loss in LOSS_SIGNATURES}
    worst = max(slopes, key=lambda loss: slopes[loss])
    print(
        f"{len(slopes)} losses × {min(n, 2000):,} examples, slope against central differences: largest "
        f"difference {slopes[worst]:.1e} ({worst})"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
