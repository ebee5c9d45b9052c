# pyright: basic
"""Networks asked at the end: what they have learnt, beside the best constant answers."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from trainlab.diagnosis.observed.answers import NAN, Answers, ModelAsked, RareRows
from trainlab.diagnosis.observed.losses import LossTerms
from trainlab.diagnosis.observed.record import TrainingRecord
from trainlab.diagnosis.observed.torch_names import BINARY, CLASSES, OF_LOGITS
from trainlab.diagnosis.probe import reading
from trainlab.diagnosis.probe.asking import Asking
from trainlab.diagnosis.probe.best_constants import best_constants
from trainlab.diagnosis.probe.dependence import SECONDS as DEPENDENCE_SECONDS
from trainlab.diagnosis.probe.dependence import asked_of
from trainlab.diagnosis.probe.global_state import random_state_kept, set_random_states, warnings_ignored
from trainlab.diagnosis.probe.kept_rows import MANY, Kept, Network
from trainlab.diagnosis.probe.loss_addends import weighed
from trainlab.diagnosis.probe.losses_within import as_asked
from trainlab.diagnosis.probe.network_copies import CallOf, Unfit, copied, nodes_above, tensors_of
from trainlab.diagnosis.probe.probe_state import Unheard
from trainlab.diagnosis.probe.scored_padding import scored_padding, weights_of
from trainlab.diagnosis.probe.turned_targets import turned_targets
from trainlab.diagnosis.torch_private import distinct, functions, global_hooks

SECONDS = 1.0
"""How long a network is asked in each mode, in processor time (a busy machine mustn't change an outcome); it
is judged by the rows done until then. Of more than `MANY` networks each has less."""
SAME = 0.02
"""A copy's answers must match the network's to 2 % of the largest: mixed precision rounds a lot."""
FEW_VALUES = 8
"""Targets of at most so many different numbers are answers to choose from."""
FEWEST_OTHERS = 4
"""Of fewer rows the others tell little."""
ALIKE = 0.01
"""Answers that vary by less than 1 % of the targets (by 0.01 for a probability) count as one answer."""


@dataclass(slots=True)
class Said:
    """The answers to one batch, as the loss was given them, the loss; `end` is what backward would get."""

    kept: Kept
    out: torch.Tensor
    loss: float
    end: float


@dataclass(slots=True)
class _Model:
    """A copy of a network to be asked, with its tensors and their values."""

    module: nn.Module
    tensors: list[torch.Tensor]
    values: list[torch.Tensor]
    modes: dict[str, bool]
    """The mode of each part when the network was met."""


def ask(asking: Asking, record: TrainingRecord, *, heard: bool) -> None:
    """Ask each network and record its answers, or why it can't be asked.

    `heard` says whether functions may be heard here, as they must be in a network that computes its own loss.
    """
    seconds = SECONDS * min(1.0, MANY / max(1, len(asking.networks)))
    for place, network in asking.networks.items():
        if network is None:
            continue
        try:
            with random_state_kept(), _silence(), _no_hooks(), torch.no_grad():
                for index, kept in network.kept.items():
                    with contextlib.nullcontext() if heard and _is_within(kept) else Unheard():
                        record.asked.append(_asked(asking, place, index, kept, record, seconds))
            if not network.kept and not network.leads_on:
                record.not_asked.setdefault(network.name, "its answers weren't seen to meet targets")
        except Unfit as why:
            record.not_asked.setdefault(network.name, str(why))
        except Exception as error:
            record.not_asked.setdefault(
                network.name, f"a copy of it can't be called ({type(error).__name__})"
            )


def _is_within(kept: Sequence[Kept]) -> bool:
    return any(isinstance(one.call.func, CallOf) and one.call.func.within for one in kept)


def ask_what_they_depend_on(asking: Asking, record: TrainingRecord) -> None:
    """Enter what the answers of each network depend on, where that can be asked; functions are heard here."""
    networks = {place: one for place, one in (asking.networks | asking.unmet).items() if one is not None}
    seconds = DEPENDENCE_SECONDS * min(1.0, MANY / max(1, len(networks)))
    for place, network in networks.items():
        with contextlib.suppress(Exception), random_state_kept(), _silence(), _no_hooks(), torch.no_grad():
            depends = asked_of(network, place, seconds=seconds)
            record.dependences += [] if depends is None else [depends]
        with contextlib.suppress(Exception), random_state_kept(), _silence(), _no_hooks():
            if network.total is not None:
                terms = weighed(network.copy, network.start, network.total)
                record.terms.append(LossTerms(place, tuple(terms)))


def _asked(
    asking: Asking, place: int, index: int, kept: Sequence[Kept], record: TrainingRecord, seconds: float
) -> ModelAsked:
    network = asking.networks[place]
    assert network is not None
    networks = _networks_of(asking, kept)
    _check(networks, network)
    models = {call: _as_it_is(one) for call, one in networks.items()}
    kept = sorted(kept, key=lambda one: id(one.of))  # those of one pass have calls in common
    evaluated = _say(models, kept, lambda model, name: False, seconds=seconds)
    rows = [one.kept for one in evaluated]
    trained = _say(models, rows, lambda model, name: model.modes.get(name, True), seconds=seconds)
    evaluated = evaluated[: len(trained)]
    kind = record.losses[index].kind
    done = [one.kept for one in trained]
    constants = best_constants(kind, done, evaluated[0].out.shape)
    hashes = [row for one in done for row in one.hashes]
    padding = turned = None
    with contextlib.suppress(Exception):
        turned = turned_targets(done)
    with contextlib.suppress(Exception):
        padding = scored_padding(kind, *_classes(evaluated), done) if kind in CLASSES else None
    return ModelAsked(
        name=network.name,
        loss=index,
        rows=sum(one.rows for one in done),
        unique=len(set(hashes)),
        constant_loss=constants,
        train=_answers(kind, trained),
        evaluation=_answers(kind, evaluated),
        apart=_apart(kind, trained, evaluated),
        end=float(np.average([one.end for one in trained], weights=[one.rows for one in done])),
        of_tokens=not all(one.by_row for one in done),
        padding=padding,
        own=float(np.average([one.loss for one in trained], weights=[one.kept.rows for one in trained])),
        of_others=_with_others(trained),
        turned=turned,
    )


def _with_others(said: Sequence[Said]) -> float:
    """Return the loss with all answers dealt out anew among the rows; NaN if unknown."""
    outs, counts = [one.out for one in said], [one.out.shape[:1] for one in said]
    if any(one.out.dim() == 0 or one.out.shape[1:] != outs[0].shape[1:] for one in said):
        return NAN
    whole = functions.cat(outs)
    if len(whole) < FEWEST_OTHERS:
        return NAN
    dealt = functions.from_numpy(np.random.default_rng(0).permutation(len(whole))).to(whole.device)
    turned = whole[dealt].split([int(count[0]) for count in counts])
    total = rows = 0.0
    for one, out in zip(said, turned, strict=True):
        given: Any = out.to(one.kept.target.dtype) if one.kept.target.is_floating_point() else out
        with contextlib.suppress(Exception):
            total += float(one.kept.loss.value({id(one.kept.answer): given}).float().mean()) * one.kept.rows
            rows += one.kept.rows
    return total / rows if rows == sum(one.kept.rows for one in said) else NAN


def _networks_of(asking: Asking, kept: Sequence[Kept]) -> dict[CallOf, Network]:
    """Return the networks that are called on the way to the answers."""
    found: dict[CallOf, Network] = {}
    for one in kept:
        for node in nodes_above(one.end or one.loss):
            if isinstance(node.func, CallOf) and node.func not in found:
                network = asking.networks.get(node.func.place)
                if network is None:
                    raise Unfit("what it's given comes from another network")
                found[node.func] = network
    return found


def _as_it_is(network: Network) -> _Model:
    """Return a copy of the network as it is now, with tensors of its own."""
    module = network.module()
    if module is None:
        module, tensors = network.copy, tensors_of(network.copy)
    else:
        tensors = tensors_of(module)
    clones = [tensor.detach().clone() for tensor in tensors]
    modes = {name: part.training for name, part in reading.named_parts(network.copy)}
    return _Model(
        copied(module, tensors, lambda at: clones[at]), clones, [one.clone() for one in clones], modes
    )


def _check(networks: dict[CallOf, Network], network: Network) -> None:
    """Have copies as they began answer the first batch: the answers must be the network's."""
    if network.first is None or network.first[1].said is None:
        raise Unfit("a copy of it can't be checked")
    kept, said = network.first[1], network.first[1].said
    copies: dict[Any, Any] = {}
    for call, one in networks.items():
        tensors, start = tensors_of(one.copy), one.start
        copy = copied(one.copy, tensors, lambda at, start=start: start[at].clone())
        copies[call] = as_asked(call, copy)
    set_random_states(network.random)
    out = kept.answer.value(copies)
    if out.shape != said.shape:
        raise Unfit("a copy of it answers otherwise")
    off = float((out.float() - said.float()).abs().max())
    if not off <= SAME * float(said.float().abs().max()) + 1e-6:
        raise Unfit("a copy of it answers otherwise")


def _say(
    models: dict[CallOf, _Model],
    kept: Sequence[Kept],
    mode: Callable[[_Model, str], bool],
    *,
    seconds: float,
) -> list[Said]:
    """Return the answers to the batches in turn, as many as time allows; at least to one."""
    for model in models.values():
        for name, part in reading.named_parts(model.module):
            part.training = mode(model, name)
    started, said = time.thread_time(), list[Said]()
    of: object = None
    known: dict[Any, Any] = {}
    for one in kept:
        if one.of is not of:
            if said and time.thread_time() - started > seconds:
                break
            of, known = one.of, {call: as_asked(call, model.module) for call, model in models.items()}
        out = one.answer.value(known).detach()
        loss = float(one.loss.value(known).float().mean())
        end = NAN if one.end is None else float(one.end.value(known).float().mean())
        said.append(Said(one, out.float(), loss, end))
        for model in models.values():
            for tensor, value in zip(model.tensors, model.values, strict=True):
                tensor.copy_(value)  # running statistics of one batch mustn't reach the next
    return said


def _answers(kind: str, said: Sequence[Said]) -> Answers:
    weights = np.array([one.kept.rows for one in said], dtype=np.float64)
    loss = float(np.average([one.loss for one in said], weights=weights))
    if kind in CLASSES:
        return _of_classes(loss, said)
    pairs = _columns(said)
    if pairs is None:
        return Answers(loss=loss, reached=NAN, plain=NAN, constant=False)
    out, target = pairs
    if kind in BINARY:
        yes = (target > 0 if kind == "soft_margin_loss" else target > 0.5).float()
        # If a sigmoid came before by mistake, all outputs are probabilities.
        squashed = bool(out.min() >= 0) and bool(out.max() <= 1)
        share = out.sigmoid() if kind in OF_LOGITS and not squashed else out
        reached = float(((share > 0.5) == (yes > 0.5)).float().mean())
        constant = _spread(share) < ALIKE
        rare = (
            rare_rows(functions.cat([1 - share, share], 1), yes[:, 0].long()) if yes.shape[1] == 1 else None
        )
        return Answers(loss=loss, reached=reached, plain=NAN, constant=constant, right=reached, rare=rare)
    variance = float(target.var(0, unbiased=False).mean())
    squared = float(((out - target) ** 2).mean())
    if not variance > 0:
        return Answers(loss=loss, reached=NAN, plain=NAN, constant=False)
    return Answers(
        loss=loss,
        reached=1 - squared / variance,
        plain=squared / variance,
        constant=_spread(out) < ALIKE * variance**0.5,
        right=_nearest(out, target),
    )


def _of_classes(loss: float, said: Sequence[Said]) -> Answers:
    out, labels = _classes(said)
    good = labels >= 0
    if not bool(good.any()):
        return Answers(loss=loss, reached=NAN, plain=NAN, constant=False)
    reached = float((out.argmax(1) == labels)[good].float().mean())
    constant = _spread(out.softmax(1)) < ALIKE
    rare = rare_rows(out[good].softmax(1), labels[good])
    return Answers(loss=loss, reached=reached, plain=NAN, constant=constant, right=reached, rare=rare)


def rare_rows(shares: torch.Tensor, labels: torch.Tensor) -> RareRows | None:
    """Return how rows of other classes than the commonest are answered; None without any, or without others.

    Args:
        shares: ``[rows, classes]``.
        labels: ``[rows]``, the classes.
    """
    counts = functions.bincount(labels, minlength=shares.shape[1])
    commonest = int(counts.argmax())
    rare = labels != commonest
    if not bool(rare.any()) or bool(rare.all()):
        return None
    right = (shares.argmax(1) == labels)[rare].float().mean()
    of_rare, of_others = shares[rare, commonest], shares[~rare, commonest].sort().values
    below = functions.searchsorted(of_others, of_rare, right=False)
    upto = functions.searchsorted(of_others, of_rare, right=True)
    ranked = 1 - (below + upto).double().mean() / (2 * len(of_others))
    return RareRows(int(rare.sum()), len(labels), float(right), float(ranked))


def _nearest(out: torch.Tensor, target: torch.Tensor) -> float:
    """Return the share of rows nearer to their own target than to any other; NaN where these are many."""
    values = distinct(target)[0]
    if target.shape[1] != 1 or len(values) > FEW_VALUES:
        return NAN
    return float((values[(out - values).abs().argmin(1)] == target[:, 0]).float().mean())


def _spread(values: torch.Tensor) -> float:
    return float(values.std(0, unbiased=False).max()) if len(values) > 1 else NAN


def _classes(said: Sequence[Said]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return logits ``[rows, classes]`` and labels ``[rows]``, −1 where a target isn't one of the classes."""
    outs, labels = list[torch.Tensor](), list[torch.Tensor]()
    for one in said:
        out = one.out if one.out.dim() == 1 else one.out.movedim(1, -1)
        out = out.reshape(-1, out.shape[-1])
        target = one.kept.target
        if target.is_floating_point():
            soft = target if target.dim() == 1 else target.movedim(1, -1)
            label = soft.reshape(-1, out.shape[-1]).argmax(-1)
        else:
            label, weights = target.reshape(-1), weights_of(one.kept)
            if weights is not None:
                label = functions.where(weights.reshape(-1) != 0, label, -1)
        outs.append(out)
        labels.append(functions.where((label >= 0) & (label < out.shape[-1]), label, -1))
    return functions.cat(outs), functions.cat(labels)


def _columns(said: Sequence[Said]) -> tuple[torch.Tensor, torch.Tensor] | None:
    """Return answers and targets ``[rows, columns]``; None where they don't fit each other."""
    if any(one.out.shape != one.kept.target.shape for one in said):
        return None
    pairs = [_counted(one) for one in said]
    if len({out.shape[1] for out, _ in pairs}) > 1:
        return None
    return functions.cat([out for out, _ in pairs]), functions.cat([target for _, target in pairs])


def _counted(said: Said) -> tuple[torch.Tensor, torch.Tensor]:
    """Return answers and targets ``[rows, columns]``; if some don't count, one column of those that do."""
    out, target, weights = said.out.float(), said.kept.target.float(), weights_of(said.kept)
    if weights is not None and not bool(weights.all()):
        return out[weights != 0][:, None], target[weights != 0][:, None]
    return out.reshape(said.kept.rows, -1), target.reshape(said.kept.rows, -1)


def _apart(kind: str, trained: Sequence[Said], evaluated: Sequence[Said]) -> float:
    if kind in CLASSES:
        first, other = _classes(trained)[0], _classes(evaluated)[0]
        return float((first.argmax(1) != other.argmax(1)).float().mean())
    at_work, at_rest = _columns(trained), _columns(evaluated)
    if at_work is None or at_rest is None:
        return NAN
    (first, target), (other, _) = at_work, at_rest
    if kind in BINARY:
        edge = 0.0 if kind in OF_LOGITS else 0.5
        return float(((first > edge) != (other > edge)).float().mean())
    spread = float(target.std(0, unbiased=False).mean())
    return float((first - other).square().mean().sqrt()) / spread if spread > 0 else NAN


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Print nothing: what a network prints in its passes was printed in training."""
    with (
        open(os.devnull, "w", encoding="utf-8") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
        warnings_ignored(),
    ):
        yield


@contextlib.contextmanager
def _no_hooks() -> Iterator[None]:
    """Call no global module hooks except those of remedies, which are part of the training."""
    kept = [(hooks, dict(hooks)) for hooks in global_hooks()]
    try:
        for hooks, before in kept:
            hooks.clear()
            hooks.update({key: hook for key, hook in before.items() if _is_a_remedy_s(hook)})
        yield
    finally:
        for hooks, before in kept:
            hooks.clear()
            hooks.update(before)


def _is_a_remedy_s(hook: Any) -> bool:
    return str(getattr(hook, "__module__", "")).startswith("trainlab.diagnosis.remedies")
