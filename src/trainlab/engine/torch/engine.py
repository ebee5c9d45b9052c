"""The engine: seeds in blocks of a fixed size, blocks spread over threads."""

from __future__ import annotations

import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from trainlab.engine.evaluation import check_marks, check_seeds
from trainlab.engine.layout import trained_start
from trainlab.engine.runs import Runs, concatenate
from trainlab.errors import EngineError, lacking, listing
from trainlab.spec import Experiment

# What has to be there: PyTorch, and the device.


DEVICES = ("cpu", "cuda")


def usable_torch(device: str) -> Any:
    """Return torch; raise EngineError if it isn't installed, or there is no such device."""
    if device not in DEVICES:
        raise EngineError(f"device = {device!r}: must be {listing(DEVICES)}.")
    try:
        import torch
    except ImportError:
        raise EngineError(
            lacking("engine = 'torch'", "PyTorch", extra="torch", instead="Use --engine fast")
        ) from None
    if device == "cuda" and not torch.cuda.is_available():
        raise EngineError(
            "device = 'cuda': this PyTorch sees no CUDA device. Use device = 'cpu' (on the command "
            "line --engine torch), or install a build of PyTorch with CUDA on a machine that has one."
        )
    return torch


def available_devices() -> tuple[str, ...]:
    """Return the devices that this machine's PyTorch can use."""
    import torch

    return DEVICES if torch.cuda.is_available() else ("cpu",)


# Threads that compute with one thread each inside torch, whatever the rest of the process does.


_lock = threading.Lock()
_users = 0
_before = 1


@contextmanager
def single_threads(count: int) -> Generator[ThreadPoolExecutor]:
    """Give a pool of `count` threads in which torch doesn't split its work: split sums round differently.

    torch keeps the number for each thread, but threads that it hasn't met yet take the one set last; so the
    last user to leave sets it back.
    """
    import torch

    global _users, _before
    set_threads: Any = torch.set_num_threads
    with _lock:
        _before = torch.get_num_threads() if _users == 0 else _before
        _users += 1
    try:
        with ThreadPoolExecutor(count, initializer=set_threads, initargs=(1,)) as pool:
            yield pool
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                set_threads(_before)


LEAST = 4
MOST = 512
"""The fewest and the most networks in a block; a chunk is the most.

A step of 512 networks of 44 parameters takes little more time than one of 64: calling torch costs more than
what it computes. For larger networks the limits below make smaller blocks.
"""

BUDGET = {"cpu": 2_500_000, "cuda": 2**26}
"""How many numbers a training step of a block may touch: on a CPU, as many as stay in cache."""

MEMORY = {"cpu": 2**26, "cuda": 2**29}
"""How many numbers evaluating a whole block over all examples may take."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TorchEngine:
    """Networks of a population stacked along a first axis: batched products and one backward pass for all.

    A block always has the same size, and seed s always stands at place s mod size among the same neighbours:
    products and functions of stacked arrays may round differently in another shape or place. So how the
    seeds are cut into chunks changes no bit of a run; a block of which only some seeds are wanted costs as
    much as a whole one.
    """

    dtype: str = "float32"
    device: str = "cpu"

    @property
    def name(self) -> str:
        """``torch``, ``torch-cuda``, …: another device or precision is another engine to the store."""
        parts = ["torch"]
        parts += [] if self.device == "cpu" else [self.device]
        parts += [] if self.dtype == "float32" else [self.dtype]
        return "-".join(parts)

    @property
    def in_processes(self) -> bool:
        """Threads inside a chunk: torch computes without the interpreter's lock."""
        return False

    @property
    def chunk_seeds(self) -> int:
        """The largest block."""
        return MOST

    def train(
        self, experiment: Experiment, seeds: range, *, marks: tuple[int, ...] = (), threads: int = 1
    ) -> tuple[Runs, ...]:
        """Train one run a seed, read at each mark; see `Engine.train`."""
        check_seeds(seeds)
        wanted = check_marks(experiment, marks)
        usable_torch(self.device)
        from trainlab.engine.torch.loop import train_block

        size = block_size(experiment, device=self.device)
        starts = range(seeds.start // size * size, seeds.stop, size)

        def one(start: int) -> tuple[Runs, ...]:
            block = range(start, start + size)
            return train_block(
                experiment,
                block,
                start=trained_start(self, experiment, block),
                wanted=range(max(start, seeds.start), min(start + size, seeds.stop)),
                marks=wanted,
                dtype=self.dtype,
                device=self.device,
            )

        with single_threads(max(1, min(threads, len(starts)))) as pool:
            parts = list(pool.map(one, starts))
        return tuple(concatenate([part[index] for part in parts]) for index in range(len(wanted)))


def block_size(experiment: Experiment, *, device: str = "cpu") -> int:
    """Return how many networks are stacked: a power of two, by the experiment and the device alone.

    Enough to share the cost of calling torch, and few enough for parameters, gradients, the optimizer's state
    and one step's values to stay in cache.
    """
    data, network = experiment.data(), experiment.network
    units = sum(network.widths)
    step = 4 * network.parameters + 3 * experiment.examples_per_step * units
    reading = max(data.points, data.held_out) * units * 3
    most = min(MOST, BUDGET[device] // step, MEMORY[device] // reading)
    return 1 << max(most, LEAST).bit_length() - 1
