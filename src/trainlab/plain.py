"""Results as plain data and as JSON text: what they declare is what is written."""

from __future__ import annotations

import json
from dataclasses import fields
from operator import attrgetter
from typing import Any, ClassVar, cast

from trainlab.errors import escaped

JSON_FORMAT = 1
"""The version of the format that docs/json.md describes."""


class Plain:
    """A frozen dataclass, written as what `_written` names, see `pick`; ``*`` stands for all fields of it."""

    __slots__ = ()
    _written: ClassVar[str] = "*"

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data, ready for JSON."""
        every = " ".join(field.name for field in fields(cast("Any", self)))
        return pick(self, self._written.replace("*", every))


class Result(Plain):
    """What a question returns; docs/json.md says what is written of it."""

    __slots__ = ()
    _indent: ClassVar[int | None] = 1

    def to_json(self) -> str:
        """Return `to_dict` as text; a number that isn't finite is null."""
        return json_text(self.to_dict(), indent=self._indent)


def pick(of: object, names: str) -> dict[str, Any]:
    """Return what is named of an object as plain data, by its names, which have spaces between them.

    What is called otherwise there is named as in ``outputs=network.outputs``.
    """
    named = (name.partition("=") for name in names.split())
    return {key: plain(attrgetter(attribute or key)(of)) for key, _, attribute in named}


def plain(value: Any) -> Any:
    """Return a value as lists, dicts and numbers: what knows itself how it is written is asked."""
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in cast("dict[str, Any]", value).items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in cast("list[Any]", value)]
    return value.tolist() if hasattr(value, "tolist") else value


def json_text(data: dict[str, Any], *, indent: int | None = 1) -> str:
    """Return plain data as JSON; a number that isn't finite is null."""
    text = json.dumps(finite(data), indent=indent, ensure_ascii=False, allow_nan=False)
    return escaped(text, backslash=r"\\") + "\n"


def finite(value: Any) -> Any:
    """Return plain data with every float that isn't finite replaced by None."""
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value)
        return {key: finite(item) for key, item in items.items()}
    if isinstance(value, list):
        entries = cast("list[Any]", value)
        return [finite(item) for item in entries]
    if isinstance(value, float) and value - value != 0:
        return None
    return value
