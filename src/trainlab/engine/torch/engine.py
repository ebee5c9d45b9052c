"""The engine: seeds in blocks of a fixed size, blocks spread over threads."""

from __future__ import annotations

from dataclasses import dataclass

from trainlab.engine.evaluation import check_marks, check_seeds
from trainlab.engine.runs import Runs, concatenate
from trainlab.engine.torch.availability import usable_torch
from trainlab.engine.torch.single_threads import single_threads
from trainlab.engine.warm_start import trained_start
from trainlab.spec import Experiment

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
