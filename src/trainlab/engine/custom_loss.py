"""`trainlab.custom_loss`: a Python function as the loss of an experiment."""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt

from trainlab.errors import EngineError, SpecError, shown
from trainlab.maths import LOSSES
from trainlab.maths.formula import CustomLoss, custom_entry, function_digest, register
from trainlab.spec.losses import Custom

Array = npt.NDArray[np.float64]
Function = Callable[[Any, Any], Any]

PREDICTIONS = np.linspace(-4, 4, 161)
TARGETS = np.array([-2.0, -1.0, -0.3, 0.0, 0.4, 0.5, 1.0, 2.0])
STEP = 1e-6
"""How far predictions move for a finite difference."""
TOLERANCE = 1e-5


def custom_loss(name: str, function: Function, derivative: Function | None = None) -> Custom:
    """Register ``function(prediction, target)`` as a loss, and return it for ``Experiment(loss=…)``.

    The loss of a network is the function's mean over all outputs of all examples. It must compute elementwise
    and depend on nothing that changes: experiments are told apart by a digest of it. Engines ``torch`` and
    ``reference`` call it on tensors and differentiate it by autograd: write it with ``+ − * / **``, ``abs``
    and functions of torch. Engine ``fast`` has numba compile it, with its `derivative` by the prediction, as
    functions of two numbers: write these with those of ``math``. A function that suits one engine only
    is trained by that engine. A study file may then say ``loss = {name = "custom", function = name}``.

    Raises:
        SpecError: a name that is taken, a function that fails on numbers and on tensors, that isn't of
            one prediction and one target, or of which no fingerprint can be made; a derivative that isn't
            that of the function, with the place where they differ.
    """
    where = f"custom_loss({shown(name)})"
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z_]\w{0,39}", name) or name in LOSSES:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise SpecError(
            f"{where}: the name must be a Python name of at most 40 letters, and no known loss's."
        )
    for what, given in (("the function", function), ("the derivative", derivative)):
        if given is not None:
            _check_arguments(f"{where}: {what}", given)
    digest = function_digest(where, function, derivative)
    numbers, tensors = _tries(function)
    if numbers and tensors:
        raise SpecError(f"{where}: fails on numbers ({numbers}) and on tensors ({tensors}).")
    values = _on_numbers(function) if not numbers else _on_tensors(function)
    if derivative is not None:
        failed = _tries(derivative)
        if all(failed):
            raise SpecError(f"{where}: the derivative fails on numbers ({failed[0]}).")
        slopes = _on_numbers(derivative) if not failed[0] else _on_tensors(derivative)
        _check_derivative(where, values, slopes)
    else:
        slopes = _by_autograd(function) if not tensors else _by_differences(values)
    register(
        CustomLoss(
            name=name,
            digest=digest,
            function=function,
            derivative=derivative,
            values=values,
            slopes=slopes,
            on_numbers=not numbers,
            on_tensors=not tensors,
        )
    )
    return Custom(function=name, digest=digest)


def tensor_function(loss: Custom, *, engine: str) -> Function:
    """Return a custom loss as a function of tensors; raise EngineError if it is none."""
    entry = custom_entry(loss.function, loss.digest)
    failure = _tries(entry.function)[1]
    if failure:
        raise EngineError(
            f"engine {engine!r}: the loss {entry.name!r} fails on tensors ({failure}); write it with + - * / "
            "**, abs and functions of torch, without if, or train with engine 'fast'."
        )
    return entry.function


def _check_arguments(where: str, function: Function) -> None:
    if not callable(function):
        raise SpecError(f"{where} is a {type(function).__name__}; give a function of (prediction, target).")
    try:
        inspect.signature(function).bind(0.0, 0.0)
    except TypeError:
        raise SpecError(f"{where} must take two arguments: the prediction and the target.") from None
    except ValueError:
        raise SpecError(f"{where} is no plain function; write it with def or lambda.") from None


def _check_derivative(
    where: str, values: Callable[[Array, Array], Array], slopes: Callable[[Array, Array], Array]
) -> None:
    """Raise SpecError at the place of the grid where they differ most, or if the loss has no value there.

    The derivative must lie between the slopes to the left and to the right, which at a kink, as that of |p|,
    differ: any slope between them is a subgradient. Where the loss isn't finite nothing is compared.
    """
    p, y = (grid.ravel() for grid in np.meshgrid(PREDICTIONS, TARGETS, indexing="ij"))
    below, here, above = (values(p + shift, y) for shift in (-STEP, 0.0, STEP))
    known = np.isfinite(below) & np.isfinite(here) & np.isfinite(above)
    if not known.any():
        raise SpecError(
            f"{where}: the function has no finite value for predictions from {PREDICTIONS[0]:g} to "
            f"{PREDICTIONS[-1]:g}."
        )
    with np.errstate(invalid="ignore", over="ignore"):
        left, right = (here - below) / STEP, (above - here) / STEP
        scale = np.maximum(1.0, np.maximum(np.abs(left), np.abs(right)))
        room = TOLERANCE * scale + 1e-9 * np.abs(here)
        given = slopes(p, y)
        beyond = np.maximum(np.minimum(left, right) - given, given - np.maximum(left, right)) - room
    beyond = np.where(np.isfinite(given), beyond / scale, np.inf)
    wrong = known & (beyond > 0)
    if wrong.any():
        worst = int(np.where(wrong, beyond, -1.0).argmax())
        middle = (above[worst] - below[worst]) / (2 * STEP)
        raise SpecError(
            f"{where}: the derivative is not that of the function, by most at prediction {p[worst]:g}, "
            f"target {y[worst]:g}: it is {given[worst]:.6g}, by finite differences {middle:.6g}; mend it, or "
            "leave it out: engines 'torch' and 'reference' need none."
        )


def _tries(function: Function) -> tuple[str, str]:
    """Return why a function fails on numbers, and on tensors; empty where it doesn't."""
    reasons: list[str] = []
    for attempt in (_try_numbers, _try_tensors):
        try:
            reasons.append(attempt(function))
        except Exception as error:
            # Whatever a user's function raises is told in one line.
            reasons.append(f"{type(error).__name__}: {' '.join(str(error).split())[:120]}")
    return reasons[0], reasons[1]


def _try_numbers(function: Function) -> str:
    result = function(0.625, 0.375)
    return "" if isinstance(result, int | float) else f"it returns a {type(result).__name__}, not a number"


def _try_tensors(function: Function) -> str:
    if find_spec("torch") is None:
        return "torch isn't installed"
    import torch

    given = torch.tensor([[[0.625], [0.25]]], dtype=torch.float64, requires_grad=True)
    target = torch.full_like(given, 0.375).detach()
    with warnings.catch_warnings():
        # torch warns before it fails, as where math takes a tensor for a number.
        warnings.simplefilter("ignore")
        result, alone = function(given, target), function(given[:, :1], target[:, :1])
    if not isinstance(result, torch.Tensor) or result.shape != given.shape:
        return "it must return a tensor of the shape of its arguments"
    if not bool(torch.isclose(result[:, :1], alone, equal_nan=True).all()):
        return "each number must depend on its own prediction and target alone"
    return "" if result.requires_grad else "its result doesn't depend on the prediction"


def _on_numbers(function: Function) -> Callable[[Array, Array], Array]:
    def one(p: float, y: float) -> float:
        try:
            return float(function(float(p), float(y)))
        except (ArithmeticError, ValueError, TypeError):
            # Outside of its domain, as the logarithm of a negative number; a power may become complex.
            return float("nan")

    each = np.vectorize(one, otypes=[np.float64])
    return lambda p, y: each(p, y)


def _on_tensors(function: Function) -> Callable[[Array, Array], Array]:
    def values(p: Array, y: Array) -> Array:
        import torch

        with torch.no_grad():
            return np.asarray(function(torch.tensor(p), torch.tensor(y)).numpy(), dtype=np.float64)

    return values


def _by_autograd(function: Function) -> Callable[[Array, Array], Array]:
    def slopes(p: Array, y: Array) -> Array:
        import torch

        given: Any = torch.tensor(p, requires_grad=True)
        function(given, torch.tensor(y)).sum().backward()
        return given.grad.numpy()

    return slopes


def _by_differences(values: Callable[[Array, Array], Array]) -> Callable[[Array, Array], Array]:
    return lambda p, y: (values(p + STEP, y) - values(p - STEP, y)) / (2 * STEP)
