# pyright: basic
"""Asks copies of the networks, at the end, what answers depend on: other rows, their order, later tokens.

A copy is asked with the weights that the network began with, before it has learnt to overlook anything, and
where these say nothing with those that it ended with. Rows are given to it in a number that none of its axes
has, so that shapes tell where the rows are.
"""

from __future__ import annotations

import contextlib
import random
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from trainlab.diagnosis.observed.dependence import Dependence
from trainlab.diagnosis.probe import module_parts
from trainlab.diagnosis.probe.kept_batches import Kept, Network
from trainlab.diagnosis.probe.network_copies import copied, tensors_of
from trainlab.diagnosis.probe.output_path import changed, tensors_in
from trainlab.diagnosis.probe.pass_calls import PassCalls
from trainlab.diagnosis.torch_private import distinct, functions

COUNTS = (7, 11, 13, 17, 19, 23, 29, 5, 31, 3)
"""As many rows are asked as none of the network's axes has: the first of these numbers."""
MOVED = 1e-3
"""An answer has changed if it did by more than this share of the spread of all answers: no rounding."""
AGAIN = 5
"""So many rows that come again in another batch are no chance."""
SECONDS = 2.0
"""A network is asked this long, in processor time: a report is wanted at once."""
Given = tuple[tuple[Any, ...], dict[str, Any]]


def asked_of(network: Network, place: int, *, seconds: float = SECONDS) -> Dependence | None:
    """Return what the network's answers depend on; None where that can't be asked."""
    found = Dependence(name=network.name, network=place, tokens=network.targets.shares())
    kept = next((one for batches in network.kept.values() for one in batches if one.rows >= COUNTS[-1]), None)
    asked, until = False, time.thread_time() + seconds
    for weights in (network.start, network.tensors):
        if time.thread_time() > until:
            break
        # A network may refuse fewer rows, or other tokens: what it answered before counts all the same.
        with contextlib.suppress(Exception):
            if kept is not None:
                asked |= _ask_rows(found, network, weights, kept)
            else:
                asked |= _read_pass(found, network, weights)
        with contextlib.suppress(Exception):
            asked |= _ask_tokens(found, network, weights)
    return found if asked or found.over_queries else None


def _caller(network: Network, weights: list[torch.Tensor]) -> tuple[nn.Module, Callable[..., Any]]:
    tensors = tensors_of(network.copy)
    model = copied(network.copy, tensors, lambda at: weights[at].clone())
    for part in module_parts.parts(model):
        part.training = False
    own = tensors_of(model)
    values = [one.clone() for one in own]

    def call(given: Given, seed: int = 0) -> list[torch.Tensor]:
        _seed(seed)
        out = _floats(model(*given[0], **given[1]))
        for tensor, value in zip(own, values, strict=True):
            tensor.copy_(value)
        return out

    return model, call


def _seed(seed: int) -> None:
    torch.default_generator.manual_seed(seed)
    if torch.cuda.is_initialized():  # else PyTorch would remember the seed for later, over the user's own
        torch.cuda.manual_seed_all(seed)
    np.random.seed(seed)
    random.seed(seed)


def _floats(output: Any) -> list[torch.Tensor]:
    if isinstance(output, torch.Tensor):
        return [output.detach().float()] if output.is_floating_point() and output.dim() else []
    if isinstance(output, dict):
        output = list(output.values())
    if isinstance(output, tuple | list):
        return [one for part in output for one in _floats(part)]
    return []


def _ask_rows(found: Dependence, network: Network, weights: list[torch.Tensor], kept: Kept) -> bool:
    given: Given = (kept.given, kept.named)
    beside = [one for one in tensors_in(given) if one.shape[:1] != (kept.rows,)]
    if any(not one.is_floating_point() and one.dtype != torch.bool for one in beside):
        return False  # such numbers may name rows, as the edges of a graph do
    sizes = {size for tensor in (*weights, *tensors_in(given)) for size in tensor.shape}
    rows = next((one for one in COUNTS if one <= kept.rows and one not in sizes - {kept.rows}), None)
    if rows is None or rows == kept.rows:
        return False
    base = _rows_of(given, kept.rows, functions.arange(rows))
    model, call = _caller(network, weights)
    reader = PassCalls(_fresh(found), rows)
    with reader.reading(model):
        first = call(base)
    out = [one for one in first if one.shape[0] == rows]
    again = [one for one in call(base, seed=1) if one.shape[0] == rows]
    if not out or _changed(out, again).any():
        return False  # it isn't row by row, or random in eval mode
    turned = functions.arange(rows).flip(0)
    there = [one[turned] for one in call(_rows_of(given, kept.rows, turned)) if one.shape[0] == rows]
    swapped = functions.arange(rows)
    swapped[0] = rows // 2
    other = [one for one in call(_rows_of(given, kept.rows, swapped)) if one.shape[0] == rows]
    found.rows = rows
    found.target = tuple(kept.target.shape[1:])
    found.regrouped = _regrouped(network)
    found.order = _more(found.order, float(_changed(out, there).float().mean()))
    found.others = _more(found.others, float(_changed(out, other)[1:].float().mean()))
    return True


def _regrouped(network: Network) -> bool:
    """Whether rows were kept again in other batches."""
    kept = [one for batches in network.kept.values() for one in batches]
    seen = Counter(row for one in kept for row in set(one.hashes))
    again = sum(count > 1 for count in seen.values())
    return again >= AGAIN


def _fresh(found: Dependence) -> Dependence:
    """Return it without the calls of a pass before: each pass has all of them."""
    for calls in (found.along_rows, found.moved, found.over_rows, found.over_queries):
        calls.clear()
    return found


def _more(known: float, new: float) -> float:
    return new if known != known else max(known, new)


def _rows_of(given: Given, rows: int, which: torch.Tensor) -> Given:
    def part(value: Any) -> Any:
        if isinstance(value, torch.Tensor) and value.shape[:1] == (rows,):
            return value[which.to(value.device)]
        return value.clone() if isinstance(value, torch.Tensor) else value

    return changed(given[0], part), changed(given[1], part)


def _changed(out: list[torch.Tensor], other: list[torch.Tensor]) -> torch.Tensor:
    """Return for each row whether its answer is another one."""
    moved = functions.zeros(out[0].shape[0], dtype=torch.bool)
    for one, two in zip(out, other, strict=True):
        if one.shape != two.shape:
            return functions.ones_like(moved)
        flat, off = one.reshape(len(one), -1), (one - two).reshape(len(one), -1)
        if not bool(functions.isfinite(flat).all()) or not flat.numel():
            continue
        spread = float((flat - flat.mean(0)).square().mean().sqrt())
        moved |= (off.abs().amax(1) > MOVED * spread + 1e-9 + 1e-5 * float(flat.abs().max())).cpu()
    return moved


def _read_pass(found: Dependence, network: Network, weights: list[torch.Tensor]) -> bool:
    """Read what a pass calls, where it isn't known which axis has the rows."""
    given = network.sample
    if given is None or weights is not network.start:
        return False
    model, call = _caller(network, weights)
    with PassCalls(_fresh(found), -1).reading(model):
        call(_rows_of(given, -1, functions.arange(1)))
    return bool(found.over_queries)


def _ask_tokens(found: Dependence, network: Network, weights: list[torch.Tensor]) -> bool:
    """Change a token: do the answers before it change, and that to the token itself?"""
    given, shares = network.sample, found.tokens
    if given is None or shares is None or not (shares.are_next or shares.are_given):
        return False
    tokens = tensors_in(given)[shares.place]
    axis, length = shares.axis, tokens.shape[shares.axis]
    _, call = _caller(network, weights)
    base = _answers(call(given), tokens)
    again = _answers(call(given, seed=1), tokens)
    if base is None or again is None or _moved_at(base, again, axis, slice(None)).any():
        return False
    at = length - 1
    if shares.ignored <= 0.2 * max(1, shares.counted):
        at = length // 2
    others = _answers(call(_with_other_token(given, tokens, axis, at)), tokens)
    if others is None:
        return False
    found.later = _more(found.later, float(_moved_at(base, others, axis, slice(at - 1, at)).float().mean()))
    found.own = _more(found.own, float(_moved_at(base, others, axis, slice(at, at + 1)).float().mean()))
    return True


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

    def part(value: Any) -> Any:
        return new if value is tokens else value

    return changed(given[0], part), changed(given[1], part)
