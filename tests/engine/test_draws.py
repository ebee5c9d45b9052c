"""The kernel's generator and its choice of examples, bit for bit those of rng.py."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from engine.lanes import NETWORKS, memory_of, tag
from engine.made_task import task_of
from numba import njit

from trainlab.engine import rng
from trainlab.engine.kernel.draws import WORD_ROWS, WORDS, choose_example, draw_words
from trainlab.engine.tiles import aligned_zeros, prepare
from trainlab.spec import Experiment, Network, Scaling, Single, Split
from trainlab.tasks import build

SEEDS = np.array([0, 1, 2, 3, 2**32 - 1, 2**32, 0x123456789ABCDEF0, 2**64 - 1], dtype=np.uint64)
BLOCKS = (0, 1, 12345, 2**32 - 1, 2**32, 2**32 + 1, 2**40 + 3)


@njit
def _draw(lane: Any, words: Any, block: int, layer: int, stream: int) -> None:
    draw_words(lane, words, block, layer, stream)


def words_of(seeds: np.ndarray[Any, Any]) -> Any:
    rows = np.zeros((WORD_ROWS, NETWORKS), dtype=np.uint64)
    rows[:2] = rng.seed_keys(seeds).T
    return memory_of(rows, "uint32")


@pytest.mark.parametrize("stream", [rng.WEIGHTS, rng.BIASES, rng.SAMPLES, rng.NOISE])
@pytest.mark.parametrize("block", BLOCKS)
def test_words_are_those_of_the_generator(block: int, stream: int) -> None:
    words = words_of(SEEDS)
    for layer in (0, 3):
        _draw(tag("float32"), words, block, layer, stream)
        counter = [block & 0xFFFFFFFF, (block >> 32) + layer, stream, 0]
        expected = rng.philox4x32(np.array(counter, dtype=np.uint64), rng.seed_keys(SEEDS))
        np.testing.assert_array_equal(words.reshape(WORD_ROWS, NETWORKS)[WORDS:].T, expected)


def test_words_of_a_layer_are_those_that_init_draws() -> None:
    words = words_of(SEEDS)
    expected = rng.words(SEEDS, stream=rng.WEIGHTS, layer=2, count=12)
    for block in range(3):
        _draw(tag("float32"), words, block, 2, rng.WEIGHTS)
        np.testing.assert_array_equal(
            words.reshape(WORD_ROWS, NETWORKS)[WORDS:].T, expected[:, 4 * block : 4 * block + 4]
        )


@njit
def _choose(
    lane: Any, memory: Any, words: Any, rows: Any, plan: Any, samples: int, first: int, steps: int, out: Any
) -> None:
    width = plan.features + plan.outputs
    for step in range(first, first + steps):
        choose_example(lane, memory, words, rows, plan, samples, step)
        for network in range(NETWORKS):
            for column in range(plan.features):
                out[step - first, network, column] = memory[(rows.values + column) * NETWORKS + network]
            for column in range(plan.features, width):
                row = rows.chosen + column - plan.features
                out[step - first, network, column] = memory[row * NETWORKS + network]


@pytest.mark.parametrize("samples", [1, 4])
@pytest.mark.parametrize("task", ["xor", "made"])
def test_examples_are_those_of_sample_indices(task: str, samples: int) -> None:
    data = build(task_of(task), Split(), Scaling())
    network = Network(widths=(data.features, 2, data.outputs))
    experiment = Experiment(network=network, task=task_of(task), sampling=Single())
    job = prepare(
        experiment, marks=(300,), networks=NETWORKS, samples=samples, dtype="float64", checked=False
    )
    memory = aligned_zeros(job.rows.total * NETWORKS, "float64")
    table = memory.reshape(-1, NETWORKS)
    table[job.rows.points : job.rows.points + len(job.data_rows)] = job.data_rows[:, None]
    steps = 203
    found = np.empty((steps, NETWORKS, data.features + data.outputs))
    _choose(tag(), memory, words_of(SEEDS), job.rows, job.plan, samples, 0, steps, found)
    examples = np.concatenate([data.inputs, data.targets], axis=1)
    for network_index, seed in enumerate(SEEDS):
        indices = rng.sample_indices(int(seed), steps=steps, points=data.points)
        np.testing.assert_array_equal(found[:, network_index], examples[indices])
    assert len(np.unique(found[:, 0], axis=0)) == data.points
