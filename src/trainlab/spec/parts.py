"""Kinds: the parts of an experiment of which there are several, told apart by their `name`."""

from __future__ import annotations

import msgspec

from trainlab.spec.fields import convert_fields


class Kind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="name"):
    """A part written with its `name`: ``{name = "adam", lr = 0.02}``, or ``"adam"`` with its defaults.

    Each kind gives its name as `tag`; the union of a part's kinds is the type of the experiment's field.
    """

    def __post_init__(self) -> None:
        convert_fields(self)


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of which there is one kind only: a table of fields without a name."""

    def __post_init__(self) -> None:
        convert_fields(self)


def name_of(part: msgspec.Struct) -> str:
    """Return the name by which a part's kind is written: ``adam`` for ``Adam()``."""
    return str(part.__struct_config__.tag)
