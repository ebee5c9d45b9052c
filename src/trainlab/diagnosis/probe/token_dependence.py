# pyright: basic
"""Which tokens answers depend on: one is changed, and a copy of the network is called again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from trainlab.diagnosis.observed.answers import Dependence, PassCall
from trainlab.diagnosis.probe.kept_rows import Given, Network
from trainlab.diagnosis.probe.network_copies import tensors_in, with_another
from trainlab.diagnosis.probe.pass_calls import Attended, PassCalls
from trainlab.diagnosis.torch_private import distinct, functions

MOVED = 1e-3
"""An answer has changed if it did by more than this share of the spread of all answers: no rounding."""
Caller = tuple[nn.Module, Callable[..., list[torch.Tensor]]]


def ask_tokens(found: Dependence, network: Network, caller: Callable[[], Caller]) -> bool:
    """Change a token: do the answers before it change, that to the token itself, and those after it?"""
    given, shares = network.sample, found.tokens
    if given is None or shares is None:
        return False
    if not (shares.are_next or shares.are_given or shares.are_second):
        return False
    tokens = tensors_in(given)[shares.place]
    axis, length = shares.axis, tokens.shape[shares.axis]
    model, call = caller()
    base, seen = _read(model, lambda: _answers(call(given), tokens))
    again = _answers(call(given, seed=1), tokens)
    if base is None or again is None or _moved_at(base, again, axis, slice(None)).any():
        return False
    at = length - 1
    if shares.ignored <= 0.2 * max(1, shares.counted):
        at = length // 2
    other = _with_other_token(given, tokens, axis, at)
    others, seen_then = _read(model, lambda: _answers(call(other), tokens))
    if others is None:
        return False

    def moved(where: slice) -> float:
        return float(_moved_at(base, others, axis, where).float().mean())

    found.later = more(found.later, moved(slice(at - 1, at)))
    found.own = more(found.own, moved(slice(at, at + 1)))
    if at + 1 < length:
        found.earlier = more(found.earlier, moved(slice(at + 1, None)))
    found.attends |= any(one.out.shape[one.axis] == length for one in seen)
    found.ahead = found.ahead or _looks_ahead(seen, seen_then, length, at)
    found.conditioned |= any(_is_a_source(one, tokens) for one in tensors_in(given))
    return True


def more(known: float, new: float) -> float:
    """Return the larger of two numbers; the new one where none is known."""
    return new if known != known else max(known, new)


def _read(model: nn.Module, answer: Callable[[], Any]) -> tuple[Any, list[Attended]]:
    """Return what a call answers, and what attention gave in its pass."""
    reader = PassCalls(Dependence(name="", network=0), -1)
    with reader.reading(model):
        return answer(), reader.attended


def _looks_ahead(seen: list[Attended], then: list[Attended], length: int, at: int) -> PassCall | None:
    """Return the first attention of which a place gave something else once a later token was changed."""
    for one, other in zip(seen, then, strict=False):
        if one.out.shape == other.out.shape and one.out.shape[one.axis] == length:
            before, after = (each.out.narrow(each.axis, 0, at) for each in (one, other))
            if float((before - after).abs().max()) > MOVED * float(one.out.std()) + 1e-9:
                return one.call
    return None


def _is_a_source(tensor: torch.Tensor, tokens: torch.Tensor) -> bool:
    """Whether a network is given this beside its tokens, and it is neither a mask nor an empty state."""
    if tensor is tokens or tensor.dim() < 2 or tensor.dtype == torch.bool:
        return False
    if tensor.shape == tokens.shape and bool((tensor == tokens).all()):
        return False
    return not bool(((tensor == 0) | (tensor == 1)).all())


def _answers(out: list[torch.Tensor], tokens: torch.Tensor) -> torch.Tensor | None:
    """Return the answers as ``[*tokens.shape, values]``; None where there are none for each token."""
    for one in out:
        if one.shape[:2] == tokens.shape and one.dim() >= 3:
            return one.reshape(*tokens.shape, -1)
        if one.dim() == 2 and one.shape[0] == tokens.numel():
            return one.reshape(*tokens.shape, -1)
    return None


def _moved_at(one: torch.Tensor, two: torch.Tensor, axis: int, where: slice) -> torch.Tensor:
    spread = float(one.std()) if one.numel() > 1 else 0.0
    off = (one - two).abs().amax(-1)
    off = off[:, where] if axis == 1 else off[where].T
    return off.amax(1) > MOVED * spread + 1e-9


def _with_other_token(given: Given, tokens: torch.Tensor, axis: int, at: int) -> Given:
    """Return the same input with another token at one place of each sequence: one that is there elsewhere."""
    before = tokens.select(axis, at).contiguous()
    values = distinct(tokens)[0]
    following = values[(functions.searchsorted(values, before) + 1) % len(values)]
    new = tokens.clone()
    new.select(axis, at).copy_(following)
    return with_another(given, tokens, new)
