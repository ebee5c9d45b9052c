# pyright: basic
"""Keeps rows that a network learns from, with how its answers become a loss, to ask it again at the end."""

from __future__ import annotations

import random
import weakref
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from trainlab.diagnosis.probe.loss_addends import Total
from trainlab.diagnosis.probe.network_copies import Followed, Node, TokenTargets
from trainlab.diagnosis.probe.probe_state import ProbeState
from trainlab.diagnosis.probe.reading import Fingerprints


@dataclass(slots=True, eq=False)
class Kept:
    """A batch: the call whose answers met targets, how these became a loss, and what backward was given.

    `met` is the loss function's own value, which may be one for each place; `loss` is one number.

    What the call was given may come from calls before it, as a decoder's state from an encoder: all of them
    are made again, in their order. Batches of one pass share them, and have the same `of`.
    """

    call: Node
    answer: Node
    met: Node
    loss: Node
    end: Node | None
    target: torch.Tensor
    shape: tuple[int, ...]
    """The shape of the answers as the loss is given them."""
    rows: int
    size: int
    hashes: list[int]
    of: object
    by_row: bool
    """Whether what the network is given has as many rows; else they are all tokens of a batch, say."""
    said: torch.Tensor | None = None
    """What the network answered at the time, for the batch that a copy is checked by."""

    @property
    def given(self) -> Given:
        """What the network was given, where that comes from no other call."""
        return self.call.args, dict(self.call.kwargs)


Given = tuple[tuple[Any, ...], dict[str, Any]]


@dataclass(slots=True, eq=False)
class Pair:
    """Answers that met targets in the pass that is under way; `loss` once the loss's value is there."""

    index: int
    call: Node
    network: Network
    answer: Node
    target: torch.Tensor
    met: Node
    said: torch.Tensor
    loss: Node | None
    reduced: bool


@dataclass(slots=True, eq=False)
class Network:
    """One network: a copy that shares its numbers, to ask if it is gone by the end, and how it began."""

    name: str
    place: int
    module: weakref.ref[nn.Module]
    copy: nn.Module
    tensors: list[torch.Tensor]
    start: list[torch.Tensor]
    random: Any = None
    """The state of random numbers before the pass that a copy is checked by."""
    kept: dict[int, list[Kept]] = field(default_factory=dict[int, "list[Kept]"])
    """By the place of the loss in `record.losses`."""
    keys: set[int] = field(default_factory=set[int])
    offered: int = 0
    tries: int = 0
    leads_on: bool = False
    """Whether its output was seen to reach a loss through another network."""
    first: tuple[int, Kept] | None = None
    sample: Given | None = None
    total: Total | None = None
    targets: TokenTargets = field(default_factory=TokenTargets)


Shared = tuple[int, object, dict[int, Node]]
"""What the batches of a pass have in common: which one it is, the pass, and the nodes that are kept."""
MAX_BATCHES, MAX_ROWS, MAX_BYTES = 64, 1_024, 16_000_000
"""At most so many batches are kept for a network and a loss, with so many rows each (spread evenly over a
larger batch), in so much memory."""
MANY = 8
"""More networks than so many share what these may have of memory and time."""
MOST_HASHED = 4_096
"""Of a batch whose rows can't be told apart, so many numbers tell it from others."""


@dataclass(slots=True, eq=False)
class Pass:
    """Forward passes of networks, each given what comes from the ones before, up to the backward pass."""

    network: Network
    """The one that was called last."""
    call: Node
    given: list[torch.Tensor]
    """What the first one was given."""
    random: Any
    networks: list[Network]
    tokens: list[torch.Tensor] = field(default_factory=list[torch.Tensor])
    """What the last one was given, where that isn't the first."""
    calls: int = 1
    inside: bool = True
    losses_within: int = 0
    """So many loss functions were called in the network that was called last."""
    within: Node | None = None
    """Its call as one that answers losses within it, once such a one was seen."""
    cut: bool = False
    """Whether a number was taken out: what a later call is given may depend on it."""
    followed: Followed = field(default_factory=Followed)
    pairs: list[Pair] = field(default_factory=list[Pair])


class KeptRows:
    """Keeps batches of every network, evenly over the training, in bounded memory."""

    def __init__(self, state: ProbeState) -> None:
        self.state = state
        self._prints = Fingerprints()
        self._size = 0
        self._random = random.Random(0)

    def offer(self, now: Pass, pair: Pair, loss: Node, end: Node | None, of: Shared) -> None:
        """Keep a batch or not: each different one has the same chance."""
        network, target, number = pair.network, pair.target, of[0]
        rows = target.shape[0] if target.dim() else 1
        by_row = any(one.shape[:1] == (rows,) for one in now.given)
        if not target.dim() or not rows:
            self.state.record.not_asked.setdefault(network.name, "its rows can't be told apart")
            return
        for one in now.networks:
            one.leads_on = True
        if by_row:
            hashes = [hash((number, row)) for row in self._hashes([*now.given, target], rows)]
        else:
            whole = tuple(self._prints.rows(one.detach().reshape(1, -1)[:, :MOST_HASHED], most=1)[0]
                          for one in (*now.given, target) if one.numel())  # fmt: skip
            hashes = [hash((number, whole, row)) for row in range(rows)]
        key = hash((pair.index, tuple(hashes)))
        if key in network.keys:
            return
        network.offered += 1
        kept = network.kept.setdefault(pair.index, [])
        full = len(kept) >= MAX_BATCHES or sum(one.rows for one in kept if one.by_row) >= MAX_ROWS
        full = full or sum(one.size for one in kept) >= MAX_BYTES or self._size >= MANY * MAX_BYTES
        spot = self._random.randrange(network.offered) if full else len(kept)
        if full and (spot >= len(kept) or kept[spot].said is not None):
            return
        one = self._keep(now, pair, loss, end, (rows, by_row), hashes, of)
        if one is None:
            self.state.record.not_asked.setdefault(network.name, "a batch takes too much memory")
            return
        network.keys.add(key)
        self._size += one.size - (kept[spot].size if full else 0)
        if network.first is None and now.random is not None:
            one.said = _said(pair.said, rows, -(-rows // one.rows))
            network.first, network.random = (pair.index, one), now.random
        if full:
            kept[spot] = one
        else:
            kept.append(one)

    def _keep(
        self, now: Pass, pair: Pair, loss: Node, end: Node | None, rows_by: tuple[int, bool],
        hashes: list[int], of: Shared,
    ) -> Kept | None:  # fmt: skip
        (rows, by_row), (_, shared, made) = rows_by, of
        every, size = 1, 0
        total = sum(map(bytes_of, [*now.given, pair.target]))
        if rows > 1:
            every = max(-(-rows // MAX_ROWS), -(-total // MAX_BYTES))
        if not by_row or now.calls > 1:
            if total > MAX_BYTES:
                return None
            every = 1  # which axis has the rows isn't known everywhere

        def part(value: Any) -> Any:
            nonlocal size
            if not isinstance(value, torch.Tensor):
                return value
            some = value.detach()
            some = some[::every] if every > 1 and some.dim() and some.shape[0] == rows else some
            size += some.numel() * some.element_size()
            return some.clone()

        made = made if every == 1 else {}
        answer = pair.answer.mapped(made, part)
        shape = tuple(pair.said.shape)
        if every > 1 and shape[:1] == (rows,):
            shape = (-(-rows // every), *shape[1:])
        return Kept(
            shape=shape,
            call=pair.call.mapped(made, part),
            answer=answer,
            met=pair.met.mapped(made, part),
            loss=loss.mapped(made, part),
            end=None if end is None else end.mapped(made, part),
            target=part(pair.target),
            rows=-(-rows // every),
            size=size,
            hashes=hashes[::every],
            of=shared,
            by_row=by_row and now.calls == 1,
        )

    def _hashes(self, tensors: list[torch.Tensor], rows: int) -> list[int]:
        columns: list[list[int]] = []
        for one in tensors:
            if one.numel() and one.dim() and one.shape[0] == rows:
                flat = one.detach().reshape(rows, -1)
                columns.append(self._prints.rows(flat, most=4 * MAX_ROWS))
        return [hash(row) for row in zip(*columns, strict=False)]


def bytes_of(tensor: torch.Tensor) -> int:
    """Return the memory that its numbers take."""
    return tensor.numel() * tensor.element_size()


def _said(said: torch.Tensor, rows: int, every: int) -> torch.Tensor | None:
    """Return the answers to the rows kept; None where rows can't be told apart in them."""
    if every == 1:
        return said.clone()
    return said[::every].clone() if said.dim() and said.shape[0] == rows else None
