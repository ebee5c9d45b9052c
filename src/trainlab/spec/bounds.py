"""The bounds of a kind's numbers, as its own checks have them: no second list of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from trainlab.errors import SpecError
from trainlab.spec.checks import OutOfBoundsError
from trainlab.spec.fields import alternatives, field_types, items_of

FAR = 10**15
"""A whole number beyond every bound."""


def bounds_of(kind: type[msgspec.Struct], given: Mapping[str, object]) -> dict[str, dict[str, float]]:
    """Return ``{"lr": {"at_least": 0}}``: what `check_number` asks of each number of a kind.

    `given` has values for fields without a default. Of a list it is what is asked of its numbers.
    """
    return {
        name: bounds
        for name, annotation in field_types(kind).items()
        if (bounds := _asked(kind, name, annotation, given))
    }


def _asked(
    kind: type[msgspec.Struct], name: str, annotation: Any, given: Mapping[str, object]
) -> dict[str, float]:
    """Give a field a number that no check lets pass, and read what the check asks for."""
    item = items_of(annotation)
    types = alternatives(annotation if item is None else item)
    wrong = [math.nan] if float in types else [-FAR, FAR] if int in types else []
    for number in wrong:
        value = number if item is None else (number,) * _length(annotation)
        try:
            kind(**{**given, name: value})
        except OutOfBoundsError as error:
            if error.field == name:
                return error.bounds
        except SpecError:
            pass  # another demand, which isn't about a number's size
    return {}


def _length(annotation: Any) -> int:
    """Return how many entries a list has that is long enough: a pair takes two."""
    return next((len(each.__args__) for each in alternatives(annotation) if hasattr(each, "__args__")), 1)
