"""Event files of TensorBoard, read without it."""

import struct
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tensorboardX.proto.event_pb2 import Event


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Return what an event file holds, by tag: the format is length, checksum, record, checksum."""
    found: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for event in events(folder):
        for value in event.summary.value:
            if value.HasField("simple_value"):
                found[value.tag].append((event.step, value.simple_value))
    return dict(found)


def events(folder: Path) -> Iterator[Any]:
    """Give each event of the one file in a folder."""
    (file,) = folder.glob("events.out.tfevents.*")
    data, at = file.read_bytes(), 0
    while at < len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        yield Event.FromString(data[at + 12 : at + 12 + length])
        at += length + 16
