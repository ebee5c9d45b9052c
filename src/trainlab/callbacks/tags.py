"""Names of signals that TensorBoard and MLflow accept: letters, digits, ``_``, ``-``, ``.`` and ``/``."""

from __future__ import annotations

import re
from typing import Protocol

from trainlab.diagnosis.report.report import Report
from trainlab.diagnosis.signals.series import Series


class Heard(Protocol):
    """What has heard a training: a `DoctorCallback`, or what `trainlab.watch` returns."""

    @property
    def report(self) -> Report:
        """The diagnosis."""
        ...

    @property
    def signals(self) -> tuple[Series, ...]:
        """The signals over the steps."""
        ...


def tag(series: Series) -> str:
    """Return ``update_ratio/fc1.weight``, or for a signal of the whole training ``doctor/loss``."""
    name = f"{series.signal}/{series.place}" if series.place else f"doctor/{series.signal}"
    return re.sub(r"[^-/\w.]+", "_", re.sub(r"\[['\"]?(\w+)['\"]?\]", r".\1", name), flags=re.ASCII)
