"""Experiments that the answers' tests ask about, as a page would write them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from trainlab.web.frames import Frame, Numbers, decode, encode


def xor(**changes: Any) -> dict[str, Any]:
    """Return a small network on XOR that some seeds solve and some don't."""
    return {
        "network": "2-3-1",
        "task": "xor",
        "loss": "mse",
        "optimizer": {"name": "adam", "lr": 0.05},
        "epochs": 150,
        **changes,
    }


def sent(frames: Iterable[Frame]) -> list[tuple[dict[str, Any], dict[str, Numbers]]]:
    """Return frames as the page gets them."""
    return [decode(encode(frame, id=1, lane="answer")) for frame in frames]
