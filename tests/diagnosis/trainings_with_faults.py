"""The trainings that have a fault, and what the doctor says of each: trained once for all who ask."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType

import torch
from diagnosis.watched import diagnosed

from trainlab.diagnosis import Report

FOLDER = Path(__file__).parent / "faults"
NAMES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "made")
CHAOTIC = ("bad_weight_init", "batchnorm_small_batch", "lr_too_high", "symmetric_init")
"""These amplify the rounding of float32, which differs by processor, to other words and numbers."""


def training_with(name: str) -> ModuleType:
    """Return the training: its `train(True)` has the fault, `train(False)` hasn't."""
    return importlib.import_module(f"diagnosis.faults.{name}")


@contextmanager
def alike_everywhere(name: str) -> Iterator[None]:
    """Train on one thread, and what is chaotic in float64, so that it comes out the same everywhere."""
    threads, dtype = torch.get_num_threads(), torch.get_default_dtype()
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64 if name in CHAOTIC else dtype)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.set_default_dtype(dtype)


@cache
def report_on(name: str, seed: int = 0) -> Report:
    """Return what is said of the training with a fault."""
    whole = name == "eval_on_train"
    with alike_everywhere(name):
        return diagnosed(lambda: training_with(name).train(True), seed=seed, whole_process=whole)
