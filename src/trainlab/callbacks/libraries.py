"""What the modules of the libraries share: the error where one is missing, and names of signals."""

from __future__ import annotations

import re
from typing import Protocol

from trainlab.diagnosis.report.report import Report
from trainlab.diagnosis.signals.series import Series
from trainlab.errors import MissingPackageError, lacking

# The error for a library that isn't installed, in one line.


def missing(error: ModuleNotFoundError, library: str, *, extra: str) -> ImportError:
    """Return what to raise instead of `error`: itself, unless the library or PyTorch is missing.

    Args:
        library: the name under which it is imported; or its parent package.
        extra: the extra of trainlab that installs it, and the name of the module that needs it.
    """
    name = (error.name or "").partition(".")[0]
    if name not in (library, "torch"):
        return error
    return MissingPackageError(lacking(f"trainlab.callbacks.{extra}", name, extra=extra), name=name)


# Names of signals that TensorBoard and MLflow accept: letters, digits, ``_``, ``-``, ``.`` and ``/``.


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
