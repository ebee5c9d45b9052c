"""Errors as frames: one line for the visitor and, where it is known, the field of the experiment."""

from __future__ import annotations

import re
import traceback
from typing import Final

import msgspec

from trainlab.errors import TrainlabError
from trainlab.spec import Experiment
from trainlab.web.frames import Frame

_PATH: Final = re.compile(
    r"(?:(?P<side>[AB]): )?(?P<path>(?P<part>[a-z]\w*)(?:\.\w+|\[\d+\])*)(?: = |: | lists )"
)
"""Messages about a field begin with its path, see errors.py: ``optimizer.lr = -1: must be …``.

Of two experiments that are compared, the one that is meant comes before it: ``B: network.widths[1] = 0: …``.
"""


def words_of(error: Exception) -> str:
    """Return what ended an answer as a line for the visitor; what nobody foresaw is printed, too."""
    if isinstance(error, TrainlabError | msgspec.ValidationError):
        return str(error)
    if isinstance(error, MemoryError):
        return "There is too little memory for this question: ask for fewer seeds or examples."
    traceback.print_exception(error)
    return (
        f"An error of trainlab's own, not of your experiment: {type(error).__name__}. "
        "The terminal of 'trainlab serve' shows where; a notebook's, its kernel's output."
    )


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
