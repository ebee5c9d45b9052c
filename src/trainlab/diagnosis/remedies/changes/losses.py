# pyright: basic
"""Changes of the loss: what it is given, and in which shape and form."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import nn

from trainlab.diagnosis.observed.torch_names import DISTANCES, SIGNED
from trainlab.diagnosis.remedies.changes.graph import made_of, remember
from trainlab.diagnosis.remedies.patching import Patching, function_places

# Losses given what they are made for: logits, or log-probabilities, whatever the script hands them.

_LIMITS = ("clamp", "clamp_min", "clamp_max", "clip", "relu", "hardtanh", "abs", "tanh", "hardsigmoid")
_SQUASHING = ("softmax", "sigmoid")
_EPS = 1e-7
_SHAPING = frozenset(
    ("ViewBackward0", "UnsafeViewBackward0", "ReshapeAliasBackward0", "SqueezeBackward0", "SqueezeBackward1",
     "UnsqueezeBackward0", "SelectBackward0", "SliceBackward0", "TransposeBackward0", "PermuteBackward0",
     "TBackward0", "ToCopyBackward0", "CloneBackward0")
)  # fmt: skip


def given_logits(on: Patching) -> None:
    """Undo a softmax or sigmoid before a loss that applies it itself, and apply it where one is needed."""
    remember(on, (*_SQUASHING, *_LIMITS))
    functional = nn.functional
    on.around(functional, "cross_entropy", partial(_undone, on, "softmax"))
    on.around(functional, "binary_cross_entropy_with_logits", partial(_undone, on, "sigmoid"))
    for owner, name in function_places("log_softmax", inplace=False):
        on.around(owner, name, partial(_undone, on, "softmax"))
    remember(on, ("log_softmax",))
    on.around(functional, "nll_loss", partial(_of_log_probabilities, on))
    on.around(functional, "binary_cross_entropy", partial(_with_logits, on))


def _undone(on: Patching, name: str, original: Any, output: Any, *args: Any, **kwargs: Any) -> Any:
    """Apply a function to what `name` was given, where its input came out of `name`."""
    bare = _before(output, name)
    if bare is None:
        return original(output, *args, **kwargs)
    on.act()
    return original(bare, *args, **kwargs)


def _before(output: Any, name: str) -> torch.Tensor | None:
    """Return logits for what came out of softmax or sigmoid, also where its shape was changed since."""
    made = made_of(output)
    if made is not None:
        return made[1] if made[0] in (name, *_SQUASHING) else None
    if not isinstance(output, torch.Tensor):
        return None
    node = output.grad_fn
    while node is not None and node.name() in _SHAPING:
        node = node.next_functions[0][0] if node.next_functions else None
    kind = node.name() if node is not None else ""
    # The inverse of softmax is known up to a constant, which a second softmax doesn't see.
    if kind.startswith("Softmax"):
        return output.clamp_min(_EPS).log()
    return torch.logit(output, _EPS) if kind.startswith("Sigmoid") else None


def _of_log_probabilities(on: Patching, original: Any, output: Any, *args: Any, **kwargs: Any) -> Any:
    made = made_of(output)
    if made is not None and made[0] == "log_softmax":
        return original(output, *args, **kwargs)
    bare = _before(output, "softmax")
    logits = output if bare is None else bare
    logs = nn.functional.log_softmax(logits, 1 if logits.dim() > 1 else 0)
    if torch.allclose(logs, output, atol=1e-3):
        return original(output, *args, **kwargs)
    on.act()
    return original(logs, *args, **kwargs)


def _with_logits(
    on: Patching, original: Any, output: Any, target: Any, weight: Any = None, *args: Any, **kwargs: Any
) -> Any:
    """Apply a sigmoid before the loss, where what it is given has none."""
    source, limited = output, False
    while (made := made_of(source)) is not None and made[0] in _LIMITS:
        source, limited = made[1], True
    squashed = made_of(source) is not None or _before(source, "sigmoid") is not None
    raw = limited or (output.grad_fn is not None and output.grad_fn.name().startswith(("Addmm", "Mm")))
    if squashed or not raw:
        return original(output, target, weight, *args, **kwargs)
    on.act()
    allowed = {name: value for name, value in kwargs.items() if name == "reduction"}
    return nn.functional.binary_cross_entropy_with_logits(source, target, weight, **allowed)


# Where outputs meet targets: shapes made equal, 1 and −1 for 1 and 0.


def equal_shapes(on: Patching) -> None:
    """Give a target its output's shape, where the two would be broadcast to a table of all pairs."""

    def loss(original: Any, output: Any, target: Any, *args: Any, **kwargs: Any) -> Any:
        if _blown_up(output, target):
            on.act()
            target = target.reshape(output.shape)
        return original(output, target, *args, **kwargs)

    def difference(original: Any, first: Any, second: Any, *args: Any, **kwargs: Any) -> Any:
        if _blown_up(first, second) and first.requires_grad != second.requires_grad:
            on.act()
            if first.requires_grad:
                second = second.reshape(first.shape)
            else:
                first = first.reshape(second.shape)
        return original(first, second, *args, **kwargs)

    for name in DISTANCES:
        on.around(nn.functional, name, loss)
    for owner, name in differences():
        on.around(owner, name, difference)


def differences() -> list[tuple[Any, str]]:
    """Return the places of subtraction."""
    return [
        (torch.Tensor, "__sub__"), (torch.Tensor, "__rsub__"), (torch.Tensor, "sub"), (torch, "sub"),
        (torch.Tensor, "subtract"), (torch, "subtract"),
    ]  # fmt: skip


def _blown_up(first: Any, second: Any) -> bool:
    """Whether two tensors of as many values, but not as many axes, would pair all values with all."""
    if not isinstance(first, torch.Tensor) or not isinstance(second, torch.Tensor):
        return False
    if first.dim() == second.dim() or first.numel() != second.numel():
        return False
    pairs = zip(reversed(first.shape), reversed(second.shape), strict=False)
    if not all(a == b or 1 in (a, b) for a, b in pairs):
        return False
    return torch.broadcast_shapes(first.shape, second.shape).numel() > first.numel()


def signed_targets(on: Patching) -> None:
    """Give losses that want targets of 1 and −1 these, where the script gives them 1 and 0."""

    def signed(target: torch.Tensor) -> torch.Tensor:
        if bool((target < 0).any()) or not bool((target == 0).any()):
            return target
        on.act()
        return 2 * target - 1

    def loss(original: Any, *args: Any, **kwargs: Any) -> Any:
        if "target" in kwargs:
            return original(*args, **kwargs | {"target": signed(kwargs["target"])})
        place = max(place for place, one in enumerate(args) if isinstance(one, torch.Tensor))
        return original(*args[:place], signed(args[place]), *args[place + 1 :], **kwargs)

    for name in SIGNED:
        on.around(nn.functional, name, loss)


# Terms of a loss beside the one that compares outputs with targets: made to pull less.

_COMPARING = (
    "BinaryCrossEntropy", "MseLoss", "NllLoss", "L1Loss", "SmoothL1Loss", "HuberLoss", "KlDiv", "Loss",
)  # fmt: skip
_SUMS = frozenset(("AddBackward0", "SubBackward0", "RsubBackward0"))
_SCALES = frozenset(("MulBackward0", "DivBackward0", "NegBackward0"))
_FAR = 6


def weaker_terms(on: Patching, *, times: float) -> None:
    """Multiply the gradients of all terms of a loss but those that compare outputs with targets."""

    def weaker(grads: Any) -> Any:
        return tuple(None if one is None else times * one for one in grads)

    def backward(original: Any, tensors: Any, *args: Any, **kwargs: Any) -> Any:
        loss = tensors if isinstance(tensors, torch.Tensor) else tensors[0]
        terms = _terms(loss.grad_fn) if isinstance(loss, torch.Tensor) else []
        others = [node for node in terms if not _compares(node)]
        if 0 < len(others) < len(terms):
            on.act()
            for node in others:
                node.register_prehook(weaker)
        return original(tensors, *args, **kwargs)

    on.around(torch.autograd, "backward", backward)


def _inputs(node: Any) -> list[Any]:
    return [one for one, _ in node.next_functions if one is not None]


def _terms(node: Any) -> list[Any]:
    """Return the nodes of the terms that a sum is made of, whatever numbers stand before them."""
    if node is None:
        return []
    inputs = _inputs(node)
    if node.name() in _SUMS or (node.name() in _SCALES and len(inputs) == 1):
        return [term for one in inputs for term in _terms(one)]
    return [node]


def _compares(node: Any) -> bool:
    """Whether a term is a loss function's, near enough to be nothing else."""
    near = [node]
    for _ in range(_FAR):
        if any(one.name().removesuffix("Backward0").startswith(_COMPARING) for one in near):
            return True
        near = [before for one in near for before in _inputs(one)]
        if len(near) > 1:
            return False
    return False
