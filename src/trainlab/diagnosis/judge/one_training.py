"""What the probe saw of one training among several, as if it had been alone: by its own steps and places."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, TypeVar

from trainlab.diagnosis.observed.data import LoaderRecord
from trainlab.diagnosis.observed.events import Event
from trainlab.diagnosis.observed.losses import LossCurve, LossRecord, LossTerm, LossTerms
from trainlab.diagnosis.observed.parts import Steps
from trainlab.diagnosis.observed.record import (
    Graph,
    NetworkRecord,
    Op,
    OptimizerRecord,
    ParamRecord,
    TrainingRecord,
)

T = TypeVar("T")
Ticks = Callable[[int], int]


def steps_of(record: TrainingRecord, numbers: Iterable[int]) -> Steps:
    """Return the steps of the trainings with these numbers, which are one."""
    steps = Steps()
    for number in numbers:
        steps.join(record.parts[number].steps)
    return steps


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
            replace(one, optimizer=optimizers.get(one.optimizer), last_tick=at(one.last_tick))
            if one.optimizer is not None
            else replace(one, last_tick=at(one.last_tick))
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
        graph_sizes=sorted(
            (at(tick), nodes, passes) for part in parts for tick, nodes, passes in part.graph_sizes
        ),
        retained_ticks=sorted((at(tick), alive) for part in parts for tick, alive in part.retained_ticks),
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
    return replace(
        one,
        last_judge_tick=at(last) if last >= 0 else last,
        eval_called_tick=_maybe(at, one.eval_called_tick),
    )


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
