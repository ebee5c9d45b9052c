"""Errors as frames: one line for the visitor and, where it is known, the field of the experiment."""

from __future__ import annotations

import re
from typing import Final

from trainlab.spec import Experiment
from trainlab.web.frames import Frame

_PATH: Final = re.compile(
    r"(?:(?P<side>[AB]): )?(?P<path>(?P<part>[a-z]\w*)(?:\.\w+|\[\d+\])*)(?: = |: | lists )"
)
"""Messages about a field begin with its path, see errors.py: ``optimizer.lr = -1: must be …``.

Of two experiments that are compared, the one that is meant comes before it: ``B: network.widths[1] = 0: …``.
"""


def error_frame(message: str) -> Frame:
    """Return the last frame of an answer that went wrong."""
    line = " ".join(message.split())
    fields: dict[str, object] = {"message": line}
    found = _PATH.match(line)
    if found and found["part"] in Experiment.__struct_fields__:
        # The page numbers the entries of a list like fields: network.widths.1.
        fields["field"] = re.sub(r"\[(\d+)\]", r".\1", found["path"])
        if found["side"]:
            fields["side"] = found["side"].lower()
    return Frame(kind="error", fields=fields)
