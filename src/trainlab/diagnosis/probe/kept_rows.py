# pyright: basic
"""Keeps rows that a network learns from, with how its answers become a loss, to ask it again at the end."""

from __future__ import annotations

import functools
import random
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import torch
from torch import nn

from trainlab.diagnosis.observed.record import NetworkRecord
from trainlab.diagnosis.observed.torch_names import CLASSES
from trainlab.diagnosis.probe.fingerprints import Fingerprints
from trainlab.diagnosis.probe.graph_walk import KEY
from trainlab.diagnosis.probe.kept_batches import Kept, Network, Pair
from trainlab.diagnosis.probe.loss_terms import MOST_TERMS, Addend, addends, size_of, total_of
from trainlab.diagnosis.probe.losses import DIFFERENCES, LOSSES, pair_of
from trainlab.diagnosis.probe.network_copies import MAX_BYTES as MOST
from trainlab.diagnosis.probe.network_copies import Unfit, copied, tensors_of
from trainlab.diagnosis.probe.output_path import Followed, Node, changed, is_plain, tensors_in
from trainlab.diagnosis.probe.probe_state import ProbeState
from trainlab.diagnosis.probe.readable_tensors import are_readable

F = TypeVar("F", bound=Callable[..., None])
MAX_BATCHES, MAX_ROWS, MAX_BYTES = 64, 1_024, 16_000_000
"""At most so many batches are kept for a network and a loss, with so many rows each (spread evenly over a
larger batch), in so much memory."""
SAMPLE_BYTES = 1_000_000
"""Of what a network is first given, as much is kept whole, to ask what its answers depend on."""
MAX_NETWORKS, MANY, TRIES = 32, 8, 5
"""At most so many networks are asked, and none whose first passes lead to no loss. More than `MANY` share
what these may have of memory and time."""


@dataclass(slots=True, eq=False)
class _Pass:
    """A forward pass, from the call of the network to the backward pass."""

    network: Network
    given: tuple[Any, ...]
    named: dict[str, Any]
    inside: bool = True
    followed: Followed | None = None
    pairs: list[Pair] = field(default_factory=list[Pair])


def _harmless(method: F) -> F:
    """Let an error of a method's own end its pass, and nothing else."""

    @functools.wraps(method)
    def call(self: Asking, *args: Any, **kwargs: Any) -> None:
        try:
            method(self, *args, **kwargs)
        except Exception as error:
            if self._pass is not None:
                self.state.record.not_asked.setdefault(
                    self._pass.network.name, f"its answers can't be followed ({type(error).__name__})"
                )
            self._pass = None

    return call  # pyright: ignore[reportReturnType]


class Asking:
    """Listens beside `Calls`, `Listener` and `Backward`, in steps that are looked at closely."""

    def __init__(self, state: ProbeState, *, wanted: bool = True) -> None:
        self.state = state
        self.wanted = wanted
        self.networks: dict[int, Network | None] = {}
        """By the place of the network in `record.networks`; None once it's known that it can't be asked."""
        self.unmet: dict[int, Network] = {}
        """Those whose answers weren't seen to meet targets: what they depend on can be asked all the same."""
        self._pass: _Pass | None = None
        self._prints = Fingerprints()
        self._size = self._rows_size = 0
        self._random = random.Random(0)

    def drop(self) -> None:
        """A network is called: any pass under way is over."""
        self._pass = None

    @_harmless
    def begin(self, module: nn.Module, root: NetworkRecord, args: Any, kwargs: dict[str, Any] | None) -> None:
        """A network is called to learn; `kwargs` is None where its keyword arguments aren't known."""
        self._pass = None
        if not self.wanted or not self.state.sampling:
            return
        place = next(at for at, one in enumerate(self.state.record.networks) if one is root)
        if place not in self.networks and len(self.networks) < MAX_NETWORKS:
            self._try(lambda: self._meet(place, module, root), place, root)
        network = self.networks.get(place)
        if network is None or network.module() is not module:
            return
        given = tensors_in((args, kwargs))
        if kwargs is None or not is_plain(args) or not is_plain(kwargs):
            self._refuse(place, root, "what it's given can't be kept")
        elif any(one.requires_grad for one in given):
            self._refuse(place, root, "what it's given comes from another network")
        elif not given or not are_readable(given):
            self._refuse(place, root, "what it's given isn't plain tensors")
        else:
            network.tries += network.first is None
            if network.tries > TRIES:
                self.unmet[place] = network
                self._refuse(place, root, "its answers aren't seen to meet targets outside of it")
                return
            self._pass = _Pass(network, args, kwargs)
            if network.sample is None and sum(map(_bytes, given)) <= SAMPLE_BYTES:
                network.sample = changed(args, _cloned), changed(kwargs, _cloned)

    def _try(self, action: Any, place: int, root: NetworkRecord) -> None:
        try:
            action()
        except Unfit as why:
            self._refuse(place, root, str(why))
        except Exception as error:
            self._refuse(place, root, f"it can't be copied ({type(error).__name__})")

    def _refuse(self, place: int, root: NetworkRecord, why: str) -> None:
        self.networks[place] = None
        self.state.record.not_asked.setdefault(root.name, why)

    def _meet(self, place: int, module: nn.Module, root: NetworkRecord) -> None:
        import numpy as np

        tensors = tensors_of(module)
        self._size += sum(tensor.numel() * tensor.element_size() for tensor in tensors)
        if self._size > MANY * MOST:
            raise Unfit("there are too many networks to ask all of them")
        devices = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
        states = torch.get_rng_state(), np.random.get_state(), random.getstate(), devices
        self.networks[place] = Network(
            name=root.name,
            module=weakref.ref(module),
            copy=copied(module, tensors, lambda at: tensors[at]),
            tensors=[tensor.detach() for tensor in tensors],
            start=[tensor.detach().clone() for tensor in tensors],
            random=states,
        )

    @_harmless
    def made(self, output: Any) -> None:
        """The network has answered; a loss that is a module answers after it."""
        if self._pass is not None and self._pass.inside:
            self._pass.inside = False
            self._pass.followed = Followed(output)

    @_harmless
    def called(self, func: Any, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> None:
        """A function was called outside of the network: does an answer meet its target, or become a loss?"""
        now = self._pass
        if now is None or not isinstance(out, torch.Tensor):
            return
        pair = pair_of(name, args, kwargs) if name in LOSSES else None
        if pair is not None and name in CLASSES:
            given = tensors_in((now.given, now.named))
            now.network.targets.compare(given, pair[1], self.state.deferred)
        if now.inside or now.followed is None:
            return
        answer = now.followed.node(pair[0]) if pair is not None else None
        node = now.followed.called(func, args, kwargs, out)
        if node is None:
            return
        if pair is not None and answer is not None and not pair[1].requires_grad:
            index = self._loss_of(out)
            if index is not None:
                loss = node if name not in DIFFERENCES else None
                now.pairs.append(Pair(index, answer, pair[1], node, pair[0].detach(), loss))
                return
        if out.dim() == 0:
            for one in now.pairs:
                if one.loss is None and comes_from(node, one.met):
                    one.loss = node

    def _loss_of(self, out: torch.Tensor) -> int | None:
        node: Any = out.grad_fn
        op = None if node is None else node.metadata.get(KEY)
        return None if op is None else op.loss

    @_harmless
    def backward(self, loss: torch.Tensor) -> None:
        """A backward pass begins: keep the rows of the forward pass before it."""
        now, self._pass = self._pass, None
        if now is None or now.followed is None or not now.pairs:
            return
        end = now.followed.node(loss)
        for pair in now.pairs:
            if pair.loss is None and end is not None and comes_from(end, pair.met):
                pair.loss = end
            if pair.loss is not None:
                self._offer(now, pair, pair.loss)
        if now.network.total is None and end is not None:
            self._keep_total(now, end)

    def _keep_total(self, now: _Pass, end: Node) -> None:
        """Keep the terms of a loss that is a sum, to weigh them at the end."""
        found = addends(end)
        if not 2 <= len(found) <= MOST_TERMS or size_of(now.given, now.named) > SAMPLE_BYTES:
            return
        terms: list[Addend] = []
        for one in found:
            pairs = [pair.index for pair in now.pairs if comes_from(one.node, pair.met)]
            terms.append(Addend(one.node, one.factor, pairs[0] if len(pairs) == 1 else None))
        now.network.total = total_of(now.given, now.named, terms)

    def _offer(self, now: _Pass, pair: Pair, loss: Node) -> None:
        """Keep a batch or not: each different one has the same chance."""
        network, target = now.network, pair.target
        rows = target.shape[0] if target.dim() else 1
        if not target.dim() or all(one.shape[:1] != (rows,) for one in tensors_in((now.given, now.named))):
            self.state.record.not_asked.setdefault(network.name, "its rows can't be told apart")
            return
        hashes = self._hashes([*tensors_in((now.given, now.named)), target], rows)
        key = hash((pair.index, tuple(hashes)))
        if key in network.keys:
            return
        network.offered += 1
        kept = network.kept.setdefault(pair.index, [])
        full = len(kept) >= MAX_BATCHES or sum(one.rows for one in kept) >= MAX_ROWS
        full = full or sum(one.size for one in kept) >= MAX_BYTES or self._rows_size >= MANY * MAX_BYTES
        spot = self._random.randrange(network.offered) if full else len(kept)
        if full and (spot >= len(kept) or kept[spot].said is not None):
            return
        one = self._keep(now, pair, loss, rows, hashes)
        network.keys.add(key)
        self._rows_size += one.size - (kept[spot].size if full else 0)
        if network.first is None:
            one.said = _said(pair.said, rows, -(-rows // one.rows))
            network.first = (pair.index, one)
        if full:
            kept[spot] = one
        else:
            kept.append(one)

    def _keep(self, now: _Pass, pair: Pair, loss: Node, rows: int, hashes: list[int]) -> Kept:
        every, size = 1, 0
        tensors = [*tensors_in((now.given, now.named)), pair.target]
        total = sum(one.numel() * one.element_size() for one in tensors)
        if rows > 1:
            every = max(-(-rows // MAX_ROWS), -(-total // MAX_BYTES))

        def part(value: Any) -> Any:
            nonlocal size
            if not isinstance(value, torch.Tensor):
                return value
            some = value.detach()
            some = some[::every] if every > 1 and some.dim() and some.shape[0] == rows else some
            size += some.numel() * some.element_size()
            return some.clone()

        made: dict[int, Node] = {}
        answer = pair.answer.mapped(made, part)
        shape = tuple(pair.said.shape)
        if every > 1 and shape[:1] == (rows,):
            shape = (-(-rows // every), *shape[1:])
        return Kept(
            shape=shape,
            given=changed(now.given, part),
            named=changed(now.named, part),
            answer=answer,
            loss=loss.mapped(made, part),
            target=part(pair.target),
            rows=-(-rows // every),
            size=size,
            hashes=hashes[::every],
        )

    def _hashes(self, tensors: list[torch.Tensor], rows: int) -> list[int]:
        columns: list[list[int]] = []
        for one in tensors:
            if one.numel() and one.dim() and one.shape[0] == rows:
                flat = one.detach().reshape(rows, -1)
                columns.append(self._prints.rows(flat, most=4 * MAX_ROWS))
        return [hash(row) for row in zip(*columns, strict=False)]


def _bytes(tensor: torch.Tensor) -> int:
    return tensor.numel() * tensor.element_size()


def _cloned(value: Any) -> Any:
    return value.detach().clone() if isinstance(value, torch.Tensor) else value


def _said(said: torch.Tensor, rows: int, every: int) -> torch.Tensor | None:
    """Return the answers to the rows kept; None where rows can't be told apart in them."""
    if every == 1:
        return said.clone()
    return said[::every].clone() if said.dim() and said.shape[0] == rows else None


def comes_from(node: Node, other: Node) -> bool:
    """Whether a node is another one, or was computed from it."""
    met: set[int] = set()
    waiting: list[Any] = [node]
    while waiting:
        one = waiting.pop()
        if one is other:
            return True
        if id(one) not in met:
            met.add(id(one))
            changed((one.args, [value for _, value in one.kwargs]), lambda part: _more(part, waiting))
    return False


def _more(part: Any, waiting: list[Any]) -> Any:
    if isinstance(part, Node):
        waiting.append(part)
    return part
