"""The trainings of a script, told apart by what networks, optimizers and losses share; a record each."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from trainlab.diagnosis.observed.data import LoaderRecord
from trainlab.diagnosis.observed.events import Cut, Event, NoGradInside
from trainlab.diagnosis.observed.losses import LossCurve, LossRecord, LossTerm, LossTerms
from trainlab.diagnosis.observed.record import (
    Graph,
    NetworkRecord,
    Op,
    OptimizerRecord,
    ParamRecord,
    Part,
    Steps,
    TrainingRecord,
)
from trainlab.diagnosis.signals.training import optimizer_name

LEAST = 10
"""Fewer backward passes are no training: a look at one batch, a network that is tried out."""
_PASSED_ON = 0.25
"""A network that is evaluated between the steps of another in a quarter of its own passes answers it."""
_HANDED_ON = ("detach", "data", "argmax", "round", "sign", "tensor", "as_tensor")
"""What tensors are cut off by to be used again; numbers that are printed leave by `item` and the like."""
T = TypeVar("T")
Ticks = Callable[[int], int]


@dataclass(frozen=True, kw_only=True, slots=True)
class One:
    """A training by the name that the script gives its networks."""

    name: str
    record: TrainingRecord


def trainings_of(record: TrainingRecord) -> list[One]:
    """Return the trainings in the order in which they began; none where it is one, or isn't certain."""
    parts = record.parts
    learning = {number: part for number, part in parts.items() if part.backwards >= LEAST}
    if len(learning) < 2 or not all(part.steps.known for part in parts.values()):
        return []
    if any(one.training not in parts for one in (*record.losses, *record.loss_curves)):
        return []
    groups = _groups(record, learning)
    if len(groups) < 2:
        return []
    taken = _taken(record, groups)
    records = [record_of(record, numbers, taken[min(numbers)]) for numbers in groups]
    if any(not one.loss_curves for one in records):
        return []
    names = _unique([_name(one) for one in records])
    return [One(name=name, record=one) for name, one in zip(names, records, strict=True)]


def _groups(record: TrainingRecord, learning: dict[int, Part]) -> list[set[int]]:
    """Return the numbers of each training.

    Networks that take turns, of which one is asked for what another learns from, are one: as an actor and
    its critic, of which only numbers pass to and fro.
    """
    groups = [{number} for number in learning]
    linked = True
    while linked:
        linked = False
        for one in groups:
            other = next((more for more in groups if more is not one and _depend(record, one, more)), None)
            if other is not None:
                groups.remove(other)
                one |= other
                linked = True
                break
    return sorted(groups, key=lambda group: min(learning[number].steps.first for number in group))


def _depend(record: TrainingRecord, one: set[int], other: set[int]) -> bool:
    mine, theirs = (steps_of(record, numbers) for numbers in (one, other))
    if not _take_turns(mine, theirs):
        return False
    return _answers(record, one, mine) or _answers(record, other, theirs)


def _take_turns(one: Steps, other: Steps) -> bool:
    """Whether steps of both come one after the other, again and again."""
    if not one.count or not other.count:
        return True
    return one.first < other.last and other.first < one.last


def _answers(record: TrainingRecord, numbers: set[int], steps: Steps) -> bool:
    """Whether numbers of its network leave the graph while it trains, other than to be printed or judged."""
    params = {key for number in numbers for key in record.parts[number].params}
    networks = [one for one in record.networks if params & set(one.params)]
    if any(one.judge_ticks > _PASSED_ON * max(1, steps.count) for one in networks):
        return True
    cuts = [one for one in record.events if isinstance(one, Cut | NoGradInside) and one.params & params]
    return any(
        isinstance(one, NoGradInside) or (one.name in _HANDED_ON and one.ticks > _PASSED_ON * LEAST)
        for one in cuts
    )


def _taken(record: TrainingRecord, groups: list[set[int]]) -> dict[int, set[int]]:
    """Return the parameters of each training: its own, and those of networks that only answer it."""
    taken = {
        min(numbers): {key for number in numbers for key in record.parts[number].params} for numbers in groups
    }
    owned = {key for keys in taken.values() for key in keys}
    spans = {min(numbers): steps_of(record, numbers) for numbers in groups}
    for network in record.networks:
        if not network.params or owned & set(network.params):
            continue
        for number, steps in spans.items():
            if network.first_tick <= steps.last and network.last_tick >= steps.first:
                taken[number] |= set(network.params)
    return taken


# What the probe saw of one training among several, as if it had been alone: by its own steps and places.


def record_of(record: TrainingRecord, numbers: set[int], keys: set[int]) -> TrainingRecord:
    """Return what was seen of the training with these numbers and parameters, by its own steps.

    What belongs to the script as a whole, as loss scaling or other frameworks, every one of them has.
    """
    parts = [record.parts[number] for number in sorted(numbers)]
    steps = steps_of(record, numbers)
    at = functools.cache(steps.before)  # of each parameter the same ticks are asked for
    main = max(parts, key=lambda part: part.data.fingerprinted)
    networks = _places(record.networks, lambda one: bool(keys & set(one.params)))
    optimizers = _places(record.optimizers, lambda one: bool(keys & set(one.params)))
    losses = _places(record.losses, lambda one: one.training in numbers)
    activations = _places(record.activations, lambda one: one.training in numbers)
    names = {record.networks[place].name for place in networks}
    asked = [replace(one, loss=losses[one.loss]) for one in record.asked if one.loss in losses]

    def op(one: Op | None) -> Op | None:
        if one is None:
            return None
        return replace(
            one,
            tick=at(one.tick),
            loss=None if one.loss is None else losses.get(one.loss),
            activation=None if one.activation is None else activations.get(one.activation),
        )

    return TrainingRecord(
        tick=steps.count,
        backwards=sum(part.backwards for part in parts),
        seconds=sum(part.seconds for part in parts),
        ended=record.ended,
        params={
            key: _param(param, at, optimizers, networks)
            for key, param in record.params.items()
            if key in keys
        },
        optimizers=[_optimizer(record.optimizers[place], new, at) for place, new in optimizers.items()],
        schedulers=[
            replace(one, optimizer=None if one.optimizer is None else optimizers[one.optimizer])
            for one in record.schedulers
            if one.optimizer is None or one.optimizer in optimizers
        ],
        networks=[_network(record.networks[place], at) for place in networks],
        loss_curves=[_curve(one, at) for one in record.loss_curves if one.training in numbers],
        losses=[_loss(record.losses[place], at) for place in losses],
        activations=[
            replace(one, ticks=[at(tick) for tick in one.ticks])
            for place in activations
            for one in [record.activations[place]]
        ],
        graphs=[_graph(one, at, op) for one in record.graphs if one.training in numbers],
        graph_passes=[passes for part in parts for passes in part.graph_passes],
        loaders=_loaders(record.loaders, numbers),
        data=replace(main.data, nonfinite_input=_maybe(at, main.data.nonfinite_input)),
        events=[_event(one, at) for one in record.events if _concerns(one, numbers, keys)],
        clips=sorted((at(tick), norm, limit) for part in parts for tick, norm, limit in part.clips),
        judged_accuracy=sorted(
            (at(tick), share, count, several)
            for part in parts
            for tick, share, count, several in part.judged_accuracy
        ),
        asked=asked,
        dependences=[
            replace(one, network=networks[one.network])
            for one in record.dependences
            if one.network in networks
        ],
        terms=[
            LossTerms(networks[one.network], _terms(one.start, losses))
            for one in record.terms
            if one.network in networks
        ],
        not_asked={
            name: why
            for name, why in record.not_asked.items()
            if name in names and not any(one.name == name for one in asked)
        },
        uses_scaler=record.uses_scaler,
        restored=record.restored,
        torch_imported=record.torch_imported,
        compiled_calls=record.compiled_calls,
        other_threads=record.other_threads,
        other_processes=record.other_processes,
        other_frameworks=list(record.other_frameworks),
        troubles=[],
    )


def steps_of(record: TrainingRecord, numbers: Iterable[int]) -> Steps:
    """Return the steps of the trainings with these numbers, which are one."""
    steps = Steps()
    for number in numbers:
        steps.join(record.parts[number].steps)
    return steps


def _terms(terms: Iterable[LossTerm], losses: dict[int, int]) -> tuple[LossTerm, ...]:
    return tuple(one if one.loss is None else replace(one, loss=losses.get(one.loss)) for one in terms)


def _places(things: list[T], wanted: Callable[[T], bool]) -> dict[int, int]:
    """Return the old places of what is wanted with its new ones."""
    kept = [place for place, one in enumerate(things) if wanted(one)]
    return {place: new for new, place in enumerate(kept)}


def _maybe(at: Ticks, tick: int | None) -> int | None:
    return None if tick is None else at(tick)


def _param(
    param: ParamRecord, at: Ticks, optimizers: dict[int, int], networks: dict[int, int]
) -> ParamRecord:
    return replace(
        param,
        optimizers={optimizers[index] for index in param.optimizers if index in optimizers},
        owner=None if param.owner is None else networks.get(param.owner),
        ticks=[at(tick) for tick in param.ticks],
        **{name: list(getattr(param, name)) for name in ("grad_rms", "grad_zeros", "weight_rms", "update")},
    )


def _optimizer(one: OptimizerRecord, index: int, at: Ticks) -> OptimizerRecord:
    return replace(
        one,
        index=index,
        first_tick=at(one.first_tick),
        last_tick=at(one.last_tick),
        lr=[(at(tick), rate) for tick, rate in one.lr],
    )


def _network(one: NetworkRecord, at: Ticks) -> NetworkRecord:
    last = one.last_judge_tick
    return replace(one, last_judge_tick=at(last) if last >= 0 else last)


def _curve(one: LossCurve, at: Ticks) -> LossCurve:
    return replace(
        one,
        ticks=[at(tick) for tick in one.ticks],
        first={at(tick): value for tick, value in one.first.items()},
        first_nonfinite=_maybe(at, one.first_nonfinite),
    )


def _loss(one: LossRecord, at: Ticks) -> LossRecord:
    fits = [replace(fit, tick=at(fit.tick)) for fit in one.fits]
    return replace(one, fits=fits, judged=[replace(fit, tick=at(fit.tick)) for fit in one.judged])


def _graph(graph: Graph, at: Ticks, op: Callable[[Op | None], Op | None]) -> Graph:
    """Return the graph; nodes of one call still have one `Op`."""
    ops = {id(node.op): op(node.op) for node in graph.nodes if node.op is not None}
    nodes = [node if node.op is None else replace(node, op=ops[id(node.op)]) for node in graph.nodes]
    return replace(graph, tick=at(graph.tick), nodes=nodes)


def _loaders(loaders: list[LoaderRecord], numbers: set[int]) -> list[LoaderRecord]:
    """Return the loaders that are known to feed the training."""
    passes = [(one, sum(one.by_training.get(number, 0) for number in numbers)) for one in loaders]
    return [replace(one, passes=count) for one, count in passes if count]


def _concerns(event: Event, numbers: set[int], keys: set[int]) -> bool:
    params: set[int] = getattr(event, "params", set())
    return bool(params & keys) if params else event.training in numbers


def _event(event: Event, at: Ticks) -> Event:
    ticks: dict[str, Any] = {"tick": at(event.tick)}
    last: int = getattr(event, "last_tick", -1)
    return replace(event, **ticks, **({"last_tick": at(last)} if last >= 0 else {}))


def _name(record: TrainingRecord) -> str:
    """Return the names of the networks that learn, without parts of others; without any, the optimizer's."""
    learns = [
        one
        for one in record.networks
        if one.learn_in_train + one.learn_in_eval and any(record.params[key].reached for key in one.params)
    ]
    whole = [one for one in learns if not any(set(one.params) < set(other.params) for other in learns)]
    names = list(dict.fromkeys(one.name for one in whole or record.networks))
    if not names:
        names = [optimizer_name(one) for one in record.optimizers if one.steps]
    if len(names) > 3:
        return f"{', '.join(names[:2])} and {len(names) - 2} more"
    return " and ".join(names) or "a training"


def _unique(names: list[str]) -> list[str]:
    """Return the names; of those that are alike with their number: ``model #2``."""
    counts, met = Counter(names), Counter[str]()
    unique: list[str] = []
    for name in names:
        met[name] += 1
        unique.append(f"{name} #{met[name]}" if counts[name] > 1 else name)
    return unique
