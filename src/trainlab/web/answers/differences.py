"""What differs between two experiments, a thing at a time, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import msgspec

from trainlab.draw import format_number
from trainlab.spec import Experiment, name_of
from trainlab.studies.maps.axis import WORDS

_NUMBERS = ("", "", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")


def differences(a: Experiment, b: Experiment) -> list[dict[str, str]]:
    """Return what differs, ``[{field, words}]``; what is recorded makes no difference.

    Another kind of a part is one thing, and each field that both kinds have, with other values, another.
    """

    def words(path: str, x: Any, y: Any) -> str:
        named = f"{WORDS.get(path, path)}{_reach(path, a, b)}"
        return f"{named}: {_written(path, x, a)} → {_written(path, y, b)}"

    return [
        {"field": path, "words": words(path, x, y)}
        for path, x, y in _walk(a, b, "")
        if path.split(".")[0] != "record"
    ]


def differ_sentence(found: list[dict[str, str]]) -> str:
    """Return how many things differ, and what that means for the comparison."""
    if not found:
        return "Nothing differs: A and B are the same training."
    if len(found) == 1:
        return "One thing differs."
    number = _NUMBERS[len(found)] if len(found) < len(_NUMBERS) else f"{len(found):,}"
    return f"{number} things differ; which of them did it isn't told."


def _walk(a: msgspec.Struct, b: msgspec.Struct, path: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield the path and both values of all that differs, down to fields."""
    if type(a) is not type(b):
        yield path, a, b
    for name in a.__struct_fields__:
        if name not in b.__struct_fields__:
            continue
        x, y = getattr(a, name), getattr(b, name)
        below = f"{path}.{name}" if path else name
        if x == y:
            continue
        if isinstance(x, msgspec.Struct) and isinstance(y, msgspec.Struct):
            yield from _walk(x, y, below)
        else:
            yield below, x, y


def _reach(path: str, a: Experiment, b: Experiment) -> str:
    """Say that an activation or bias holds for the last layer, too, which is easily forgotten."""
    own = {"network.activation": "output_activation", "network.bias": "output_bias"}.get(path)
    if own is None or getattr(a.network, own) is not None or getattr(b.network, own) is not None:
        return ""
    return " (every layer, the last one too)"


def _written(path: str, value: Any, experiment: Experiment) -> str:
    """Return a value as a person would write it."""
    if path == "network.output_activation" and value is None:
        return f"like the others ({experiment.network.activations[-1]})"
    if path == "network.widths":
        return experiment.network.label
    if value is None:
        return "left out"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return format_number(value, digits=6)
    if isinstance(value, tuple):
        items = cast("tuple[Any, ...]", value)
        return f"({', '.join(_written('', each, experiment) for each in items)})" if items else "none"
    if isinstance(value, Experiment):
        return "a training before this one"
    return name_of(value) if isinstance(value, msgspec.Struct) else str(value)
