# pyright: basic
"""Whether what the user's own `torch.autograd.Function` gives back is the derivative of what it computes.

A copy of the network is called once more; of each such function the first call is kept, and done again with
inputs a little off, in float64: the slope between two such points is what `backward` ought to give.
"""

from __future__ import annotations

import contextlib
import inspect
import os
from collections.abc import Callable, Iterator
from typing import Any

import torch

from trainlab.diagnosis.observed.answers import OwnGradient
from trainlab.diagnosis.place import Site
from trainlab.diagnosis.probe.frames import is_library
from trainlab.diagnosis.torch_private import functions

DIRECTIONS, STEP, WIDER, NOISE = 4, 1e-6, 10.0, 1e-3
SMOOTH = 0.02
"""Where slopes by two steps, or to both sides, differ by over 2 % of the largest, it jumps or has a kink."""
MOST = 1_000_000
"""Numbers of a call that is done again."""
Inputs = dict[int, torch.Tensor]
"""The inputs that are floats, by their place."""


def own_gradients(called: Callable[[], Any]) -> list[OwnGradient]:
    """Return what was measured of each of the user's functions that a call goes through."""
    kept: dict[type[torch.autograd.Function], tuple[Any, ...]] = {}
    originals = [(one, vars(one)["forward"]) for one in users_functions()]
    for one, original in originals:
        one.forward = _keeping(original, one, kept)
    try:
        if originals:
            called()
    finally:
        for one, original in originals:
            one.forward = original
    found: list[OwnGradient] = []
    for function, args in kept.items():
        with contextlib.suppress(Exception):  # it may take no float64, or no gradient
            found += _measured(function, args)
    return found


def users_functions(kind: Any = torch.autograd.Function) -> Iterator[type[torch.autograd.Function]]:
    """Yield the functions of the user's own code."""
    for one in kind.__subclasses__():
        yield from users_functions(one)
        with contextlib.suppress(TypeError, OSError):
            if not is_library(inspect.getfile(one)) and "forward" in vars(one):
                yield one


def has_own_context(function: Any) -> bool:
    """Whether `setup_context` is given the context, and `forward` isn't."""
    return "setup_context" in vars(function)


def _keeping(original: Any, one: type[torch.autograd.Function], kept: dict[Any, tuple[Any, ...]]) -> Any:
    forward = original.__func__ if isinstance(original, staticmethod) else original
    first = not has_own_context(one)  # then the context comes first

    def call(*args: Any, **kwargs: Any) -> Any:
        given = args[first:]
        size = sum(value.numel() for value in given if isinstance(value, torch.Tensor))
        if one not in kept and not kwargs and size <= MOST:
            kept[one] = tuple(
                value.detach().clone() if isinstance(value, torch.Tensor) else value for value in given
            )
        return forward(*args, **kwargs)

    return staticmethod(call)


def _measured(function: Any, args: tuple[Any, ...]) -> list[OwnGradient]:
    """Compare, input by input, along random directions."""
    given = [one.double() if is_float(one) else one for one in args]
    generator = torch.Generator().manual_seed(0)
    # A little aside: zeros lie on the kinks of many functions.
    inputs = {
        at: one.detach() + NOISE * one.abs().mean() * _normal(one, generator)
        for at, one in enumerate(given)
        if is_float(one)
    }
    first = _outputs(function, given, inputs)
    if any(one.shape == first[0].shape and bool((one == first[0]).all()) for one in inputs.values()):
        return []  # it gives what it was given: to scale or to turn a gradient is all that it is for
    weights = [_normal(one, generator) for one in first]

    def weighed(values: Inputs) -> torch.Tensor:
        pairs = zip(_outputs(function, given, values), weights, strict=True)
        return functions.stack([(one * weight).sum() for one, weight in pairs]).sum()

    with torch.enable_grad():
        asked = {at: one.clone().requires_grad_() for at, one in inputs.items()}
        total = weighed(asked)
        grads = torch.autograd.grad(total, list(asked.values()), allow_unused=True)
    if bool(weighed(inputs) != total):
        return []  # it draws
    site = _site(function)
    found: list[OwnGradient] = []
    for at, grad in zip(inputs, grads, strict=True):
        if grad is None or any(_passes_through(grad, weight) for weight in weights):
            continue
        if not bool(grad.any()):
            if _depends_on(function, given, inputs, at, first):
                found.append(OwnGradient(function.__name__, _name(function, at), (), (), site))
            continue
        slopes, back = _slopes(weighed, inputs, at, grad, generator)
        if slopes:
            found.append(OwnGradient(function.__name__, _name(function, at), slopes, back, site))
    return found


def _depends_on(function: Any, given: list[Any], inputs: Inputs, at: int, first: list[torch.Tensor]) -> bool:
    """Whether the outputs are others where an input has the other sign."""
    turned = _outputs(function, given, inputs | {at: -inputs[at]})
    return any(bool((one != other).any()) for one, other in zip(first, turned, strict=True))


def _outputs(function: Any, given: list[Any], values: Inputs) -> list[torch.Tensor]:
    out = function.apply(*(values.get(at, one) for at, one in enumerate(given)))
    return [one for one in (out if isinstance(out, tuple) else (out,)) if is_float(one)]


def _slopes(
    weighed: Callable[[Inputs], torch.Tensor],
    inputs: Inputs,
    at: int,
    grad: torch.Tensor,
    generator: torch.Generator,
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the slopes along random directions of one input, and those that its gradient says.

    None of a function that jumps, or has a kink here: slopes there depend on how they are measured.
    """
    known, back = list[tuple[float, ...]](), list[float]()
    step, here = STEP * max(1.0, float(inputs[at].abs().max())), float(weighed(inputs))
    for _ in range(DIRECTIONS):
        along = _normal(inputs[at], generator)
        up, down, above, below = (
            float(weighed(inputs | {at: inputs[at] + times * step * along}))
            for times in (1, -1, WIDER, -WIDER)
        )
        wider = (above - below) / (2 * WIDER * step)
        known.append(((up - down) / (2 * step), wider, (up - here) / step, (here - down) / step))
        back.append(float((grad * along).sum()))
    largest = max(abs(one) for slopes in known for one in slopes)
    if any(max(slopes) - min(slopes) > SMOOTH * largest for slopes in known):
        return (), ()
    return tuple(slopes[0] for slopes in known), tuple(back)


def _passes_through(grad: torch.Tensor, incoming: torch.Tensor) -> bool:
    """Whether a gradient is the incoming one: what clamps or rounds is passed straight through on purpose."""
    return grad.shape == incoming.shape and bool((grad == incoming).all())


def is_float(value: Any) -> bool:
    """Whether it is a tensor of floats."""
    return isinstance(value, torch.Tensor) and value.is_floating_point()


def _name(function: Any, at: int) -> str:
    """Return what `forward` calls an input."""
    with contextlib.suppress(TypeError, ValueError, IndexError):
        return list(inspect.signature(function.forward).parameters)[at + (not has_own_context(function))]
    return f"input {at + 1}"


def _normal(like: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    drawn = functions.randn(like.shape, generator=generator, dtype=torch.float64)
    return drawn.to(like.device)


def _site(function: Any) -> Site | None:
    with contextlib.suppress(TypeError, OSError):
        lines, line = inspect.getsourcelines(function.backward)
        skipped = next(at for at, text in enumerate(lines) if text.lstrip().startswith("def "))
        file = os.path.basename(inspect.getfile(function))
        return Site(file, line + skipped, "backward", lines[skipped].strip())
    return None
