"""An experiment as the page has it: written, read strictly, and refused where it asks for too much."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, cast
from urllib.parse import quote

import msgspec
import numpy as np

from trainlab.errors import SpecError
from trainlab.spec import (
    Blobs,
    Experiment,
    File,
    Network,
    Parity,
    Patience,
    Plane,
    Points,
    Record,
    ReduceLROnPlateau,
    Sampling,
    TaskSpec,
    name_of,
)
from trainlab.spec.checks import MAX_COUNT, check_depth, check_number
from trainlab.spec.decode import decode_value
from trainlab.spec.fields import field_types
from trainlab.spec.sampling import examples_per_step, steps_per_epoch
from trainlab.web.questions import Limits

# Addresses of the lab: an experiment in the form that the page has, and a link that opens it there.


def page_form(experiment: Experiment) -> dict[str, Any]:
    """Return an experiment as plain data without what is as by default; `Experiment.from_dict` reads it.

    Parts that come in kinds keep their ``name``. What is recorded is left out: the lab records what it shows.
    """
    told = _without_defaults(experiment)
    told.pop("record", None)
    told.setdefault("task", {"name": name_of(experiment.task)})
    return told


def lab_address(experiment: Experiment, *, seed: int | None = None, seeds: int | None = None) -> str:
    """Return the address, from the server's root, at which the page opens with an experiment and a seed."""
    state: dict[str, Any] = {"a": page_form(experiment)}
    if seeds is not None:
        state["seeds"] = seeds
    if seed is not None:
        state["seed"] = seed
    text = json.dumps(state, ensure_ascii=False, separators=(",", ":"))
    return "/#" + quote(text, safe="!'()*-._~")  # what encodeURIComponent leaves as it is


def _without_defaults(part: msgspec.Struct) -> dict[str, Any]:
    told: dict[str, Any] = {"name": name_of(part)} if part.__struct_config__.tag else {}
    for field in msgspec.structs.fields(type(part)):
        value: Any = getattr(part, field.name)
        if isinstance(value, msgspec.Struct):
            inner = _without_defaults(value)
            # A kind other than the default one has to be named, even if it has no fields of its own.
            if field.required or value != field.default:
                told[field.name] = inner
        elif field.required or value != field.default:
            told[field.name] = msgspec.to_builtins(value)
    return told


# From a question's plain data to an experiment: read strictly, and refused where it asks for too much.
#
# A visitor's experiment must not read the server's files, nor call functions registered in it, and its size
# is known before anything large is made: the examples of a task, and the rate of every step, are made when
# an experiment is read.


MOST_PHASES: Final = 4
"""So many trainings may continue one another."""

CURVE_POINTS: Final = 200
"""An answer's curves have about so many points, each a reading of all examples."""

MOST_RECORDED: Final = 20_000_000
"""So many numbers may be recorded on the way."""

MOST_NUMBERS: Final = 1_000_000
"""So many numbers may the inputs of all examples have."""

LARGEST: Final = float(np.finfo(np.float32).max)

DEFAULTS: Final = {
    field.name: field.default for field in msgspec.structs.fields(Experiment) if not field.required
}

COUNTED: Final = {"iris": 150, "wine": 178, "diabetes": 442, "breast_cancer": 569, "digits": 1797, "xor": 4}
"""The examples of the tasks that have no `points`."""

OWN_MACHINE = "trainlab run does it on your own machine"


def experiment_of(data: Mapping[str, Any], limits: Limits, *, seeds: int = 1) -> Experiment:
    """Return the experiment that `data` describes, to be trained on so many seeds.

    Raises:
        SpecError: as `weighed` does.
    """
    return weighed(data, limits, seeds=seeds)[0]


def weighed(data: Mapping[str, Any], limits: Limits, *, seeds: int = 1) -> tuple[Experiment, float]:
    """Return the experiment that `data` describes, and what so many seeds cost, counted as `Limits.work` is.

    Raises:
        SpecError: it can't be carried out as written, or not here; where a field is to blame the message
            begins with its path.
    """
    check_depth(data)
    if seeds > limits.seeds:
        raise SpecError(f"seeds = {seeds:,}: at most {limits.seeds:,} are allowed here; {OWN_MACHINE}.")
    work, phase, where = 0.0, data, ""
    for _ in range(MOST_PHASES):
        work += seeds * _work(phase, limits, where)
        if work > limits.work:
            epochs: object = phase.get("epochs", DEFAULTS["epochs"])
            raise SpecError(
                f"{where}epochs = {epochs:,}: {_times(work / limits.work)} the work that a question may take "
                f"here; lower the epochs, seeds, examples or parameters, or train on your own machine."
            )
        _check_record(phase, limits, where, seeds)
        before: object = phase.get("after")
        if not isinstance(before, Mapping):
            return _checked(Experiment.from_dict(data)), work
        phase, where = cast("Mapping[str, Any]", before), f"{where}after."
    raise SpecError(f"after: at most {MOST_PHASES} trainings may continue one another here.")


def _checked(experiment: Experiment) -> Experiment:
    """Return the experiment; refuse examples that the engines' float32 would make infinite."""
    part, where = experiment, ""
    while part is not None:
        data = part.data()
        for name, values in (("inputs", data.inputs), ("targets", data.targets)):
            largest = float(np.abs(values).max(initial=0))
            if largest > LARGEST:
                raise SpecError(
                    f"{where}task.{name} = {largest:g}: must be at most {LARGEST:.3g} in size, the largest "
                    "number of 32 bits; scale your examples down."
                )
        part, where = part.after, f"{where}after."
    return experiment


def _work(phase: Mapping[str, Any], limits: Limits, where: str) -> float:
    """Return what one seed of a training costs, without making its examples; refuse what isn't for here."""
    _check_loss(phase.get("loss"), where)
    points = _points(_part(phase, "task", where), limits, where)
    network: Network = _part(phase, "network", where)
    if network.parameters > limits.parameters:
        raise SpecError(
            f"{where}network.widths = {network.label!r}: {network.parameters:,} parameters, and at most "
            f"{limits.parameters:,} are allowed here; {OWN_MACHINE}."
        )
    epochs: int = _part(phase, "epochs", where)
    check_number(f"{where}epochs", epochs, at_least=1, at_most=MAX_COUNT)
    sampling: Sampling = _part(phase, "sampling", where)
    a_step = steps_per_epoch(sampling, points) * examples_per_step(sampling, points)
    return float(network.parameters) * (epochs * a_step + _readings(phase, epochs, where) * points)


def _check_record(phase: Mapping[str, Any], limits: Limits, where: str, seeds: int) -> None:
    """Refuse a record that doesn't fit in memory; most answers keep less, whatever it says."""
    record: Record = _part(phase, "record", where)
    network: Network = _part(phase, "network", where)
    readings = _readings(phase, _part(phase, "epochs", where), where)
    numbers = seeds * (readings + min(record.predictions, limits.examples) * network.widths[-1])
    if numbers > MOST_RECORDED:
        raise SpecError(
            f"{where}record: {numbers:,} numbers of all runs, and at most {MOST_RECORDED:,} are kept here; "
            "record more seldom, or lower the epochs or seeds."
        )


def _check_loss(loss: object, where: str) -> None:
    name: object = cast("Mapping[str, object]", loss).get("name") if isinstance(loss, Mapping) else loss
    if name == "custom":
        raise SpecError(f"{where}loss = 'custom': no functions of one's own are run here; {OWN_MACHINE}.")


def _points(task: TaskSpec, limits: Limits, where: str) -> int:
    """Return how many examples a task has, those held out included."""
    if isinstance(task, File):
        raise SpecError(f"{where}task = 'file': no files are read here; {OWN_MACHINE}.")
    if isinstance(task, Points):
        field, points, features = "inputs", len(task.inputs), 1
    elif isinstance(task, Parity):
        field, points, features = "bits", 2**task.bits, task.bits
    else:
        field, points = "points", getattr(task, "points", 0) or COUNTED[name_of(task)]
        features = task.features if isinstance(task, Blobs | Plane) else 1
    if points > limits.examples:
        raise SpecError(
            f"{where}task.{field}: {points:,} examples, and at most {limits.examples:,} are allowed here; "
            f"{OWN_MACHINE}."
        )
    if points * features > MOST_NUMBERS:
        raise SpecError(
            f"{where}task.features: {points:,} examples of {features:,} numbers are more than "
            f"{MOST_NUMBERS:,} numbers, the most here; {OWN_MACHINE}."
        )
    return points


def _readings(phase: Mapping[str, Any], epochs: int, where: str) -> int:
    """Return how often a training reads all examples on its way."""
    record: Record = _part(phase, "record", where)
    often = (record.loss_every, record.gradient_every, record.solved_every)
    each_epoch = isinstance(_part(phase, "stopping", where), Patience) + isinstance(
        _part(phase, "schedule", where), ReduceLROnPlateau
    )
    return CURVE_POINTS + each_epoch * epochs + sum(epochs // every for every in often if every)


def _part(phase: Mapping[str, Any], name: str, where: str) -> Any:
    """Return one part of an experiment, read as the whole one will be."""
    if name in phase:
        return decode_value(field_types(Experiment)[name], phase[name], where=f"{where}{name}")
    if name not in DEFAULTS:
        raise SpecError(f"{where}{name}: this field is required.")
    return DEFAULTS[name]


def _times(ratio: float) -> str:
    return f"{ratio:,.0f} times" if ratio >= 2 else "more than"
