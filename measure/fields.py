"""What a study file can say, as Markdown made from the structs that read it."""

from __future__ import annotations

import inspect
import json
import re
import typing
from collections.abc import Callable
from typing import Any

import msgspec

from measure.blocks import table
from trainlab.maths import ACTIVATIONS
from trainlab.spec import Experiment, Init, Network
from trainlab.spec.fields import Kind, Part, alternatives, field_types, items_of, kinds_of, name_of
from trainlab.spec.study import Statement

Struct = type[msgspec.Struct]

KINDS = ("task", "loss", "optimizer", "schedule", "sampling", "solved", "stopping")
"""The parts that come in several kinds."""

PARTS = ("split", "scaling", "warmup", "clip", "penalty", "noise", "record")
"""The parts that come in one kind."""

MEANINGS = {
    "network": 'the network; `"2-5-4-1"` is short for `{ widths = "2-5-4-1" }`',
    "task": "what is learnt",
    "split": "which examples are held out",
    "scaling": "how columns are scaled",
    "init": "where weights and biases start; a scheme alone is that of the weights",
    "loss": "what training minimises",
    "optimizer": "how a gradient becomes a step",
    "schedule": "how the learning rate changes",
    "warmup": "how the learning rate begins",
    "gradient": 'what a step does to the gradient: `"plain"` leaves it, `"equalised"` makes '
    "[every layer's as large as the last one's](#gradient-frozen-and-redraw)",
    "clip": "the most a gradient may be",
    "penalty": "what large weights cost",
    "noise": "noise on the inputs",
    "frozen": "the layers, counted from 1, that training doesn't change, such as `[1, 2]`",
    "sampling": "which examples a step sees",
    "redraw": "other draws of examples, noise and dropout from the same starting weights: "
    "[a placebo](#gradient-frozen-and-redraw)",
    "epochs": "how many epochs training lasts",
    "solved": "what counts as solved",
    "stopping": "when a network is frozen before the last epoch",
    "record": "what is recorded, and how often",
    "after": "the training that this one continues, with its weights: made by `[[phases]]`, or by a "
    "change's `then`",
}
"""Every field of an experiment in a few words."""


def breadth() -> str:
    """All names that a study file may use, one row per part."""
    types = field_types(Experiment)
    rows = [("activations", list(ACTIVATIONS)), ("inits", list(kinds_of(field_types(Init)["weight"])))]
    rows += [(_plural(part), list(kinds_of(types[part]))) for part in KINDS]
    return table(("", "names"), [(what, ", ".join(f"`{name}`" for name in names)) for what, names in rows])


def experiment() -> str:
    """The fields of an experiment with their defaults."""
    rows = [
        (
            f"`{field.name}`",
            f"[its own](#{field.name})" if isinstance(field.default, Part) else _default(field),
            MEANINGS[field.name],
        )
        for field in msgspec.structs.fields(Experiment)
    ]
    return table(("field", "default", "what it sets"), rows)


ASKED = {
    "parameters": "that all networks have equally many parameters, changed ones included",
    "vanishing": "that the failures of the deepest network are vanishing gradients, at the baseline and with "
    "all changes, where at least 20 runs, and a fifth of them, fail",
    "predictions": "that the answers of each network round to the targets, where these are at most 16",
}
"""What a study can ask, in words."""


def ask() -> str:
    """What else a study file may ask besides what the changes do."""
    return table(
        ("word", "the statement"), [(f"`{word}`", ASKED[word]) for word in typing.get_args(Statement)]
    )


def network() -> str:
    """The network's fields, and the activations."""
    names = ", ".join(f"`{name}`" for name in ACTIVATIONS)
    return f"{_about(Network)}\n\n{_own_fields(Network)}\n\nActivations, with PyTorch's defaults: {names}."


def init() -> str:
    """Weights and biases, and the schemes."""
    return f"{_about(Init)}\n\n{_own_fields(Init)}\n\n{_kinds(field_types(Init)['weight'])}"


def _part(name: str) -> Callable[[], str]:
    def block() -> str:
        kind = field_types(Experiment)[name]
        return f"{_about(kind)}\n\n{_own_fields(kind)}" if name in PARTS else _kinds(kind)

    block.__name__ = name
    return block


BLOCKS: tuple[Callable[[], str], ...] = (
    breadth,
    ask,
    experiment,
    network,
    init,
    *(_part(name) for name in (*KINDS, *PARTS)),
)


def _kinds(annotation: Any) -> str:
    rows = [
        (
            f"`{name}`",
            ", ".join(_field(kind, field) for field in msgspec.structs.fields(kind)) or "–",
            _about(kind),
        )
        for name, kind in kinds_of(annotation).items()
    ]
    return table(
        ("name", "fields and defaults", "what it is"), [(a, b, " ".join(c.split())) for a, b, c in rows]
    )


def _own_fields(kind: Struct) -> str:
    rows = [
        (f"`{field.name}`", _default(field), _allowed(field_types(kind)[field.name]))
        for field in msgspec.structs.fields(kind)
    ]
    return table(("field", "default", "value"), rows)


def _field(kind: Struct, field: msgspec.structs.FieldInfo) -> str:
    """Return ``mode = "fan_in"`` with the other words allowed, or say that it is required."""
    words = typing.get_args(field_types(kind)[field.name])
    if field.required:
        return f"`{field.name}` (required)"
    if field.default is None or field.default == ():
        return f"`{field.name}` (unset)"
    others = [word for word in words if isinstance(word, str) and word != field.default]
    more = f" (or {', '.join(f'`{json.dumps(word)}`' for word in others)})" if others else ""
    return f"`{field.name} = {_written(field.default)}`{more}"


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "required"
    return "unset" if field.default is None else f"`{_written(field.default)}`"


def _written(value: Any) -> str:
    """Return a default as in a study file: a kind with its own defaults is written by name."""
    if isinstance(value, Kind):
        return json.dumps(name_of(value))
    return json.dumps(list(value) if isinstance(value, tuple) else value)


WORDS: dict[Any, str] = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}


def _allowed(annotation: Any) -> str:
    """Return the values that a field of this type allows, in words."""
    if typing.get_origin(annotation) is typing.Literal:
        return ", ".join(f"`{json.dumps(word)}`" for word in typing.get_args(annotation))
    if kinds_of(annotation):
        one = "a scheme of the table below, by its name or with its fields"
        return f"{one}, or a list of them" if items_of(annotation) else one
    words = " or ".join(WORDS[item] for item in alternatives(annotation) if item in WORDS)
    if not words:
        return 'a list of whole numbers, or `"2-5-4-1"`'
    return f"{words}, or a list of them" if items_of(annotation) else words


def _about(kind: Struct) -> str:
    """Return a struct's docstring as Markdown."""
    return re.sub(r"``([^`]+)``", r"`\1`", inspect.getdoc(kind) or "").replace("|", "\\|")


def _plural(part: str) -> str:
    return {"loss": "losses", "solved": "solved", "stopping": "stopping", "sampling": "sampling"}.get(
        part, f"{part}s"
    )
