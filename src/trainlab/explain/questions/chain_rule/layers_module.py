"""A module layer by layer: how much of the error signal each gets, and the norm of each local Jacobian.

Layers are the parts that own parameters, in the order in which they ran. The norm of a Jacobian too large to
write down comes from power iteration on JᵀJ with vector-Jacobian products, J u being the derivative of vᵀJ u
by v (Golub & Van Loan, Matrix Computations, 8.2).
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from trainlab.explain.subject.module_copy import Subject, first_tensor

_WHOLE = 512
"""Outputs of a layer up to which its Jacobian is written down whole."""
_ITERATIONS = 30
_MOST_VALUES = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class ModuleLayer:
    """One layer at work: ``delta`` is ‖∂L/∂output‖ over the batch, ``weight_gradient`` its parameters' norm.

    The layer after is the one that ran next, of the last the module's output; ``follows`` says whether that
    depends on this one. ``ratio`` = delta / the delta of the layer after; ``jacobian`` = ‖∂(output of the
    layer after)/∂(its output)‖₂; both None where it doesn't follow, the first where that delta is 0, the
    second where it is too large. ``kept`` = delta / ‖∂L/∂(the module's output)‖.
    """

    name: str
    kind: str
    outputs: int
    delta: float
    weight_gradient: float
    ratio: float | None
    jacobian: float | None
    kept: float | None
    follows: bool

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain data."""
        return asdict(self)


def module_layers(subject: Subject) -> tuple[ModuleLayer, ...]:
    """Return the layers of a module in the order in which they ran."""
    torch = subject.look.torch
    caught: list[tuple[str, Any, Any]] = []

    def prepare(module: Any) -> None:
        for name, part in module.named_modules():
            if any(p.requires_grad for p in part.parameters(recurse=False)):
                part.register_forward_hook(_catcher(torch, name or "module", caught))

    _, outputs, loss = subject.run(prepare)
    if not caught:
        return ()
    values = [value for _, _, value in caught]
    own = {id(p): p for _, part, _ in caught for p in part.parameters(recurse=False) if p.requires_grad}
    # One backward pass for all that is asked.
    found_gradients = torch.autograd.grad(
        loss, [*values, outputs, *own.values()], retain_graph=True, allow_unused=True, materialize_grads=True
    )
    norms = [float(gradient.norm()) for gradient in found_gradients]
    deltas, weights = norms[: len(values) + 1], dict(zip(own, norms[len(values) + 1 :], strict=True))
    calls: dict[str, int] = {}
    found: list[ModuleLayer] = []
    for place, (name, part, value) in enumerate(caught):
        calls[name] = calls.get(name, 0) + 1
        mine = [weights[id(p)] for p in part.parameters(recurse=False) if id(p) in weights]
        after = values[place + 1] if place + 1 < len(values) else outputs
        follows = depends(torch, value, after)
        found.append(
            ModuleLayer(
                name=name if calls[name] == 1 else f"{name} (call {calls[name]})",
                kind=type(part).__name__,
                outputs=value.numel(),
                delta=deltas[place],
                weight_gradient=math.hypot(*mine),
                ratio=deltas[place] / deltas[place + 1] if follows and deltas[place + 1] > 0 else None,
                jacobian=jacobian_norm(torch, value, after) if follows else None,
                kept=deltas[place] / deltas[-1] if deltas[-1] > 0 else None,
                follows=follows,
            )
        )
    return tuple(found)


def depends(torch: Any, value: Any, after: Any) -> bool:
    """Return whether `after` is computed from `value`."""
    if after is value:
        return True
    (found,) = torch.autograd.grad(after.sum(), value, retain_graph=True, allow_unused=True)
    return found is not None


def jacobian_norm(torch: Any, value: Any, after: Any) -> float | None:
    """Return ‖∂after/∂value‖₂ of what `depends`; None if it is too large."""
    if max(value.numel(), after.numel()) > _MOST_VALUES:
        return None
    if after is value:
        return 1.0
    if after.numel() <= _WHOLE and value.numel() <= _WHOLE:
        return _whole(torch, value, after)
    try:
        return _iterated(torch, value, after)
    except RuntimeError:
        # Some operations have no second derivative, which the product J u needs.
        return None


def _whole(torch: Any, value: Any, after: Any) -> float:
    units = torch.eye(after.numel(), dtype=after.dtype, device=after.device)
    rows = [
        torch.autograd.grad(after, value, unit.reshape(after.shape), retain_graph=True)[0].reshape(-1)
        for unit in units
    ]
    return float(np.linalg.norm(torch.stack(rows).detach().cpu().double().numpy(), 2))


def _iterated(torch: Any, value: Any, after: Any) -> float:
    """Return the norm by power iteration; from below, so at most the true one."""
    probe = torch.zeros_like(after, requires_grad=True)
    (back,) = torch.autograd.grad(after, value, probe, create_graph=True)
    numbers = np.random.default_rng(0).standard_normal(tuple(value.shape))
    u = torch.as_tensor(numbers, dtype=value.dtype, device=value.device)
    norm = 0.0
    for _ in range(_ITERATIONS):
        u = u / u.norm()
        (pushed,) = torch.autograd.grad(back, probe, u, retain_graph=True)
        norm = float(pushed.norm())
        if norm == 0:
            break
        (u,) = torch.autograd.grad(after, value, pushed, retain_graph=True)
    return norm


def _catcher(torch: Any, name: str, caught: list[tuple[str, Any, Any]]) -> Any:
    def hook(part: Any, _inputs: Any, output: Any) -> Any:
        first = first_tensor(torch, output)
        if first is None or not first.requires_grad:
            return None
        caught.append((name, part, first))
        # What comes next may work in place; it gets a copy, so that this one stays what it is.
        passed = first.clone()
        return passed if first is output else (passed, *output[1:])

    return hook
