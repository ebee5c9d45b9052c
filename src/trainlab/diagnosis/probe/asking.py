# pyright: basic
"""Follows the passes of networks to their losses, and has rows kept to ask the networks by at the end."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import nn

from trainlab.diagnosis.observed.record import NetworkRecord
from trainlab.diagnosis.observed.torch_names import CLASSES
from trainlab.diagnosis.probe.global_state import random_states
from trainlab.diagnosis.probe.kept_rows import MANY, KeptRows, Network, Pair, Pass, bytes_of
from trainlab.diagnosis.probe.loss_addends import MOST_TERMS, Addend, addends, total_of
from trainlab.diagnosis.probe.losses import DIFFERENCES, LOSSES, pair_of
from trainlab.diagnosis.probe.losses_within import counts, is_given, node_within, within, without_targets
from trainlab.diagnosis.probe.network_copies import MAX_BYTES as MOST
from trainlab.diagnosis.probe.network_copies import (
    CallOf,
    Node,
    Unfit,
    changed,
    comes_from,
    copied,
    is_plain,
    tensors_in,
    tensors_of,
)
from trainlab.diagnosis.probe.probe_state import ProbeState
from trainlab.diagnosis.probe.reading import are_readable
from trainlab.diagnosis.probe.tensor_registry import KEY

F = TypeVar("F", bound=Callable[..., None])
SAMPLE_BYTES = 1_000_000
"""Of what a network is first given, as much is kept whole, to ask what its answers depend on."""
MAX_NETWORKS, TRIES = 32, 5
"""At most so many networks are asked, and none whose first passes lead to no loss."""
MAX_CALLS_A_PASS = 200


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
        self._pass: Pass | None = None
        self._rows = KeptRows(state)
        self._size = 0

    def drop(self) -> None:
        """A network is called that isn't asked, or not to learn: any pass under way is over."""
        self._pass = None

    @_harmless
    def begin(self, module: nn.Module, root: NetworkRecord, args: Any, kwargs: dict[str, Any] | None) -> None:
        """A network is called to learn; `kwargs` is None where its keyword arguments aren't known."""
        before, self._pass = self._pass, None
        if not self.wanted or not self.state.sampling:
            return
        place = next(at for at, one in enumerate(self.state.record.networks) if one is root)
        if place not in self.networks and len(self.networks) < MAX_NETWORKS:
            self._try(lambda: self._meet(place, module, root), place, root)
        network = self.networks.get(place)
        if network is None or network.module() is not module:
            return
        given = tensors_in((args, kwargs))
        follows = before is not None and before.followed.has((args, kwargs))
        if follows and before is not None and before.cut:
            return  # what it's given may have been chosen by an answer, and would be another one now
        known = before.followed.node if follows and before is not None else lambda one: None
        if kwargs is None or not is_plain(args) or not is_plain(kwargs):
            self._refuse(place, root, "what it's given can't be kept")
        elif any(one.requires_grad and known(one) is None for one in given):
            self._refuse(place, root, "what it's given comes from another network")
        elif not given or not are_readable(given):
            self._refuse(place, root, "what it's given isn't plain tensors")
        elif follows and before is not None:
            self._go_on(before, network, args, kwargs)
        else:
            self._start(network, place, root, args, kwargs)

    def _start(
        self, network: Network, place: int, root: NetworkRecord, args: Any, kwargs: dict[str, Any]
    ) -> None:
        given = tensors_in((args, kwargs))
        network.tries += network.first is None and not network.leads_on
        if network.tries > TRIES:
            self.unmet[place] = network
            self._refuse(place, root, "its answers aren't seen to meet targets")
            return
        call = Node((), CallOf(place), args, tuple(kwargs.items()))
        unchecked = network.first is None
        self._pass = Pass(network, call, given, random_states() if unchecked else None, [network])
        self._keep_sample(network, args, kwargs)

    def _keep_sample(self, network: Network, args: Any, kwargs: dict[str, Any]) -> None:
        if network.sample is None and sum(map(bytes_of, tensors_in((args, kwargs)))) <= SAMPLE_BYTES:
            network.sample = changed(args, _cloned), changed(kwargs, _cloned)

    def _go_on(self, now: Pass, network: Network, args: Any, kwargs: dict[str, Any]) -> None:
        """A network is given what comes from another one, or from its own call before."""
        named = tuple((key, now.followed.noded(one)) for key, one in kwargs.items())
        now.call = Node((), CallOf(network.place), now.followed.noded(args), named)
        now.network, now.inside, now.calls = network, True, now.calls + 1
        now.losses_within, now.within = 0, None
        now.tokens = tensors_in((args, kwargs))
        self._keep_sample(network, args, kwargs)
        if not any(one is network for one in now.networks):
            now.networks.append(network)
        self._pass = now if now.calls <= MAX_CALLS_A_PASS else None

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
        tensors = tensors_of(module)
        self._size += sum(tensor.numel() * tensor.element_size() for tensor in tensors)
        if self._size > MANY * MOST:
            raise Unfit("there are too many networks to ask all of them")
        self.networks[place] = Network(
            name=root.name,
            place=place,
            module=weakref.ref(module),
            copy=copied(module, tensors, lambda at: tensors[at]),
            tensors=[tensor.detach() for tensor in tensors],
            start=[tensor.detach().clone() for tensor in tensors],
        )

    @_harmless
    def made(self, output: Any) -> None:
        """The network has answered; a loss that is a module answers after it."""
        if self._pass is not None and self._pass.inside:
            self._pass.inside = False
            self._pass.followed.made(output, self._pass.call)

    @_harmless
    def taken_out(self, value: Any) -> None:
        """A number was read out of a tensor, or written into one where it can't be followed."""
        now = self._pass
        if now is not None and not now.inside and now.followed.has(value):
            now.cut = True

    @_harmless
    def called(self, func: Any, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> None:
        """A function was called: does an answer meet its target, or become a loss?"""
        now = self._pass
        if now is None or not isinstance(out, torch.Tensor | tuple):
            return
        pair = pair_of(name, args, kwargs) if name in LOSSES else None
        if pair is not None and name in CLASSES:
            tokens = now.tokens or now.given
            tokens = without_targets(tokens, now.call, pair[1]) if now.inside else tokens
            now.network.targets.compare(tokens, pair[1], self.state.deferred)
        if now.inside and not self._follows_within(now, pair, name, args, kwargs):
            return
        answer = now.followed.node(pair[0]) if pair is not None else None
        node = now.followed.called(func, args, kwargs, out)
        if node is None or not isinstance(out, torch.Tensor):
            return
        if pair is not None and answer is not None and not pair[1].requires_grad:
            index = self._loss_of(out)
            if index is not None:
                reduced = out.numel() == 1
                loss = node if name not in DIFFERENCES and reduced else None
                said = pair[0].detach()
                now.pairs.append(
                    Pair(
                        index, now.within or now.call, now.network, answer, pair[1], node, said, loss, reduced
                    )
                )
                return
        if out.dim() == 0 and out.requires_grad:
            for one in now.pairs:
                if one.loss is None and comes_from(node, one.met):
                    one.loss = node

    def _follows_within(
        self, now: Pass, pair: Any, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> bool:
        """Whether a loss is computed in the network itself; what comes of it there is followed, too."""
        if counts(name, args, kwargs):
            if not pair[1].requires_grad and is_given(pair[1], now.tokens or now.given):
                now.within = now.within or within(now.call)
                now.followed.enter(pair[0], node_within(now.within, now.losses_within, pair[0], args, kwargs))
            now.losses_within += 1
        return now.within is not None

    def _loss_of(self, out: torch.Tensor) -> int | None:
        node: Any = out.grad_fn
        op = None if node is None else node.metadata.get(KEY)
        return None if op is None else op.loss

    @_harmless
    def backward(self, loss: torch.Tensor) -> None:
        """A backward pass begins: keep the rows of the forward pass before it."""
        now, self._pass = self._pass, None
        if now is None or now.inside or not now.pairs:
            return
        end = now.followed.node(loss)
        whole = end is not None and len(now.pairs) == 1 and len(addends(end)) == 1
        of, made = object(), dict[int, Node]()
        for number, pair in enumerate(now.pairs):
            if end is not None and comes_from(end, pair.met):
                # What was masked and added up is a mean only once it's divided: at the end.
                pair.loss = end if pair.loss is None or (whole and not pair.reduced) else pair.loss
            if pair.loss is not None:
                self._rows.offer(now, pair, pair.loss, end, (number, of, made))
        if now.network.total is None and end is not None and now.calls == 1:
            self._keep_total(now, end)

    def _keep_total(self, now: Pass, end: Node) -> None:
        """Keep the terms of a loss that is a sum, to weigh them at the end."""
        found = addends(end)
        if not 2 <= len(found) <= MOST_TERMS or sum(map(bytes_of, now.given)) > SAMPLE_BYTES:
            return
        terms: list[Addend] = []
        for one in found:
            pairs = [pair.index for pair in now.pairs if comes_from(one.node, pair.met)]
            terms.append(Addend(one.node, one.factor, pairs[0] if len(pairs) == 1 else None))
        now.network.total = total_of(CallOf(now.network.place), terms)


def _cloned(value: Any) -> Any:
    return value.detach().clone() if isinstance(value, torch.Tensor) else value
