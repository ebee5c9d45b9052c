"""Does the doctor change a training? Final weights, buffers and random states, with it and without.

It is asked of all scripts given, each run twice in a process of its own, and of the four
models of `probe_totals`. With the doctor means all that `trainlab doctor` does in the script's process: the
probe, the recording for remedies, the questions to the networks when the training has ended, the diagnosis.
Weights are those of all optimizers that a script made, buffers those of all modules; they and the random
states are read at the script's end, and again after the doctor's last passes. A script that differs from
itself without the doctor, too, such as one that seeds by the clock, is named and counts for neither. Prints a
table, and exits with 1 if anything differs in a bit, fails, or took no step that the probe heard.

    scripts/measure bits [FOLDER or SCRIPT…] [--keep]
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import hashlib
import io
import multiprocessing
import os
import random
import runpy
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from measure.doctor_bench import KEPT, read, write
from measure.probe_totals import MODELS
from trainlab.diagnosis.judge.diagnose import diagnose
from trainlab.diagnosis.lift.recorder import RunExtras
from trainlab.diagnosis.probe.probe import Probe
from trainlab.diagnosis.script.plan import Extras
from trainlab.draw import terminal_table

Held = Callable[[], list[torch.Tensor]]
"""Returns the tensors of a training, as they are when it is called."""
STEPS = 120
FAILED = "failed"
LOADED = [
    "measure.probe_totals",
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


def of_script(script: str) -> Held:
    """Run the script here, and return what holds its values: those in its optimizers, and all buffers."""
    optimizers: list[torch.optim.Optimizer] = []
    modules: list[nn.Module] = []
    _noting(torch.optim.Optimizer, optimizers)
    _noting(nn.Module, modules)
    sys.path.insert(0, os.path.dirname(os.path.abspath(script)))
    sys.argv = [script]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        runpy.run_path(script, run_name="__main__")
    made = (tuple(optimizers), tuple(modules))  # no more than the script made

    def held() -> list[torch.Tensor]:
        tensors = [one for each in made[0] for group in each.param_groups for one in group["params"]]
        return tensors + [one for each in made[1] for one in each.buffers(recurse=False)]

    return held


def _noting(owner: type, made: list[Any]) -> None:
    """Have all that are made of a class put into the list."""
    original: Any = owner.__init__

    @functools.wraps(original)
    def init(one: Any, *args: object, **options: object) -> None:
        original(one, *args, **options)
        made.append(one)

    owner.__init__ = init


def of_model(name: str) -> Held:
    """Train one of the four, and return the same."""
    (made,) = [one for one in MODELS if one.name == name]
    job = made.make()
    for _ in range(min(STEPS, made.steps)):
        job.step()
    return lambda: list(job.model.state_dict().values())


def child(what: str, *, watched: bool) -> None:
    """Train with or without the doctor, and print what came of it, how many steps it heard, what it asked."""
    torch.set_num_threads(1)
    # A generator that a script doesn't seed starts as in any new process, differently each time.
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        probe = Probe(whole_process=True)
        extras = RunExtras(Extras(recording=os.path.join(folder, "recording.npz"), light=True), probe)
        if watched:
            extras.start()
            probe.start()
        held = of_script(what) if Path(what).exists() else of_model(what)
        weights, states = digest(held()), random_states()
        heard = probe.stop() if watched else None
        if heard is not None:
            extras.report(heard)
            diagnose(heard, ended={"how": "end", "code": 0})
    if heard is not None:
        weights = weights if weights == digest(held()) else "changed_at_the_end"
        states = states if states == random_states() else "changed_at_the_end"
    values = sum(one.numel() for one in held())
    asked = 0 if heard is None else len(heard.asked) + len(heard.dependences)
    print(values, weights, states, 0 if heard is None else heard.tick or heard.backwards, asked)
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
        return [FAILED, "it ended before its end", "", "0", "0"]
    finally:
        process.join()


def tell(pipe: Connection, what: str, watched: bool) -> None:
    """Train, and send the words of what came of it."""
    os.setsid()  # what it starts is its own
    try:
        with contextlib.redirect_stdout(io.StringIO()) as said:
            child(what, watched=watched)
        pipe.send(said.getvalue().splitlines()[-1].split())
    except Exception as error:
        pipe.send([FAILED, f"{type(error).__name__}: {error}"[:60], "", "0", "0"])


def compared(what: str) -> tuple[tuple[str, ...], str]:
    """Return a row of the table (no name of a sealed script): ``same``, ``different``, ``not repeatable``."""
    bare, watched = (outcome(what, watched=one) for one in (False, True))
    weights, states = bare[:2] == watched[:2], bare[2] == watched[2]
    verdict = "same" if weights and states and bare[0] != FAILED and watched[3] != "0" else "different"
    if verdict == "different" and bare[0] != FAILED and outcome(what, watched=False) != bare:
        verdict = "not repeatable"
    said = ("same" if weights else verdict, "same" if states else verdict)
    named = "sealed" if "sealed" in Path(what).parts else Path(what).name
    return (named, bare[0], *watched[3:], *said, bare[1], "" if weights else watched[1]), verdict


def main() -> int:
    """Print a row for each script and model."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("scripts", nargs="*", type=Path, help="scripts, and folders of scripts")
    parser.add_argument("--models", nargs="*", default=[made.name for made in MODELS], help="only these")
    parser.add_argument("--workers", type=int, default=1, help="so many side by side")
    parser.add_argument("--keep", action="store_true", help="keep the count for docs/trust.md")
    options = parser.parse_args()
    found = [path for given in options.scripts for path in (sorted(given.glob("*.py")) or [given])]
    scripts = [str(path) for path in found if is_training(path)]
    rows: list[tuple[str, ...]] = []
    counts = Counter[str]()
    with ThreadPoolExecutor(options.workers) as workers:
        for row, verdict in workers.map(compared, (*scripts, *options.models)):
            rows.append(row)
            counts[verdict] += 1
            print(f"{len(rows)}: {row[0]} {verdict}", file=sys.stderr, flush=True)
            if options.keep:
                _keep(rows, counts)
    from rich.console import Console

    headers = (
        *("training", "values", "steps", "asked", "weights and buffers", "random states"),
        *("without", "with, if other"),
    )
    Console(width=150).print(terminal_table(headers, rows, title="With and without the doctor"))
    print(
        f"{len(rows)} trainings: {counts['same']} the same bit for bit, {counts['different']} not, "
        f"{counts['not repeatable']} not repeatable by themselves"
    )
    return 1 if counts["different"] else 0


def _keep(rows: list[tuple[str, ...]], counts: Counter[str]) -> None:
    kept = read(KEPT)
    kept["bits"] = {
        "same": counts["same"],
        "trainings": len(rows) - counts["not repeatable"],
        "asked": sum(row[3] != "0" for row in rows),
        "not_repeatable": counts["not repeatable"],
    }
    write(KEPT, kept)


def is_training(path: Path) -> bool:
    """Whether a script of a folder trains by PyTorch."""
    return "torch" in path.read_text(encoding="utf-8") and path.name != "score.py"


if __name__ == "__main__":
    sys.exit(main())
