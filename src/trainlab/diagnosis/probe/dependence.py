# pyright: basic
"""What answers depend on: a copy of the network is called again with rows that were changed.

A copy is asked with the weights that the network began with, before it has learnt to overlook anything,
and where these say nothing with those that it ended with. Rows are given to it in a number that none of
its axes has, so that shapes tell where the rows are.
"""

from __future__ import annotations

import contextlib
import random
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from trainlab.diagnosis.observed.answers import Dependence
from trainlab.diagnosis.probe import reading
from trainlab.diagnosis.probe.custom_gradients import own_gradients
from trainlab.diagnosis.probe.given_targets import ask_given, find_given
from trainlab.diagnosis.probe.hidden_words import hidden_words
from trainlab.diagnosis.probe.kept_rows import Given, Kept, Network
from trainlab.diagnosis.probe.network_copies import changed, copied, parts_of, tensors_in, tensors_of
from trainlab.diagnosis.probe.pass_calls import PassCalls
from trainlab.diagnosis.probe.same_answers import same_answers
from trainlab.diagnosis.probe.token_dependence import MOVED, ask_tokens, more
from trainlab.diagnosis.probe.unused_inputs import unused_inputs
from trainlab.diagnosis.torch_private import functions

COUNTS = (7, 11, 13, 17, 19, 23, 29, 5, 31, 3)
"""As many rows are asked as none of the network's axes has: the first of these numbers."""
AGAIN = 5
"""So many rows that come again in another batch are no chance."""
SECONDS = 2.0
"""A network is asked this long, in processor time: a report is wanted at once."""


def asked_of(network: Network, place: int, *, seconds: float = SECONDS) -> Dependence | None:
    """Return what the network's answers depend on; None where that can't be asked."""
    found = Dependence(name=network.name, network=place, tokens=network.targets.shares())
    batches = [one for batches in network.kept.values() for one in batches if one.by_row]
    kept = next((one for one in batches if one.rows >= COUNTS[-1]), None)
    asked, until = False, time.thread_time() + seconds
    given = None
    with contextlib.suppress(Exception):
        given = find_given(network)
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
            asked |= ask_tokens(found, network, partial(_caller, network, weights))
        if given is not None:
            with contextlib.suppress(Exception):
                found.given_target = ask_given(given, _caller(network, weights)[1])
    with contextlib.suppress(Exception):
        found.hidden = hidden_words(network, _caller(network, network.start))
    with contextlib.suppress(Exception):
        found.unused = unused_inputs(network, _caller(network, network.tensors))
    if time.thread_time() < until:
        _ask_more(found, network, kept)
    told = (
        asked,
        found.over_queries,
        found.own_gradients,
        found.given_target is not None,
        found.unused,
        found.hidden is not None,
        found.same is not None,
    )
    return found if any(told) else None


def _ask_more(found: Dependence, network: Network, kept: Kept | None) -> None:
    """Ask what its answers have in common, and what gradients it computes itself."""
    with contextlib.suppress(Exception):
        own = zip(tensors_of(network.copy), network.start, strict=True)
        others = [_drawn_near(one) if isinstance(of, nn.Parameter) else one for of, one in own]
        calls = [_caller(network, weights)[1] for weights in (network.start, network.tensors, others)]
        found.same = same_answers(network, kept, calls)
    with contextlib.suppress(Exception):
        sample = network.sample
        if sample is not None:
            found.own_gradients = own_gradients(lambda: _caller(network, network.start)[1](sample))


def _drawn_near(tensor: torch.Tensor) -> torch.Tensor:
    """Return other weights of about the same size, 1 at most, so that nothing is saturated by them.

    What is never negative, as a variance, stays so.
    """
    if not tensor.is_floating_point():
        return tensor
    near = tensor.clamp(-1, 1)
    drawn = near + (near.abs().mean() + 0.01) * functions.randn_like(tensor)
    return drawn.abs() if bool((tensor >= 0).all()) else drawn


def _caller(network: Network, weights: list[torch.Tensor]) -> tuple[nn.Module, Callable[..., Any]]:
    tensors = tensors_of(network.copy)
    model = copied(network.copy, tensors, lambda at: weights[at].clone())
    for part in reading.parts(model):
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
    return [one for _, part in parts_of(output) for one in _floats(part)]


def _ask_rows(found: Dependence, network: Network, weights: list[torch.Tensor], kept: Kept) -> bool:
    given = kept.given
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
    found.order = more(found.order, float(_changed(out, there).float().mean()))
    found.others = more(found.others, float(_changed(out, other)[1:].float().mean()))
    return True


def _regrouped(network: Network) -> bool:
    """Whether rows were kept again in other batches."""
    kept = [one for batches in network.kept.values() for one in batches if one.by_row]
    seen = Counter(row for one in kept for row in set(one.hashes))
    again = sum(count > 1 for count in seen.values())
    return again >= AGAIN


def _fresh(found: Dependence) -> Dependence:
    """Return it without the calls of a pass before: each pass has all of them."""
    for calls in (found.along_rows, found.moved, found.over_rows, found.over_queries):
        calls.clear()
    return found


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
