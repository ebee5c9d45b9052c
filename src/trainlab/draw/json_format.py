"""Results as JSON text."""

from __future__ import annotations

import json
from typing import Any, cast

JSON_FORMAT = 1
"""The version of the format that docs/json.md describes."""


def json_text(data: dict[str, Any], *, indent: int | None = 1) -> str:
    """Return plain data as JSON; a number that isn't finite is null."""
    return json.dumps(finite(data), indent=indent, ensure_ascii=False, allow_nan=False) + "\n"


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
