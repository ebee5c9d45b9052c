"""Compile what most quick tests need of the kernel before workers start: else each would compile it itself.

What is there already is only loaded. ``python tests/warm_kernel.py``
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from itertools import product

from trainlab.engine.fast import FastEngine
from trainlab.spec import Experiment

SEEDS = (1, 12, 20, 40)
"""Populations for which the engine puts 8, 16, 32 and 64 networks side by side, on single examples."""
SAMPLINGS = ("single", "full")
OPTIMIZERS = ("sgd", "adam")


def warm(seeds: int) -> None:
    """Train as many networks for two epochs, with the activations and losses of the examples."""
    for sampling, optimizer in product(SAMPLINGS, OPTIMIZERS):
        experiment = Experiment.from_dict(
            {
                "network": {"widths": "2-2-2-1", "activation": ["tanh", "sigmoid", "linear"]},
                "optimizer": {"name": optimizer, "lr": 0.01},
                "sampling": sampling,
                "epochs": 2,
            }
        )
        FastEngine().train(experiment, range(seeds))


if __name__ == "__main__":
    # Two at once: the compiler of one process works on one processor.
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(warm, SEEDS))
