"""Addresses of the lab: an experiment in the form that the page has, and a link that opens it there."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import msgspec

from trainlab.spec import Experiment
from trainlab.spec.parts import name_of


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
