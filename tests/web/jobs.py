"""Questions for workers: what `double_worker.py` understands."""

import json
from collections.abc import Callable, Hashable
from typing import Any

import msgspec

from trainlab.web.frames import decode
from trainlab.web.turns import Job


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
