"""Build a task's examples from its description, and build each only once."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from trainlab.errors import DataError, SpecError
from trainlab.tasks.files import Stamp, content, file, stamp
from trainlab.tasks.from_arrays import points
from trainlab.tasks.generated import blobs, circles, curve, moons, parity, plane, quadrants, spirals, xor
from trainlab.tasks.sklearn_datasets import breast_cancer, diabetes, digits, iris, wine
from trainlab.tasks.split_and_scale import parted, scaled
from trainlab.tasks.task import Task

# Spec imports this room, so its structs are imported here for type checkers only.
if TYPE_CHECKING:
    from trainlab.spec.tasks import Scaling, Split, TaskSpec

TASKS: dict[str, Callable[..., Task]] = {
    "xor": xor,
    "quadrants": quadrants,
    "parity": parity,
    "circles": circles,
    "moons": moons,
    "spirals": spirals,
    "blobs": blobs,
    "curve": curve,
    "plane": plane,
    "digits": digits,
    "iris": iris,
    "wine": wine,
    "breast_cancer": breast_cancer,
    "diabetes": diabetes,
    "file": file,
    "points": points,
}
"""Every task by name: a function whose arguments are the fields of its struct in ``spec``."""

OWN = ("file", "points")
"""The tasks whose examples are the user's: they are known by these, however they are given."""


def build(task: TaskSpec, split: Split, scaling: Scaling) -> Task:
    """Return the examples of a task, split and scaled; equal arguments share one result.

    A file is read again when it has changed. Raises SpecError where it can't be read as asked, a package is
    missing, or the split leaves a part empty.
    """
    return _built(task, split, scaling, _stamp(task))


def fingerprint_data(task: TaskSpec) -> str | None:
    """Return the SHA-256 of a user's own examples, however they are given, in hex; None for other tasks."""
    return _content(task, _stamp(task)) if str(task.__struct_config__.tag) in OWN else None


def _stamp(task: TaskSpec) -> Stamp | None:
    path = getattr(task, "path", None)
    if path is None:
        return None
    try:
        return stamp(path)
    except SpecError as error:
        raise DataError(str(error)) from None


@lru_cache(maxsize=16)
def _built(task: TaskSpec, split: Split, scaling: Scaling, stamped: Stamp | None) -> Task:
    return scaled(parted(_whole(task, stamped), split), scaling)


@lru_cache(maxsize=64)
def _content(task: TaskSpec, stamped: Stamp | None) -> str:
    return content(_whole(task, stamped))


@lru_cache(maxsize=16)
def _whole(task: TaskSpec, stamped: Stamp | None) -> Task:
    fields = {field: getattr(task, field) for field in task.__struct_fields__}
    try:
        return TASKS[str(task.__struct_config__.tag)](**fields)
    except SpecError as error:
        raise (error if stamped is None else DataError(str(error))) from None
