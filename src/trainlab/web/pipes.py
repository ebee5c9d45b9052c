"""What the server and a worker say to each other, through the worker's stdin and stdout.

A message is the number of bytes that follow (uint32, little-endian), a byte that says what they are, and
these bytes. The server sends `ASK` (an `Order` in JSON) and `CANCEL` (an order's number). The worker sends
`READY` once, and for every order any number of `FRAME`, and then `DONE`.
"""

from __future__ import annotations

import struct
from typing import Final

import msgspec

from trainlab.web.limits import Limits

LENGTH: Final = struct.Struct("<I")
NUMBER: Final = struct.Struct("<Q")

ASK, CANCEL = b"a", b"c"
READY, FRAME, DONE = b"r", b"f", b"d"


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A question for a worker; `id` and `lane` go into the header of each frame."""

    number: int
    """Counts up, so that a `CANCEL` that comes too late meets no later order."""
    id: int
    lane: str
    question: msgspec.Raw
    limits: Limits


def packed(kind: bytes, body: bytes = b"") -> bytes:
    """Return a message as it is written."""
    return LENGTH.pack(1 + len(body)) + kind + body


def unpacked(message: bytes) -> tuple[bytes, bytes]:
    """Return what a message is, and its body; the length before it has been read."""
    return message[:1], message[1:]
