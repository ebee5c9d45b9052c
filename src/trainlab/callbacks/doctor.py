"""What the callbacks share: a watch open during a fit, what it heard, the error for a missing library."""

from __future__ import annotations

import re
import sys
from typing import Any, Protocol

from trainlab.diagnosis.in_process.watch import Watch, open_watch
from trainlab.diagnosis.judge.diagnose import diagnose
from trainlab.diagnosis.observed.record import TrainingRecord
from trainlab.diagnosis.report.report import Report
from trainlab.diagnosis.signals.series import Series
from trainlab.errors import DiagnosisError, MissingPackageError, lacking

OTHER_PROCESS = "Not watched: of a distributed training, the first process is."
SHARDED = "Not watched: its parameters are spread over processes."


class Doctor:
    """Listens from the beginning of a fit to its end; `report` is that of the last fit.

    If the user has a watch open, it leaves listening and printing to that one. It never ends a training: if
    the diagnosis fails, it prints a line.

    Args:
        show: print the report at the end of a fit.
    """

    _not_watched_ = ""  # of the class, too: a callback that an older version pickled has none

    def __init__(self, *, show: bool = True) -> None:
        self.show = show
        # skorch takes attributes for parameters, except those that end in an underscore.
        self._watch_: Watch | None = None
        self._own_ = False
        self._not_watched_ = ""

    @property
    def report(self) -> Report:
        """What was found in the last fit, or so far in the current one.

        Raises:
            DiagnosisError: before the first fit.
        """
        if self._not_watched_:
            return diagnose(TrainingRecord(), ended={"how": self._not_watched_})
        return self._last_watch().report

    @property
    def signals(self) -> tuple[Series, ...]:
        """The signals of the last fit over its steps."""
        return () if self._not_watched_ else self._last_watch().signals

    def _last_watch(self) -> Watch:
        if self._watch_ is None:
            raise DiagnosisError("DoctorCallback: nothing was fitted yet; give it to a trainer, and fit.")
        return self._watch_

    @property
    def _listens(self) -> bool:
        return self._own_ and self._watch_ is not None and self._watch_.listening

    def _begin(self, *, not_watched: str = "") -> None:
        """Begin a fit; `not_watched` says why it isn't listened to."""
        if self._listens and self._watch_ is not None:
            self._watch_.stop(how="begun anew")
        self._not_watched_ = not_watched
        if not not_watched:
            others = open_watch()
            self._own_ = others is None
            self._watch_ = others or Watch().start()

    def _declare(self, model: Any) -> None:
        """Tell the watch about the model, whose layers may be called one by one."""
        if self._watch_ is not None and not self._not_watched_:
            self._watch_.declare(model)

    def _end(self, error: BaseException | None = None) -> None:
        """End the fit, with an `error` or without; do nothing if it has already ended."""
        watch = self._watch_
        if watch is None or not self._listens:
            return
        try:
            watch.stop(error, how="The fit ran to its end.")
            if self.show and not watch.shared:
                _print(str(watch.report))
        except Exception as trouble:
            _print(f"The doctor itself stumbled, which did the training no harm: {trouble!r}")

    def __getstate__(self) -> dict[str, Any]:
        """Return the state of a copy, which has watched nothing."""
        return vars(self) | {"_watch_": None, "_own_": False, "_not_watched_": ""}


def _print(text: str) -> None:
    coding = getattr(sys.stdout, "encoding", None) or "utf-8"
    print(text.encode(coding, "replace").decode(coding))


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
