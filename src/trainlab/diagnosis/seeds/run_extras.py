# pyright: basic
"""What a run of a population reports besides its diagnosis, read in the script's process."""

from __future__ import annotations

import sys
from typing import Any

import torch

from trainlab.diagnosis.lift.recorder import Recorder
from trainlab.diagnosis.lift.recording import Recording, write
from trainlab.diagnosis.observed.record import TrainingRecord
from trainlab.diagnosis.observed.told import number_in
from trainlab.diagnosis.script.plan import Extras

SKETCH = 256
"""The 256 smallest fingerprints of rows tell whether two runs were given the same data."""


class RunExtras:
    """Reads a variable of the script at its end, and whether it sets a seed; records what a lift needs."""

    def __init__(self, asked: Extras, probe: Any) -> None:
        self.asked = asked
        self.torch_seed = torch.initial_seed()
        self.state = probe.state
        self.probe = probe
        self.recorder: Recorder | None = None

    def start(self) -> None:
        """Begin to listen, if a lift is wanted; the rest is read at the end."""
        if self.asked.recording:
            self.recorder = Recorder(self.probe, light=self.asked.light)
            self.recorder.start()

    def _write_recording(self, recorder: Recorder, record: TrainingRecord) -> None:
        """Write what a lift needs; should that fail, there is no lift, and the report is unharmed."""
        try:
            recording = recorder.finished()
            recording.judges_other_rows = bool(record.data.judged_rows - record.data.train_rows)
            write(recording, self.asked.recording)
        except Exception as error:
            refused = Recording(refused=f"it couldn't be followed ({type(error).__name__})")
            write(refused, self.asked.recording)

    def report(self, record: TrainingRecord) -> dict[str, Any]:
        """Return the variable's value, a sketch of the rows trained on, and whether torch was seeded."""
        if self.recorder is not None and not self.state.on:
            self.state.busy = True
            if record.clips or record.uses_scaler:
                self.recorder.refuse("it clips or scales gradients")
            self._write_recording(self.recorder, record)
        names = vars(sys.modules["__main__"])
        return {
            "variable": number_in(names.get(self.asked.variable)) if self.asked.variable else None,
            "rows": sorted(record.data.train_rows)[:SKETCH],
            "seeded": torch.initial_seed() != self.torch_seed,
        }
