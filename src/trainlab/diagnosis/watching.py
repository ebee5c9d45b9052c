"""``with trainlab.watch(model) as watched:`` around any training loop."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any

from trainlab.diagnosis.findings import Report
from trainlab.diagnosis.rank import diagnose
from trainlab.errors import DiagnosisError

if TYPE_CHECKING:
    from trainlab.diagnosis.probe.probe import Probe

_active: list[Watch] = []


class Watch:
    """Listens between entering and leaving. `report` is the diagnosis so far, also after the end."""

    def __init__(self) -> None:
        self._probe: Probe | None = None
        self._report: Report | None = None

    def __enter__(self) -> Watch:
        """Begin to listen."""
        if _active:
            raise DiagnosisError(
                "watch: another watch is listening already; leave it before you enter this one."
            )
        try:
            from trainlab.diagnosis.probe.probe import Probe
        except ModuleNotFoundError as error:
            raise DiagnosisError(
                "watch: needs PyTorch, which isn't installed. pip install 'trainlab[torch]'"
            ) from error
        self._probe = Probe()
        self._report = None
        _active.append(self)
        self._probe.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening; an exception of the training goes on its way."""
        _active.remove(self)
        if self._probe is not None:
            seen = self._probe.stop()
            how = "end of the block" if kind is None else f"{kind.__name__}: {error}"
            self._report = diagnose(seen, ended={"how": how})
            self._probe = None

    @property
    def report(self) -> Report:
        """What was found; asked inside of the block, what was found so far."""
        if self._report is not None:
            return self._report
        if self._probe is None:
            raise DiagnosisError("watch: nothing was watched yet; train inside of `with trainlab.watch(…):`.")
        return diagnose(self._probe.read(), ended={"how": "still training"})


def watch(*models: Any) -> Watch:
    """Return a context in which trainings are listened to.

    Everything in the process is heard; models that are given are checked to be modules, so that a slip of the
    pen shows at once.

    Raises:
        DiagnosisError: if something given isn't a torch module, or another watch is listening.
    """
    for model in models:
        if not callable(getattr(model, "parameters", None)):
            raise DiagnosisError(
                f"watch: {type(model).__name__} is not a torch module; give models, or nothing "
                "to hear everything."
            )
    return Watch()
