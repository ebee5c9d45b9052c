"""Whether a cluster that this process works with is still there, asked before the work and beside it.

A driver whose head, or whose own node, is gone is ended by Ray from C++, without a word that Python could
add. Asking first leaves time for a line, and to save what is finished: a minute after the head, and after the
node often too little.
"""

from __future__ import annotations

import errno
import socket
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

EVERY = 0.5
"""Seconds between two looks; and how long a connection may take."""
NODE, HEAD = 0.5, 30.0
"""Seconds without an answer after which each counts as gone.

Ray ends the driver a minute after the head, which may be started again meanwhile, and 0.4 to 10 seconds after
its node.
"""
_OURS = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL)
"""What this machine lacks when nobody could be asked, which says nothing of the cluster."""

_Place = tuple[str, tuple[str, int], float]
"""What is said if it is gone, its address, and for how long it may be silent."""


@contextmanager
def watched(ray: Any, gone: Callable[[str], object]) -> Generator[None]:
    """Within the block, call `gone` from another thread, once, with a sentence on what is gone."""
    watches = [
        _Watch(words, place, patience) for words, place, patience in _places(ray) if answers(place, EVERY)
    ]
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(EVERY):
            for watch in watches:
                if watch.is_gone() and not ended.is_set():
                    gone(watch.words)
                    return

    thread = threading.Thread(target=look, name="trainlab-ray-alive", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()


def silent_head(ray: Any) -> str:
    """Return a sentence on the head if it is silent for half of `HEAD`; an empty one as soon as it answers.

    For whoever is about to wait for it outside of `watched`: a head that is gone gives no answer, and Ray
    ends the process meanwhile.
    """
    for words, place, patience in _head(ray):
        end = time.monotonic() + patience / 2
        while not answers(place, EVERY):
            if time.monotonic() >= end:
                return words
            time.sleep(EVERY)
    return ""


def answers(place: tuple[str, int], timeout: float) -> bool | None:
    """Return whether something listens there; None if nothing was heard in time.

    True, too, where this process has no socket left to ask with.
    """
    try:
        with socket.create_connection(place, timeout=timeout):
            return True
    except TimeoutError:
        return None
    except OSError as error:
        return error.errno in _OURS


class _Watch:
    """How long a place has been silent."""

    def __init__(self, words: str, place: tuple[str, int], patience: float) -> None:
        self.words = words
        self._place, self._patience = place, patience
        self._heard = time.monotonic()

    def is_gone(self) -> bool:
        """Ask it; return whether it has been silent for longer than its patience."""
        now, answer = time.monotonic(), answers(self._place, EVERY)
        if answer:
            self._heard = now
        # A busy machine may be late with an answer; what refuses a connection is certainly gone.
        return now - self._heard >= (HEAD if answer is None else self._patience)


def _places(ray: Any) -> list[_Place]:
    """Return what is to be there: the head, and the node that this process belongs to."""
    places = _head(ray)
    for node in ray.nodes() if places else ():
        if node["Alive"] and node["NodeID"] == ray.get_runtime_context().get_node_id():
            address = (node["NodeManagerAddress"], node["NodeManagerPort"])
            places.append(("Ray's node on this machine is gone", address, NODE))
    return places


def _head(ray: Any) -> list[_Place]:
    """Return the head's place; none for Ray Client, which tells of a lost connection itself."""
    if ray.util.client.ray.is_connected():
        return []
    host, _, port = ray.get_runtime_context().gcs_address.rpartition(":")
    return [(f"the head of the cluster, {host}:{port}, is gone", (host.strip("[]"), int(port)), HEAD)]
