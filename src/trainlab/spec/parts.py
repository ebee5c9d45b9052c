"""The base classes of an experiment's parts: of those that come in several kinds, and of the others."""

from __future__ import annotations

import msgspec

from trainlab.spec.fields import convert_fields


class Kind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="name"):
    """A part that is written with its `name`: ``{name = "adam", lr = 0.02}``, or ``"adam"`` for its defaults.

    Each kind gives its name as `tag`; the union of a part's kinds is the type of the experiment's field.
    """

    def __post_init__(self) -> None:
        convert_fields(self)


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part that comes in only one kind: a table of fields without a name."""

    def __post_init__(self) -> None:
        convert_fields(self)


def name_of(part: msgspec.Struct) -> str:
    """Return the name under which a part's kind is written: ``adam`` for ``Adam()``."""
    return str(part.__struct_config__.tag)
