"""Digits: a population of 64-32-10 networks beside scikit-learn's MLPClassifier fitted as many times.

Both learn the same training examples with ReLU, cross-entropy, Adam's defaults and batches of 32 shuffled
every epoch, in float32, on one thread; accuracy is on the examples held out. trainlab's initial weights are
PyTorch's, scikit-learn's are its own (Glorot). Neither's first call, with imports and compilation, is timed.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from trainlab.engine import ENGINES, engine_of, get_engine
from trainlab.engine.choose import choose
from trainlab.spec import Experiment

BATCH = 32


def experiment(epochs: int) -> Experiment:
    """Return the training; it records nothing on the way, as scikit-learn records only its loss."""
    return Experiment.from_dict(
        {
            "network": {"widths": "64-32-10", "activation": "relu", "output_activation": "linear"},
            "task": "digits",
            "split": {"held_out": 0.25},
            "scaling": {"inputs": "standard"},
            "loss": "cross_entropy",
            "optimizer": "adam",
            "sampling": {"name": "batch", "batch_size": BATCH},
            "epochs": epochs,
            "solved": {"accuracy": 0.95, "on": "held_out"},
            "record": {"loss_every": 0, "gradient_every": 0, "solved_every": 0, "predictions": 0},
        }
    )


def trainlab_accuracies(name: str, epochs: int, networks: int) -> Any:
    return get_engine(name).train(experiment(epochs), range(networks))[0].held_out_accuracy


def scikit_accuracies(epochs: int, networks: int) -> Any:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    data = experiment(epochs).data()
    inputs, held_out_inputs = (each.astype(np.float32) for each in (data.inputs, data.held_out_inputs))
    classes, held_out = data.targets.argmax(axis=1), data.held_out_targets.argmax(axis=1)
    found: list[float] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for seed in range(networks):
            model: Any = MLPClassifier(
                (32,),
                alpha=0.0,
                batch_size=BATCH,
                max_iter=epochs,
                n_iter_no_change=epochs,
                random_state=seed,
            )
            found.append(model.fit(inputs, classes).score(held_out_inputs, held_out))
    return np.array(found)


def main() -> None:
    """Print a row for each: seconds of processor time, accuracy and its spread."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--engines", nargs="*", default=["auto"], choices=ENGINES)
    parser.add_argument("--json", metavar="PATH", help="write the rows to this file, too")
    options = parser.parse_args()
    from threadpoolctl import threadpool_limits

    print(f"auto: {choose(experiment(1), options.networks).reason}")
    jobs: dict[str, Any] = {}
    for asked in options.engines:
        name = engine_of(asked, experiment(1))
        # A process does this once: compile or load the kernel.
        trainlab_accuracies(name, 1, options.networks)
        jobs[f"trainlab, {name}"] = lambda name=name: trainlab_accuracies(
            name, options.epochs, options.networks
        )
    scikit_accuracies(1, 1)
    jobs["scikit-learn"] = lambda: scikit_accuracies(options.epochs, options.networks)
    rows: list[dict[str, Any]] = []
    print(f"{options.networks} networks 64-32-10, {options.epochs} epochs; accuracy on held-out digits")
    with threadpool_limits(1):
        for name, job in jobs.items():
            start = time.process_time()
            found = job()
            seconds = time.process_time() - start
            low, middle, high = np.quantile(found, (0.05, 0.5, 0.95))
            rows.append(
                {
                    "engine": name,
                    "networks": options.networks,
                    "epochs": options.epochs,
                    "seconds": seconds,
                    "mean": float(found.mean()),
                    "quantiles": {"5": float(low), "50": float(middle), "95": float(high)},
                }
            )
            print(
                f"  {name:20}{seconds:9.1f} s   mean {found.mean():.4f}, median {middle:.4f}, "
                f"90 % of them {low:.4f} to {high:.4f}"
            )
    if len(rows) > 1:
        print(
            f"  scikit-learn takes {rows[-1]['seconds'] / rows[0]['seconds']:.1f} × as long as "
            f"{rows[0]['engine']}"
        )
    if options.json:
        Path(options.json).write_text(json.dumps({"rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
