"""What the page's controls are made from: an experiment's parts, kinds and fields, read off the structs.

The page has no list of names of its own: a new optimizer in `spec` is a new choice in the lab.
"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import msgspec

from trainlab.maths import ACTIVATIONS
from trainlab.spec import Default, Experiment, Init, any_study, select_cells
from trainlab.spec.fields import alternatives, bounds_of, field_types, kinds_of, name_of
from trainlab.web.course import SHOWN, course
from trainlab.web.experiment_forms import page_form

Struct = type[msgspec.Struct]

KINDS = ("task", "loss", "optimizer", "schedule", "sampling", "solved", "stopping")
"""The parts that come in several kinds, and of which the page offers one."""
PARTS = ("split", "scaling", "warmup", "clip", "penalty", "noise")
"""The parts that come in one kind."""

TASKS: dict[str, dict[str, Any]] = {
    "xor": {"inputs": 2, "classes": 2, "table": True},
    "quadrants": {"inputs": 2, "classes": 2},
    "parity": {"inputs": "bits", "classes": 2, "table": True},
    "circles": {"inputs": 2, "classes": 2},
    "moons": {"inputs": 2, "classes": 2},
    "spirals": {"inputs": 2, "classes": "arms"},
    "blobs": {"inputs": "features", "classes": "classes"},
    "curve": {"inputs": 1, "classes": None},
    "plane": {"inputs": "features", "classes": None},
}
"""How many inputs and classes each task has, or the field that says so; no classes are a regression."""

LEFT_OUT = {
    "task": frozenset({"file", "digits", "iris", "wine", "breast_cancer", "diabetes"}),
    "loss": frozenset({"custom"}),
}
"""Kinds that a visitor mustn't ask for: files of the server, its packages' data, and code."""

STARTS: Final[dict[str, dict[str, object]]] = {
    "points": {"inputs": [[0, 0], [0, 1], [1, 0], [1, 1]], "targets": [0, 1, 1, 0]},
    "step": {"step_size": 500},
    "multi_step": {"milestones": [1000, 1500]},
    "exponential": {"gamma": 0.999},
    "cosine_annealing_warm_restarts": {"T_0": 500},
    "cyclic": {"base_lr": 0.001, "max_lr": 0.1},
    "one_cycle": {"max_lr": 0.1},
    "lambda": {"factor": "0.999 ** t"},
    "multiplicative": {"factor": "0.999"},
    "loss": {"loss": 0.01},
}
"""What fields without a default begin with, by kind: choosing a kind must not be an error at first."""


@cache
def schema() -> dict[str, Any]:
    """Return the parts of an experiment, as JSON has them.

    ``parts`` has for each part ``kinds``, by name, each with a line of ``help`` and its ``fields``, and the
    name of the ``default`` one; a part of one kind has the kind ``""``. A field has ``name``, ``type``
    (``number``, ``whole``, ``flag``, ``choice``, ``text``, ``list``, or ``table`` for lists of lists),
    ``default``, ``optional`` (whether it may be left unset), and where there are any ``choices``, ``bounds``
    and ``start``, which stands in for a default. ``tasks`` is `TASKS`. ``examples`` are the networks to begin
    with, and the study's changes as edits; ``course`` has the exercises, without their answers.
    """
    types_of = field_types(Experiment)
    defaults = {field.name: field.default for field in msgspec.structs.fields(Experiment)}
    parts: dict[str, Any] = {name: _kinds(name, types_of[name], defaults[name]) for name in KINDS}
    parts["init"] = _kinds("init", field_types(Init)["weight"], Default())
    parts |= {name: {"default": "", "kinds": {"": _kind(types_of[name])}} for name in PARTS}
    return {
        "parts": parts,
        "activations": list(ACTIVATIONS),
        "gradients": list(typing.get_args(types_of["gradient"])),
        "tasks": TASKS,
        "epochs": defaults["epochs"],
        "examples": _examples(),
        "course": [exercise.to_dict() for exercise in course()],
    }


def _kinds(part: str, annotation: Any, default: msgspec.Struct) -> dict[str, Any]:
    left_out = LEFT_OUT.get(part, frozenset[str]())
    kinds = {name: _kind(kind, name) for name, kind in kinds_of(annotation).items() if name not in left_out}
    return {"default": name_of(default), "kinds": kinds}


def _kind(kind: Struct, name: str = "") -> dict[str, Any]:
    told, starts = field_types(kind), STARTS.get(name, {})
    bounds = bounds_of(kind, starts)
    return {
        "help": _first_sentence(kind),
        "fields": [_field(field, told[field.name], starts, bounds) for field in msgspec.structs.fields(kind)],
    }


def _field(
    field: msgspec.structs.FieldInfo,
    annotation: Any,
    starts: Mapping[str, object],
    bounds: Mapping[str, dict[str, float]],
) -> dict[str, Any]:
    allowed = [each for each in alternatives(annotation) if each is not types.NoneType]
    choices = [word for each in allowed for word in typing.get_args(each) if isinstance(word, str)]
    told: dict[str, Any] = {
        "name": field.name,
        "type": _type(allowed, choices),
        "default": None if field.required else msgspec.to_builtins(field.default),
        "optional": len(allowed) < len(alternatives(annotation)),
    }
    if choices:
        told["choices"] = choices
    if field.name in bounds:
        told["bounds"] = bounds[field.name]
    if field.name in starts:
        told["start"] = starts[field.name]
    return told


def _type(allowed: list[Any], choices: list[str]) -> str:
    """Return how the page asks for a value of these types."""
    if choices:
        return "choice"
    if any(typing.get_origin(item) is tuple for each in allowed for item in _items(each)):
        return "table"
    for kind, name in ((bool, "flag"), (float, "number"), (int, "whole"), (str, "text")):
        if kind in allowed:
            return name
    return "list"


def _items(annotation: Any) -> tuple[Any, ...]:
    """Return what a tuple's items may be; of no tuple, none."""
    if typing.get_origin(annotation) is not tuple:
        return ()
    return tuple(each for item in typing.get_args(annotation) for each in alternatives(item))


def _first_sentence(kind: Struct) -> str:
    """Return what a struct's docstring begins with, without the marks of Markdown."""
    words = " ".join(inspect.cleandoc(kind.__doc__ or "").split("\n\n")[0].split())
    return words.replace("``", "").replace("`", "")


def _examples() -> dict[str, Any]:
    """Return the networks of the assignment in the page's form, and its changes as edits."""
    study = any_study(SHOWN)
    return {
        "networks": [
            {"name": name, "experiment": page_form(select_cells(study, (f"{name}",))[0].experiment)}
            for name in study.network_names
        ],
        "changes": [
            {
                "name": change.name,
                "label": change.label,
                "edits": [[edit.path, msgspec.to_builtins(edit.value)] for edit in change.edits],
            }
            for change in study.changes
        ],
    }
