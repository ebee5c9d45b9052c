"""Signals over the steps of a training, by name and place: what TensorBoard and MLflow are given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from trainlab.diagnosis.observed.record import ActivationRecord, ParamRecord, TrainingRecord
from trainlab.diagnosis.signals.training import Training, optimizer_name, total_norms, training_from


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """One signal at one place.

    Args:
        signal: its name, as in docs/signals.md; or ``loss`` or ``learning rate``.
        place: a parameter, an activation's module; empty for the training as a whole.
        steps: optimizer steps taken before each value.
        values: as many numbers; of a training that broke they may be NaN or infinite.
    """

    signal: str
    place: str
    steps: tuple[int, ...]
    values: tuple[float, ...]


def all_series(record: TrainingRecord) -> tuple[Series, ...]:
    """Return the loss, the rates, the gradient norm, and the signals of each parameter and activation.

    No two have the same signal and place: a second one's place ends in ``#2``.
    """
    training = training_from(record)
    told: list[Series] = []
    met: dict[tuple[str, str], int] = {}
    for one in (*_of_training(training), *_of_parameters(record), *_of_activations(record)):
        if one.values:
            key = (one.signal, one.place)
            met[key] = met.get(key, 0) + 1
            told.append(one if met[key] == 1 else replace(one, place=f"{one.place}#{met[key]}"))
    return tuple(told)


def _of_training(training: Training) -> Iterator[Series]:
    several = len(training.record.loss_curves) > 1
    for loss_curve in training.record.loss_curves:
        place = str(loss_curve.site.line) if several and loss_curve.site is not None else ""
        yield _series("loss", place and f"line {place}", loss_curve.ticks, loss_curve.values)
    several = len(training.stepped) > 1
    for one in training.stepped:
        steps, rates = zip(*one.lr, strict=True) if one.lr else ((), ())
        yield _series("learning rate", optimizer_name(one) if several else "", steps, rates)
    yield _series("gradient norm", "", *total_norms(training))


def _of_parameters(record: TrainingRecord) -> Iterator[Series]:
    several = sum(bool(root.params) for root in record.networks) > 1
    for param in record.params.values():
        place = _parameter_place(record, param, several=several)
        if place:
            yield _series("rms gradient", place, param.ticks, param.grad_rms)
            yield _series("update ratio", place, param.ticks, param.update)


def _parameter_place(record: TrainingRecord, param: ParamRecord, *, several: bool) -> str:
    """Return the parameter's path, under its model's name where there is more than one model."""
    if not several or param.owner is None or not param.name:
        return param.name
    return f"{record.networks[param.owner].name}.{param.name}"


def _of_activations(record: TrainingRecord) -> Iterator[Series]:
    for one in record.activations:
        place = _activation_place(one)
        yield _series("silent units", place, one.ticks, one.silent)
        yield _series("saturated values", place, one.ticks, one.saturated)


def _activation_place(one: ActivationRecord) -> str:
    """Return ``relu after fc1``, as pictures have it, or ``relu in net`` where nothing known feeds it."""
    after = one.feeder or one.module
    return f"{one.kind} after {after}" if one.feeder else f"{one.kind} in {after}" if after else one.kind


def _series(signal: str, place: str, steps: Sequence[int], values: Sequence[float]) -> Series:
    pairs = list(zip(steps, values, strict=False))  # of the step that is under way there is no update yet
    return Series(
        signal=signal,
        place=place,
        steps=tuple(step for step, _ in pairs),
        values=tuple(value for _, value in pairs),
    )
