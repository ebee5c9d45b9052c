# pyright: basic
"""What a network is given and never uses: a mask, a matrix of neighbours, lengths, a second table."""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from trainlab.diagnosis.observed.answers import UnusedInput
from trainlab.diagnosis.probe import reading
from trainlab.diagnosis.probe.kept_rows import Given, Network
from trainlab.diagnosis.probe.network_copies import parts_of, tensors_in, with_another
from trainlab.diagnosis.probe.pass_calls import memory_of
from trainlab.diagnosis.probe.replaced_functions import as_called
from trainlab.diagnosis.probe.token_dependence import Caller
from trainlab.diagnosis.torch_private import functions


class _Uses(TorchFunctionMode):
    """Hears which tensors functions are given; asking for a shape is a use, too."""

    def __init__(self) -> None:
        super().__init__()  # pyright: ignore[reportUnknownMemberType]
        self.met: set[int] = set()

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        func, args, named = as_called(func, args, kwargs or {})
        self.met.update(memory_of(one) for one in tensors_in((list(args), named)))
        return func(*args, **named)


def unused_inputs(network: Network, caller: Caller) -> list[UnusedInput]:
    """Return the arguments that no function is given in either mode, and that change no answer."""
    if network.sample is None:
        return []
    args, kwargs = network.sample
    names = list(inspect.signature(network.copy.forward).parameters)
    named = {**dict(zip(names, args, strict=False)), **kwargs}
    left = {name: one for name, one in named.items() if isinstance(one, torch.Tensor) and _varies(one)}
    if len(tensors_in((args, kwargs))) < 2:
        return []
    model, _ = caller
    for mode in (True, False):
        for part in reading.parts(model):
            part.training = mode
        with _Uses() as uses:
            before = _all_of(model, (args, kwargs))
        left = {name: one for name, one in left.items() if memory_of(one) not in uses.met}
        for name, one in list(left.items()):
            if not _same(before, _all_of(model, _with(network.sample, one))):
                del left[name]  # something is given it that PyTorch doesn't tell of
    return [UnusedInput(name, tuple(one.shape), _is_a_mask(one)) for name, one in left.items()]


def _varies(tensor: torch.Tensor) -> bool:
    return tensor.numel() > 1 and bool((tensor != tensor.reshape(-1)[0]).any())


def _is_a_mask(tensor: torch.Tensor) -> bool:
    return bool(((tensor == 0) | (tensor == 1)).all())


def _with(given: Given, tensor: torch.Tensor) -> Given:
    """Return the same input with the numbers of one tensor at other places."""
    return with_another(given, tensor, tensor.reshape(-1).roll(tensor.numel() // 2).reshape(tensor.shape))


def _all_of(model: nn.Module, given: Given) -> list[torch.Tensor]:
    """Return all that a call answers, single numbers, too; random numbers are the same in each."""
    torch.default_generator.manual_seed(0)
    waiting, found = [model(*given[0], **given[1])], list[torch.Tensor]()
    while waiting:
        one = waiting.pop()
        if isinstance(one, torch.Tensor):
            found.append(one.detach().clone())
        waiting += [part for _, part in parts_of(one)]
    return found


def _same(one: list[torch.Tensor], two: list[torch.Tensor]) -> bool:
    return len(one) == len(two) and all(
        a.shape == b.shape and bool(functions.isclose(a.double(), b.double(), equal_nan=True).all())
        for a, b in zip(one, two, strict=True)
    )
