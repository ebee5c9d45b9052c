"""A Ray cluster: from what a user asks for to a connection, and every way it fails in one line.

Ray is imported only here, and only when it is asked for.
"""

from __future__ import annotations

import errno
import importlib
import logging
import os
import re
import signal
import socket
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from trainlab.errors import EngineError, MissingPackageError, SpecError, lacking, shown
from trainlab.execution.workers import default_workers
from trainlab.interrupt import held_back
from trainlab.lifeline import descendants, lifeline

# Whether a cluster that this process works with is still there, asked before the work and beside it.
#
# A driver whose head, or whose own node, is gone is ended by Ray from C++, without a word that Python could
# add. Asking first leaves time for a line, and to save what is finished: a minute after the head, and after
# the node often too little.


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


ALLOWED = (
    "'ray' (RAY_ADDRESS, or else a Ray of its own on this machine), 'ray:auto', 'ray:HOST:PORT' or "
    "'ray://HOST:PORT'"
)
WAIT = 5.0
"""Seconds that an address has to answer."""
OBJECT_STORE = 256 * 2**20
"""Bytes of shared memory for results of a Ray that is started here; chunks in flight take a few megabytes."""
FRESH = 2.0
"""Seconds for which the number of processors of a cluster is taken as known."""
QUIET: Mapping[str, str] = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
"""No reports home, no advice on the terminal; what the user has set stays."""

_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
"""How a gRPC client begins (RFC 9113, 3.4): the preface, then settings without any."""
_SETTINGS = 4
"""The type of the frame with which a server must answer."""


def check_on(on: str | None) -> None:
    """Refuse what isn't a place to train on, and Ray where it isn't installed; None is this process."""
    if on is None:
        return
    address_of(on)
    if find_spec("ray") is None:
        raise MissingPackageError(lacking(f"on = {on!r}", "Ray", extra="ray"), name="ray")


def address_of(on: str) -> str:
    """Return what ``ray.init`` takes for it: ``local``, ``auto``, HOST:PORT, or ``ray://HOST:PORT``."""
    set_address = os.environ.get("RAY_ADDRESS", "")
    if on in ("ray", "ray:auto"):
        if not set_address:
            return "local" if on == "ray" else "auto"
        if set_address not in ("local", "auto") and _host_and_port(set_address) is None:
            raise SpecError(f"RAY_ADDRESS = {shown(set_address)}: must be HOST:PORT or ray://HOST:PORT.")
        return set_address
    address = on if on.startswith("ray://") else on.removeprefix("ray:")
    if address == on and not on.startswith("ray://"):
        raise SpecError(f"on = {shown(on)}: must be {ALLOWED}.")
    if _host_and_port(address) is None:
        raise SpecError(f"on = {shown(on)}: must be {ALLOWED}, with a port from 1 to 65535.")
    return address


def _host_and_port(address: str) -> tuple[str, int] | None:
    found = re.fullmatch(r"(?:ray://)?(\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})", address)
    if found is None or not 1 <= int(found[2]) <= 65535:
        return None
    return found[1].strip("[]"), int(found[2])


def connected(on: str) -> Any:
    """Return the module ``ray``, connected to what `on` names, or to what this process is connected to.

    The connection lasts until the process ends: a race asks for many short trainings.

    Raises:
        EngineError: nothing answers at the address, or what answers isn't Ray; or the head of the cluster
            that this process is connected to is gone.
    """
    ray: Any = sys.modules.get("ray")
    if ray is None or not ray.is_initialized():
        address = address_of(on)
        _check_answers(on, address)
        for name, value in QUIET.items():
            os.environ.setdefault(name, value)
        logging.getLogger("ray").setLevel(logging.CRITICAL)
        ray = importlib.import_module("ray")
        _silence()
        _initialise(ray, on, address)
    elif words := silent_head(ray):
        raise EngineError(f"on = {on!r}: {words}. Finished chunks are saved.")
    return ray


def _silence() -> None:
    """Have Ray print nothing on standard output, where our JSON goes: it tells there of nodes that died.

    No option of ``ray.init`` covers that: ``log_to_driver`` is about what workers print.
    """
    worker: Any = importlib.import_module("ray._private.worker")
    if hasattr(worker, "print_to_stdstream"):
        worker.print_to_stdstream = _print_nothing


def _print_nothing(*_given: object, **_options: object) -> None:
    """Stand in for what prints messages of Ray's processes."""


def _check_answers(on: str, address: str) -> None:
    """Refuse an address at which no gRPC server answers: Ray itself would try for minutes."""
    where = f"on = {on!r}"
    if address == "auto":
        # Where `ray start` writes its address, as ray.init's documentation says.
        noted = Path(os.environ.get("RAY_TMPDIR") or tempfile.gettempdir(), "ray", "ray_current_cluster")
        address = noted.read_text().strip() if noted.is_file() else ""
        where = f"{where}, {address} by {noted}"
    target = _host_and_port(address)
    if target is None:
        return
    start = "Start one there with: ray start --head"
    try:
        with socket.create_connection(target, timeout=WAIT) as line:
            line.settimeout(WAIT)
            line.sendall(_GREETING)
            frame = line.recv(9, socket.MSG_WAITALL)
    except OSError as error:
        raise EngineError(
            f"{where}: no Ray answers there ({error.strerror or 'no answer in time'}). {start}"
        ) from None
    except UnicodeError:
        # Python encodes a name before it is looked up, and refuses one with an empty or a long part.
        raise EngineError(f"{where}: no Ray answers there (that can't be a host's name). {start}") from None
    if len(frame) < 9 or frame[3] != _SETTINGS:
        raise EngineError(f"{where}: what answers there isn't Ray. {start}")


def _initialise(ray: Any, on: str, address: str) -> None:
    """Connect, in a thread of its own, so that Ctrl-C is answered meanwhile.

    Processes of a Ray of our own end with the thread that started them, so it lasts as long as this process;
    and they inherit that Ctrl-C isn't for them. Of what these have started themselves, Ray's agents may hang
    when their raylet is killed, so all of it hangs by a lifeline.
    """
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}
    if address == "local":
        options |= {
            "num_cpus": default_workers(),
            "object_store_memory": OBJECT_STORE,
            "include_dashboard": False,
        }
    failures: list[BaseException] = []
    ready = threading.Event()

    def start() -> None:
        others = descendants(os.getpid())
        try:
            with held_back(), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                ray.init(address, **options)
            started = descendants(os.getpid()) - others
            with lifeline() if started else nullcontext() as held:
                for number in started:
                    assert held is not None
                    held.hold(number)
                ready.set()
                threading.Event().wait()
        except BaseException as error:
            failures.append(error)
            ready.set()

    threading.Thread(target=start, name="trainlab-ray", daemon=True).start()
    while not ready.wait(0.1):
        pass
    if threading.current_thread() is threading.main_thread():
        # Ray has put a handler of its own below Python's, which prints a stack.
        signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGTERM))
    if failures:
        words = " ".join(str(failures[0]).split()) or type(failures[0]).__name__
        raise EngineError(f"on = {on!r}: Ray can't be reached or started there: {words}") from failures[0]


class Processors:
    """How many processors a cluster has, asked anew every few seconds: nodes come and go."""

    def __init__(self, ray: Any) -> None:
        self._ray = ray
        self._known = int(ray.cluster_resources().get("CPU", 0))
        self._asked = time.monotonic()
        self._asking: threading.Thread | None = None

    def __call__(self) -> int:
        """Return the number that is known, and have it asked anew where it is old.

        Nobody waits for the answer: a head that is gone gives none for a minute, and Ray ends the process.
        """
        old = time.monotonic() - self._asked >= FRESH
        if old and (self._asking is None or not self._asking.is_alive()):
            self._asking = threading.Thread(target=self._ask, name="trainlab-ray-size", daemon=True)
            self._asking.start()
        return self._known

    def _ask(self) -> None:
        self._asked = time.monotonic()
        with suppress(Exception):  # a connection that was lost is told of by whoever uses it next
            self._known = int(self._ray.cluster_resources().get("CPU", 0))


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterSize:
    """How large a cluster is."""

    nodes: int
    processors: int

    def __str__(self) -> str:
        nodes = f"{self.nodes} node{'' if self.nodes == 1 else 's'}"
        return f"Ray on {nodes} with {self.processors} processor{'' if self.processors == 1 else 's'}"


def cluster_size() -> ClusterSize | None:
    """Return the size of the cluster that this process is connected to; None if there is none, or no more."""
    ray: Any = sys.modules.get("ray")
    if ray is None or not ray.is_initialized() or silent_head(ray):
        return None
    nodes = sum(bool(node["Alive"]) for node in ray.nodes())
    return ClusterSize(nodes=nodes, processors=Processors(ray)())
