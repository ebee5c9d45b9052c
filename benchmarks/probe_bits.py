"""Does the doctor's probe change a training? Final weights and random states, with and without it.

It is asked of all scripts in the folders given, each run twice in a process of its own, and of the four
models of `probe_models`. A script's weights are those of all optimizers that it made, as they are at its end.
A script that differs from itself without the probe, too, such as one that seeds by the clock, is named and
counts for neither. Prints a table, and exits with 1 if anything differs in a bit, fails, or took no step that
the probe heard.

    python -m benchmarks.probe_bits [FOLDER…]
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import multiprocessing
import os
import random
import runpy
import sys
from collections import Counter
from collections.abc import Iterable
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import torch

from benchmarks.probe_models import MODELS
from trainlab.diagnosis.probe.probe import Probe
from trainlab.draw import terminal_table

STEPS = 120
FAILED = "failed"
LOADED = [
    "benchmarks.probe_models",
    "trainlab.diagnosis.probe.probe",
    "torch._dynamo",
    "sklearn.datasets",
    "trainlab.diagnosis.judge.diagnose",
]
"""What the process has loaded from which the runs are forked."""


def digest(tensors: Iterable[torch.Tensor]) -> str:
    """Return a fingerprint of the tensors' bits."""
    found = hashlib.sha256()
    for tensor in tensors:
        found.update(f"{tensor.dtype}{tuple(tensor.shape)}".encode())
        found.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return found.hexdigest()[:12]


def random_states() -> str:
    """Return a fingerprint of the states of PyTorch's, NumPy's and Python's generators."""
    found = hashlib.sha256(torch.get_rng_state().numpy().tobytes())
    found.update(repr([np.random.get_state()[0], *np.random.get_state()[2:]]).encode())
    found.update(np.random.get_state()[1].tobytes())
    found.update(repr(random.getstate()).encode())
    return found.hexdigest()[:12]


def of_script(script: str) -> tuple[int, str, str]:
    """Run the script here, and return the number of values in its optimizers and a fingerprint of them."""
    made: list[torch.optim.Optimizer] = []
    original = torch.optim.Optimizer.__init__

    def init(optimizer: torch.optim.Optimizer, *args: object, **options: object) -> None:
        original(optimizer, *args, **options)
        made.append(optimizer)

    torch.optim.Optimizer.__init__ = init
    sys.path.insert(0, os.path.dirname(os.path.abspath(script)))
    sys.argv = [script]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        runpy.run_path(script, run_name="__main__")
    tensors = [one for each in made for group in each.param_groups for one in group["params"]]
    return sum(one.numel() for one in tensors), digest(tensors), random_states()


def of_model(name: str) -> tuple[int, str, str]:
    """Train one of the four, and return the same."""
    (made,) = [one for one in MODELS if one.name == name]
    job = made.make()
    for _ in range(STEPS):
        job.step()
    state = job.model.state_dict()
    return sum(one.numel() for one in state.values()), digest(state.values()), random_states()


def child(what: str, *, watched: bool) -> None:
    """Train with or without the probe, and print what came of it, and how many steps were heard."""
    torch.set_num_threads(1)
    # A generator that a script doesn't seed starts as in any new process, differently each time.
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)
    probe = Probe(whole_process=True)
    if watched:
        probe.start()
    values, weights, states = of_script(what) if Path(what).exists() else of_model(what)
    heard = probe.stop() if watched else None
    if heard is not None:
        states = random_states() if states == random_states() else "changed by stop()"
    print(values, weights, states.replace(" ", "_"), 0 if heard is None else heard.tick or heard.backwards)
    for trouble in [] if heard is None else heard.troubles:
        print(f"the probe's own fault: {trouble}", file=sys.stderr)


def outcome(what: str, *, watched: bool) -> list[str]:
    """Return what a process of its own tells of a script or model; it is forked, with PyTorch loaded."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LOADED)
    hearing, telling = context.Pipe(duplex=False)
    process = context.Process(target=tell, args=(telling, what, watched))
    process.start()
    telling.close()
    try:
        return hearing.recv()
    except EOFError:
        return [FAILED, "it ended before its end", "", "0"]
    finally:
        process.join()


def tell(pipe: Connection, what: str, watched: bool) -> None:
    """Train, and send the words of what came of it."""
    try:
        with contextlib.redirect_stdout(io.StringIO()) as said:
            child(what, watched=watched)
        pipe.send(said.getvalue().splitlines()[-1].split())
    except Exception as error:
        pipe.send([FAILED, f"{type(error).__name__}: {error}"[:60], "", "0"])


def compared(what: str) -> tuple[tuple[str, ...], str]:
    """Return a row of the table, and ``same``, ``different`` or ``not repeatable``."""
    bare, watched = (outcome(what, watched=one) for one in (False, True))
    weights, states = bare[:2] == watched[:2], bare[2] == watched[2]
    verdict = "same" if weights and states and bare[0] != FAILED and watched[3] != "0" else "different"
    if verdict == "different" and bare[0] != FAILED and outcome(what, watched=False) != bare:
        verdict = "not repeatable"
    said = ("same" if weights else verdict, "same" if states else verdict)
    return (Path(what).name, bare[0], watched[3], *said, bare[1], "" if weights else watched[1]), verdict


def main() -> int:
    """Print a row for each script and model."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="*", type=Path, help="folders of scripts to run")
    parser.add_argument("--models", nargs="*", default=[made.name for made in MODELS], help="only these")
    options = parser.parse_args()
    scripts = sorted(
        str(path) for folder in options.folders for path in folder.glob("*.py") if path.name != "score.py"
    )
    rows: list[tuple[str, ...]] = []
    counts = Counter[str]()
    for what in (*scripts, *options.models):
        row, verdict = compared(what)
        rows.append(row)
        counts[verdict] += 1
        print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    from rich.console import Console

    headers = ("training", "values", "steps", "final weights", "random states", "without", "with, if other")
    Console(width=150).print(terminal_table(headers, rows, title="With and without the probe"))
    print(
        f"{len(rows)} trainings: {counts['same']} the same bit for bit, {counts['different']} not, "
        f"{counts['not repeatable']} not repeatable by themselves"
    )
    return 1 if counts["different"] else 0


if __name__ == "__main__":
    sys.exit(main())
