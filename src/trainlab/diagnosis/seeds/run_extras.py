# pyright: basic
"""What a run reports besides its diagnosis where it is one of a population: seen in the script's process."""

from __future__ import annotations

import math
import sys
from typing import Any

import torch

from trainlab.diagnosis.lift.listener import Listener
from trainlab.diagnosis.lift.recording import Recording, write
from trainlab.diagnosis.observed.record import TrainingRecord
from trainlab.diagnosis.script.plan import Plan

SKETCH = 256
"""So many of the least fingerprints of rows tell whether two runs were given the same data."""


class Beside:
    """Reads a variable of the script at its end, and whether it sets a seed; collects what a lift needs."""

    def __init__(self, plan: Plan, probe: Any) -> None:
        asked = plan.beside or {}
        self.variable = asked.get("variable", "")
        self.torch_seed = torch.initial_seed()
        self.lifted = asked.get("lifted", "")
        self.state = probe.state
        self.probe = probe
        self.listener: Listener | None = None

    def start(self) -> None:
        """Begin to listen, if a lift is wanted; the rest is read at the end."""
        if self.lifted:
            self.listener = Listener(self.probe)
            self.listener.start()

    def _write_recording(self, listener: Listener, record: TrainingRecord) -> None:
        """Write what a lift needs; one that can't be had is no lift, and harms no report."""
        try:
            recording = listener.finished()
            recording.elsewhere = bool(record.data.judged_rows - record.data.train_rows)
            write(recording, self.lifted)
        except Exception as error:
            refused = Recording(refused=f"it couldn't be followed ({type(error).__name__})")
            write(refused, self.lifted)

    def told(self, record: TrainingRecord) -> dict[str, Any]:
        """Return the variable's value, a sketch of the rows trained on, and whether torch was seeded."""
        if self.listener is not None and not self.state.on:
            self.state.busy = True
            if record.clips or record.uses_scaler:
                self.listener.refuse("it clips or scales gradients")
            self._write_recording(self.listener, record)
        names = vars(sys.modules["__main__"])
        return {
            "variable": number_in(names.get(self.variable)) if self.variable else None,
            "rows": sorted(record.data.train_rows)[:SKETCH],
            "seeded": torch.initial_seed() != self.torch_seed,
        }


def number_in(value: Any) -> float | None:
    """Return a number, or that of one element, or the last of a list; None for anything else."""
    if isinstance(value, list | tuple) and value:
        value = value[-1]
    try:
        number = float(value)  # pyright: ignore[reportArgumentType]
    except (TypeError, ValueError, RuntimeError):
        return None
    # JSON has no word for the others; a run that ended so has no number.
    return number if math.isfinite(number) else None
