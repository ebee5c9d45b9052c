"""Experiments that the answers' tests ask about, as a page would write them."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable
from typing import Any

import msgspec

from trainlab.web.frames import Frame, Numbers, decode, encode
from trainlab.web.workers import Job


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


# Questions for workers: what `double_worker.py` understands.


def job(
    visitor: Hashable,
    lane: str = "answer",
    *,
    number: int = 0,
    deliver: Callable[[bytes], None] = lambda frame: None,
    **experiment: Any,
) -> Job:
    question = json.dumps({"ask": "population", "experiment": experiment}).encode()
    return Job(visitor=visitor, lane=lane, id=number, question=msgspec.Raw(question), deliver=deliver)


def header(frame: bytes) -> dict[str, Any]:
    return decode(frame)[0]
