# pyright: basic
"""Asks copies of the networks, at the end, what they answer on rows that they were trained on."""

from __future__ import annotations

import contextlib
import os
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from trainlab.diagnosis.observed.answers import NAN, Answers, ModelAsked
from trainlab.diagnosis.observed.losses import LossTerms
from trainlab.diagnosis.observed.record import TrainingRecord
from trainlab.diagnosis.observed.torch_names import BINARY, CLASSES, OF_LOGITS
from trainlab.diagnosis.probe import module_parts
from trainlab.diagnosis.probe.constant_answers import best_constants
from trainlab.diagnosis.probe.dependence import SECONDS as DEPENDENCE_SECONDS
from trainlab.diagnosis.probe.dependence import asked_of
from trainlab.diagnosis.probe.global_state import random_state_kept, warnings_ignored
from trainlab.diagnosis.probe.kept_batches import Kept, Network
from trainlab.diagnosis.probe.kept_rows import MANY, Asking
from trainlab.diagnosis.probe.loss_terms import weighed
from trainlab.diagnosis.probe.network_copies import Unfit, copied, tensors_of
from trainlab.diagnosis.torch_private import distinct, functions, global_hooks

SECONDS = 1.0
"""How long a network is asked in each mode, in processor time (a busy machine mustn't change an outcome); it
is judged by the rows done until then. Of more than `MANY` networks each has less."""
SAME = 0.02
"""A copy's answers must match the network's to 2 % of the largest: mixed precision rounds a lot."""
FEW_VALUES = 8
"""Targets of at most so many different numbers are answers to choose from."""
ALIKE = 0.01
"""Answers that vary by less than 1 % of the targets (by 0.01 for a probability) count as one answer."""


@dataclass(slots=True)
class Said:
    """The answers to one batch: `out`, as the loss was given it, and the loss."""

    kept: Kept
    out: torch.Tensor
    loss: float


def ask(asking: Asking, record: TrainingRecord) -> None:
    """Ask each network and record its answers, or why it can't be asked."""
    seconds = SECONDS * min(1.0, MANY / max(1, len(asking.networks)))
    for place, network in asking.networks.items():
        if network is None:
            continue
        try:
            with random_state_kept(), _silence(), _no_hooks(), torch.no_grad():
                for index, kept in network.kept.items():
                    record.asked.append(_asked(network, place, index, kept, record, seconds))
            if not network.kept:
                record.not_asked.setdefault(network.name, "its answers weren't seen to meet targets")
        except Unfit as why:
            record.not_asked.setdefault(network.name, str(why))
        except Exception as error:
            record.not_asked.setdefault(
                network.name, f"a copy of it can't be called ({type(error).__name__})"
            )


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
    network: Network,
    place: int,
    index: int,
    kept: Sequence[Kept],
    record: TrainingRecord,
    seconds: float,
) -> ModelAsked:
    _check(network)
    model, tensors = _as_it_is(network)
    flags = {name: part.training for name, part in module_parts.named_parts(network.copy)}
    evaluated = _say(model, tensors, kept, lambda name: False, seconds=seconds)
    rows = [one.kept for one in evaluated]
    trained = _say(model, tensors, rows, lambda name: flags.get(name, True), seconds=seconds)
    evaluated = evaluated[: len(trained)]
    kind = record.losses[index].kind
    done = [one.kept for one in trained]
    constants = best_constants(kind, done, evaluated[0].out.shape)
    hashes = [row for one in done for row in one.hashes]
    return ModelAsked(
        name=network.name,
        loss=index,
        rows=sum(one.rows for one in done),
        unique=len(set(hashes)),
        constant_loss=constants,
        train=_answers(kind, trained),
        evaluation=_answers(kind, evaluated),
        apart=_apart(kind, trained, evaluated),
    )


def _as_it_is(network: Network) -> tuple[nn.Module, list[torch.Tensor]]:
    """Return a copy of the network as it is now, with tensors of its own, and these."""
    module = network.module()
    if module is None:
        module, tensors = network.copy, tensors_of(network.copy)
    else:
        tensors = tensors_of(module)
    clones = [tensor.detach().clone() for tensor in tensors]
    return copied(module, tensors, lambda at: clones[at]), clones


def _check(network: Network) -> None:
    """Have a copy of the network as it began answer the first batch: its answers must be the network's."""
    if network.first is None or network.first[1].said is None:
        raise Unfit("a copy of it can't be checked")
    kept, said = network.first[1], network.first[1].said
    tensors = tensors_of(network.copy)
    copy = copied(network.copy, tensors, lambda at: network.start[at].clone())
    torch.set_rng_state(network.random[0])
    np.random.set_state(network.random[1])
    random.setstate(network.random[2])
    if network.random[3]:  # dropout on a device draws from the device's own
        torch.cuda.set_rng_state_all(network.random[3])
    out = kept.answer.value(copy(*kept.given, **kept.named), {})
    if out.shape != said.shape:
        raise Unfit("a copy of it answers otherwise")
    off = float((out.float() - said.float()).abs().max())
    if not off <= SAME * float(said.float().abs().max()) + 1e-6:
        raise Unfit("a copy of it answers otherwise")


def _say(
    model: nn.Module, tensors: list[torch.Tensor], kept: Sequence[Kept], mode: Any, *, seconds: float
) -> list[Said]:
    """Return the answers to the batches in turn, as many as time allows; at least to one."""
    for name, part in module_parts.named_parts(model):
        part.training = mode(name)
    values = [tensor.clone() for tensor in tensors]
    started, said = time.thread_time(), list[Said]()
    for one in kept:
        if said and time.thread_time() - started > seconds:
            break
        output = model(*one.given, **one.named)
        known: dict[int, Any] = {}
        out = one.answer.value(output, known).detach()
        loss = float(one.loss.value(output, known).float().mean())
        said.append(Said(one, out.float(), loss))
        for tensor, value in zip(tensors, values, strict=True):
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
        return Answers(loss=loss, reached=reached, plain=NAN, constant=constant, right=reached)
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
    reached = float((out.argmax(1) == labels)[good].float().mean())
    constant = _spread(out.softmax(1)) < ALIKE
    return Answers(loss=loss, reached=reached, plain=NAN, constant=constant, right=reached)


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
            label = target.reshape(-1)
        outs.append(out)
        labels.append(functions.where((label >= 0) & (label < out.shape[-1]), label, -1))
    return functions.cat(outs), functions.cat(labels)


def _columns(said: Sequence[Said]) -> tuple[torch.Tensor, torch.Tensor] | None:
    """Return answers and targets ``[rows, columns]``; None where they don't fit each other."""
    if any(one.out.shape != one.kept.target.shape for one in said):
        return None
    pairs = [
        tuple(part.float().reshape(one.kept.rows, -1) for part in (one.out, one.kept.target)) for one in said
    ]
    if len({out.shape[1] for out, _ in pairs}) > 1:
        return None
    return functions.cat([out for out, _ in pairs]), functions.cat([target for _, target in pairs])


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
