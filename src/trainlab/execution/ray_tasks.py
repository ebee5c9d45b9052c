"""Chunks as tasks of Ray: about a second of them at once, each a pure function of what it is given.

A task that is lost with its worker or node is carried out again elsewhere, and its results are the same. Only
the driver, this process, writes to the store.
"""

from __future__ import annotations

import re
import signal
import time
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

from trainlab.engine import Engine
from trainlab.engine.identity import processor, stored_name
from trainlab.errors import DataError, EngineError, TrainlabError
from trainlab.execution.plan import Bundle, Chunk
from trainlab.execution.provenance import versions
from trainlab.execution.ray_cluster import Processors, connected, watched
from trainlab.execution.workers import Results, Team, train_bundle
from trainlab.spec import Custom, Experiment
from trainlab.tasks import fingerprint_data

SECOND = 1.0
"""About how long a task is to take: so much is lost with a worker, and Ray's own milliseconds are few."""
AHEAD = 2
"""How many tasks a processor is given: one in progress, and one to begin at once after it."""
RETRIES = 10
"""How often a task is carried out again whose worker or node was lost."""


class ClusterWarning(UserWarning):
    """Something about a cluster that may change a result's last bits."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """What the numbers of a run depend on beside its experiment and seed."""

    engine: str
    processor: str
    versions: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What a task returns: the results of its chunks, the seconds that training took, and who trained."""

    results: tuple[Results, ...]
    seconds: float
    worker: Identity
    node: str


@cache
def identity(engine: str) -> Identity:
    """Return what this process would train with: ten milliseconds of reading what is installed."""
    return Identity(
        engine=stored_name(engine), processor=processor(), versions=tuple(versions([engine]).items())
    )


def train_task(engine: Engine, bundle: Bundle, contents: tuple[str | None, ...]) -> Reply:
    """Train the chunks of a bundle on a node; the data must be what the driver has read."""
    # Ray cancels a task in progress by SIGINT; ours are to finish, and only those not begun are withdrawn.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    node = _node()
    for chunk, content in zip(bundle, contents, strict=True):
        _check_data(chunk, content, node)
    start = time.monotonic()
    results = train_bundle(engine, bundle, threads=1)
    return Reply(results=results, seconds=time.monotonic() - start, worker=identity(engine.name), node=node)


def _node() -> str:
    import ray.util

    return str(ray.util.get_node_ip_address())  # pyright: ignore


def _check_data(chunk: Chunk, content: str | None, node: str) -> None:
    task = chunk.experiment.task
    try:
        here = fingerprint_data(task)
    except DataError as error:
        raise DataError(f"node {node}: {error} Every node needs the file at the same path.") from None
    if here != content:
        raise DataError(
            f"task.path = {getattr(task, 'path', '')!r}: on node {node} the file has other contents. Every "
            "node needs the same file at the same path."
        )


def processors_for(on: str, engine: Engine, experiments: Iterable[Experiment]) -> Processors:
    """Return how many processors a cluster has, connected to it, that can train these experiments.

    Raises:
        EngineError: it can't be reached, has no processor, or other machines can't train them.
    """
    check_carriable(engine, experiments, on)
    processors = Processors(connected(on))
    if not processors():
        raise EngineError(f"on = {on!r}: no node of the cluster has a processor to give.")
    return processors


def check_carriable(engine: Engine, experiments: Iterable[Experiment], on: str) -> None:
    """Refuse what other processes on other machines can't train."""
    if engine.name.startswith("torch-cuda"):
        raise EngineError(
            f"on = {on!r}: Ray's tasks train on processors, 'torch-cuda' on this machine's GPU. Leave out "
            "either."
        )
    for each in experiments:
        if isinstance(each.loss, Custom):
            raise EngineError(
                f"on = {on!r}: the loss {each.loss.function!r} is a function of this process, "
                "which no other knows. Train without on."
            )


@contextmanager
def ray_team(on: str, engine: Engine, chunks: Sequence[Chunk], *, workers: int | None) -> Generator[Team]:
    """Who trains on a cluster: all of its processors, or at most `workers` at a time.

    Leaving the block by an exception ends the tasks in progress.

    Raises:
        EngineError: the cluster or the connection to it was lost meanwhile; see `processors_for`, too.
    """
    processors = processors_for(on, engine, (chunk.experiment for chunk in chunks))
    ray = connected(on)
    crew = _Crew(ray, engine, chunks)
    try:
        try:
            with watched(ray, lambda words: crew.lose(f"on = {on!r}: {words}. Finished chunks are saved.")):
                yield Team(
                    submit=crew.submit,
                    slots=lambda: workers or AHEAD * max(processors(), 1),
                    bundles=lambda every: bundles(every, crew.pace),
                )
        finally:
            crew.end()
    except ConnectionError as error:
        if type(error) is not ConnectionError:
            raise  # not Ray's: a pipe of ours
        words = " ".join(str(error).split()).rstrip(".")
        raise EngineError(
            f"on = {on!r}: the connection to the cluster was lost ({words}). Finished chunks are saved."
        ) from error


class Pace:
    """How long work takes, from what the last task took."""

    def __init__(self) -> None:
        self._seconds_per_cost = float("inf")

    def note(self, cost: int, seconds: float) -> None:
        """Note that so much work took so long."""
        if cost and seconds > 0:
            self._seconds_per_cost = seconds / cost

    def seconds(self, cost: int) -> float:
        """Return how long so much work will take: infinitely long while nothing is known."""
        return cost * self._seconds_per_cost


def bundles(chunks: Sequence[Chunk], pace: Pace) -> Iterator[Bundle]:
    """Put chunks together, in their order, to about a second each by the pace when a bundle is asked for."""
    waiting = deque(chunks)
    while waiting:
        bundle = [waiting.popleft()]
        cost = bundle[0].cost
        while waiting and pace.seconds(cost + waiting[0].cost) <= SECOND:
            cost += waiting[0].cost
            bundle.append(waiting.popleft())
        yield tuple(bundle)


class _Crew:
    """Sends bundles to Ray, and checks who trained what comes back."""

    def __init__(self, ray: Any, engine: Engine, chunks: Sequence[Chunk]) -> None:
        self.pace = Pace()
        self._ray = ray
        self._engine = engine
        self._identity = identity(engine.name)
        self._said = {self._identity}
        self._contents = {chunk.experiment.task: fingerprint_data(chunk.experiment.task) for chunk in chunks}
        self._task = ray.remote(num_cpus=1, max_retries=RETRIES)(train_task)
        self._in_flight: dict[_Awaited, Any] = {}
        self._gone = ""

    def submit(self, bundle: Bundle) -> Future[tuple[Results, ...]]:
        """Send a bundle; the future ends by itself when its results are here."""
        contents = tuple(self._contents[chunk.experiment.task] for chunk in bundle)
        reference = self._task.remote(self._engine, bundle, contents)
        awaited = _Awaited(withdraw=lambda: self._ray.cancel(reference))
        self._in_flight[awaited] = reference
        if self._gone:
            self.lose(self._gone)
        future: Future[Reply] = reference.future()
        future.add_done_callback(lambda reply: self._arrived(awaited, bundle, reply))
        return awaited

    def lose(self, words: str) -> None:
        """Let all that is awaited fail, now and later: the cluster is gone, and `words` say so."""
        self._gone = words
        for awaited in list(self._in_flight):
            self._in_flight.pop(awaited, None)
            with suppress(InvalidStateError):  # it arrives at this moment
                awaited.set_exception(EngineError(words))

    def end(self) -> None:
        """End the tasks in progress, wherever they are."""
        for reference in list(self._in_flight.values()):
            self._ray.cancel(reference, force=True)

    def _arrived(self, awaited: _Awaited, bundle: Bundle, future: Future[Reply]) -> None:
        self._in_flight.pop(awaited, None)
        with suppress(InvalidStateError):  # it was lost at this moment
            try:
                reply = future.result()
                check_identity(reply, self._identity, self._said)
            except self._ray.exceptions.TaskCancelledError:
                awaited.withdrawn()
            except BaseException as error:
                awaited.set_exception(_readable(error, self._ray))
            else:
                self.pace.note(sum(chunk.cost for chunk in bundle), reply.seconds)
                awaited.set_result(reply.results)


class _Awaited(Future[tuple[Results, ...]]):
    """Results to come. Cancelling asks to withdraw a task that hasn't begun; one in progress finishes."""

    def __init__(self, *, withdraw: Callable[[], object]) -> None:
        super().__init__()
        self._withdraw: Callable[[], object] | None = withdraw

    def cancel(self) -> bool:
        """Ask once that the task be withdrawn; what comes of it is known when the future is done."""
        withdraw, self._withdraw = self._withdraw, None
        if withdraw is not None and not self.done():
            withdraw()
        return False

    def withdrawn(self) -> None:
        """Note that the task never began, unless it is known already that the cluster is gone."""
        if super().cancel():
            self.set_running_or_notify_cancel()


def check_identity(reply: Reply, mine: Identity, said: set[Identity]) -> None:
    """Refuse runs of another trainlab; warn once of each other kind of processor or version.

    Raises:
        EngineError: the store would keep them under the name of runs that other code computes.
    """
    theirs = reply.worker
    if theirs.engine != mine.engine:
        raise EngineError(
            f"node {reply.node} has another trainlab ({theirs.engine}; here {mine.engine}), whose runs would "
            "be kept under a wrong name. Install the same one on every node."
        )
    if theirs in said:
        return
    said.add(theirs)
    known = dict(mine.versions)
    other = [
        f"{name} {version} (here {known.get(name)})"
        for name, version in theirs.versions
        if known.get(name) != version
    ]
    if theirs.processor != mine.processor:
        other.insert(0, f"processor, {theirs.processor} (here {mine.processor})")
    warnings.warn(
        f"node {reply.node} has another {', '.join(other)}: runs may differ in their last bits from one node "
        "to another, and end otherwise where a training amplifies that; rates stay within their intervals.",
        ClusterWarning,
        stacklevel=2,
    )


def _readable(error: BaseException, ray: Any) -> BaseException:
    """Return what a task raised, or in words why there is no result of it."""
    cause = getattr(error, "cause", None)
    if isinstance(cause, TrainlabError) or (cause is None and isinstance(error, TrainlabError | Warning)):
        return cause or error
    words = " ".join(str(cause or error).split())
    missing = re.search(r"No module named '[^']+'", words)
    if missing is not None:
        return EngineError(
            f"on: a node can't carry out a chunk: {missing[0]}. Install what is installed here, trainlab "
            f"{versions([])['trainlab']} included, on every node."
        )
    if cause is not None:
        return cause
    if isinstance(error, ray.exceptions.RayError):
        return EngineError(
            f"on: a chunk was lost with its worker {RETRIES + 1} times ({type(error).__name__}): out of "
            "memory (then start the nodes with fewer processors), or the cluster is gone. Finished chunks "
            "are saved."
        )
    return error
