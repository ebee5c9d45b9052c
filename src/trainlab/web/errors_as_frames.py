"""Errors as frames: one line for the visitor and, where it is known, the field of the experiment."""

from __future__ import annotations

import re
from typing import Final

from trainlab.spec import Experiment
from trainlab.web.frames import Frame

_PATH: Final = re.compile(r"([a-z_]\w*)(?:\.\w+)*(?= = |: )")
"""Messages about a field begin with its path, see errors.py: ``optimizer.lr = -1: must be …``."""


def error_frame(message: str) -> Frame:
    """Return the last frame of an answer that went wrong."""
    line = " ".join(message.split())
    path = _PATH.match(line)
    known = path is not None and path[1] in Experiment.__struct_fields__
    return Frame(kind="error", fields={"message": line, **({"field": path[0]} if path and known else {})})
