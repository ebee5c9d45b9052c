# pyright: basic
"""Changes of what is in the graph: cuts undone, poles avoided, parameters given to the optimizer."""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterable, Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from trainlab.diagnosis.probe.custom_gradients import has_own_context, is_float, users_functions
from trainlab.diagnosis.probe.frames import user_frame
from trainlab.diagnosis.remedies.patching import Patching, function_places

# What a tensor was made of: the results of some functions remember what they were given.

_KEY = "_trainlab_made_of"


def tag(tensor: Any, name: str, source: torch.Tensor) -> None:
    """Remember that a tensor came out of this function, given `source`."""
    if isinstance(tensor, torch.Tensor) and tensor is not source:
        setattr(tensor, _KEY, (name, source))


def made_of(tensor: Any) -> tuple[str, torch.Tensor] | None:
    """Return the function that a tensor came out of, and what that was given; None if unknown."""
    return getattr(tensor, _KEY, None) if isinstance(tensor, torch.Tensor) else None


def remember(on: Patching, names: Iterable[str]) -> None:
    """Have the results of these functions remember what they were made of."""
    for name in names:
        for owner, attribute in function_places(name, inplace=False):
            on.around(owner, attribute, partial(_remembering, name))


def _remembering(name: str, original: Any, *args: Any, **kwargs: Any) -> Any:
    if not args and "input" in kwargs:
        args = (kwargs.pop("input"),)
    out = original(*args, **kwargs)
    if isinstance(args[0], torch.Tensor):
        tag(out, name, args[0])
    return out


# What one line of the script does to a tensor: cuts undone, graphs kept, poles avoided.


def is_at(line: str) -> bool:
    """Whether the script's own code is at this ``file.py:12``."""
    frame = user_frame()
    return frame is not None and line == f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}"


def no_cut(on: Patching, *, line: str) -> None:
    """Have ``detach()``, ``.data`` and ``torch.tensor(…)`` at this line pass on the tensor itself."""

    def cut(original: Any, given: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(given, torch.Tensor) and given.grad_fn is not None and is_at(line):
            on.act()
            return given
        return original(given, *args, **kwargs)

    data: Any = torch.Tensor.data

    def read(tensor: Any) -> Any:
        if tensor.grad_fn is not None and is_at(line):
            on.act()
            return tensor
        return data.__get__(tensor)

    for owner, name in ((torch.Tensor, "detach"), (torch, "tensor"), (torch, "as_tensor")):
        on.around(owner, name, cut)
    on.put(torch.Tensor, "data", property(read, lambda tensor, value: data.__set__(tensor, value)))


def create_graph(on: Patching, *, line: str) -> None:
    """Have `torch.autograd.grad` at this line give derivatives that gradients flow through."""

    def grad(original: Any, outputs: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        if not is_at(line):
            return original(outputs, inputs, *args, **kwargs)
        on.act()
        first = dict(zip(("grad_outputs", "retain_graph"), args, strict=False))
        return original(outputs, inputs, **{**kwargs, **first, "create_graph": True})

    on.around(torch.autograd, "grad", grad)


def gradients_inside(on: Patching) -> None:
    """Keep gradients on inside of a network that is called with them."""
    roots = on.roots()
    switched: list[nn.Module] = []

    def before(module: nn.Module, args: Any) -> None:
        if roots.running is not None and roots.gradients and not torch.is_grad_enabled() and not switched:
            switched.append(module)
            torch.set_grad_enabled(True)
            on.act()

    def after(module: nn.Module, args: Any, output: Any) -> None:
        if switched and switched[0] is module:
            switched.clear()
            torch.set_grad_enabled(False)

    on.before_call(before)
    on.after_call(after)


def away_from_pole(on: Patching, *, line: str, eps: float) -> None:
    """Keep the input of a logarithm, root or division at this line away from where it isn't finite."""

    def apart(tensor: torch.Tensor) -> torch.Tensor:
        return torch.where(tensor.abs() < eps, torch.where(tensor < 0, -eps, eps).to(tensor), tensor)

    def positive(tensor: torch.Tensor) -> torch.Tensor:
        return tensor.clamp_min(eps)

    def bounded(tensor: torch.Tensor) -> torch.Tensor:
        return tensor.clamp(-1 + eps, 1 - eps)

    def small(tensor: torch.Tensor) -> torch.Tensor:
        return tensor.clamp_max(80.0)

    def call(how: Any, place: int, original: Any, *args: Any, **kwargs: Any) -> Any:
        given = args[place] if len(args) > place else None
        if not isinstance(given, torch.Tensor) or not given.is_floating_point() or not is_at(line):
            return original(*args, **kwargs)
        on.act()
        return original(*args[:place], how(given), *args[place + 1 :], **kwargs)

    def change(names: tuple[str, ...], how: Any, place: int = 0) -> None:
        for name in names:
            for owner in (torch, torch.Tensor):
                on.around(owner, name, partial(call, how, place))

    change(("log", "log2", "log10", "sqrt", "rsqrt", "pow", "__pow__", "logdet"), positive)
    change(("div", "true_divide", "__truediv__", "divide"), apart, 1)
    change(("reciprocal", "__rtruediv__", "__rdiv__", "norm", "std"), apart)
    change(("acos", "asin", "arccos", "arcsin"), bounded)
    change(("exp",), small)


# Which tensors are trained: those left out are given to the optimizer, frozen ones are unfrozen.

MAX_NODES = 20_000


def all_parameters(on: Patching) -> None:
    """Give an optimizer the leaves that the loss depends on and no optimizer has.

    Parameters at once, other tensors once a second backward pass has met them: inputs are new each time.
    """
    optimizers: weakref.WeakSet[Optimizer] = weakref.WeakSet()
    met: dict[int, weakref.ref[torch.Tensor]] = {}
    passes = 0

    def init(original: Any, optimizer: Optimizer, *args: Any, **kwargs: Any) -> None:
        original(optimizer, *args, **kwargs)
        optimizers.add(optimizer)

    def give(loss: torch.Tensor) -> None:
        held = {id(p): one for one in optimizers for group in one.param_groups for p in group["params"]}
        leaves = list(leaves_of(loss))
        owners = [held[id(leaf)] for leaf in leaves if id(leaf) in held]
        owner = max(owners, key=owners.count) if owners else next(iter(optimizers), None)
        if owner is None:
            return
        for leaf in leaves:
            if id(leaf) in held:
                continue
            known = met.get(id(leaf))
            if isinstance(leaf, nn.Parameter) or (known is not None and known() is leaf):
                # No group of its own: a scheduler may hold a rate for each group.
                owner.param_groups[-1]["params"].append(leaf)
                on.act()
            else:
                met[id(leaf)] = weakref.ref(leaf)

    def backward(original: Any, tensors: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal passes
        passes += 1
        loss = tensors if isinstance(tensors, torch.Tensor) else tensors[0]
        if passes <= 4 or passes & (passes - 1) == 0:
            give(loss)
        return original(tensors, *args, **kwargs)

    on.around(Optimizer, "__init__", init)
    on.before_step(optimizers.add)
    on.around(torch.autograd, "backward", backward)


def own_backward(on: Patching, *, function: str) -> None:
    """Give a `torch.autograd.Function` of this name the gradient that autograd has of its `forward`."""
    done: list[Any] = []

    def before(module: Any, args: Any) -> None:
        if not done:  # a script that begins anew hasn't defined it yet
            done.extend(kind for kind in users_functions() if kind.__name__ == function)
            for kind in done:
                _leave_to_autograd(on, kind)

    before(None, None)
    on.roots().before.append(before)


def _leave_to_autograd(on: Patching, kind: Any) -> None:
    forward, with_context = kind.forward, not has_own_context(kind)

    def keeping(context: Any, *args: Any) -> Any:
        context.trainlab_given = [one.clone() if is_float(one) else one for one in args]
        return forward(context, *args)

    def keeping_apart(context: Any, inputs: Any, output: Any) -> None:
        context.trainlab_given = [one.clone() if is_float(one) else one for one in inputs]
        kept(context, inputs, output)

    def backward(context: Any, *grads: Any) -> Any:
        given = context.trainlab_given
        with torch.enable_grad():
            inputs = [one.detach().requires_grad_() if is_float(one) else one for one in given]
            out = forward(SimpleNamespace(**_OF_CONTEXTS), *inputs) if with_context else forward(*inputs)
            outs = out if isinstance(out, tuple) else (out,)
            pairs = [(one, grad) for one, grad in zip(outs, grads, strict=True) if grad is not None]
            wanted = [one for one in inputs if is_float(one)]
            found = iter(
                torch.autograd.grad(
                    [one for one, _ in pairs], wanted, [grad for _, grad in pairs], allow_unused=True
                )
            )
        on.act()
        return tuple([next(found) if is_float(one) else None for one in inputs])

    if with_context:
        on.put(kind, "forward", staticmethod(keeping))
    else:
        kept = kind.setup_context
        on.put(kind, "setup_context", staticmethod(keeping_apart))
    on.put(kind, "backward", staticmethod(backward))


_OF_CONTEXTS: dict[str, Any] = dict.fromkeys(
    ("save_for_backward", "mark_dirty", "mark_non_differentiable", "set_materialize_grads"),
    lambda *args: None,
) | {"needs_input_grad": (True,) * 16, "saved_tensors": ()}
"""What a `forward` may ask its context for."""


def trainable(on: Patching) -> None:
    """Unfreeze what is frozen in a network, before it is called to learn."""

    def before(module: nn.Module, args: Any) -> None:
        if not torch.is_grad_enabled():
            return
        for parameter in module.parameters():
            if not parameter.requires_grad and parameter.is_floating_point() and parameter.is_leaf:
                parameter.requires_grad_(True)
                on.act()

    on.roots().before.append(before)


def leaves_of(loss: torch.Tensor) -> Iterator[torch.Tensor]:
    """Yield the leaves that a loss's graph leads to."""
    queue: list[Any] = [loss.grad_fn] if loss.grad_fn is not None else []
    known = set(queue)
    for node in queue:
        leaf = getattr(node, "variable", None)
        if isinstance(leaf, torch.Tensor):
            yield leaf
        new = [parent for parent, _ in node.next_functions if parent is not None and parent not in known]
        known.update(new)
        queue += new
        if len(queue) > MAX_NODES:
            return
