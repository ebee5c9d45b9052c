"""``with trainlab.watch(model) as watched:`` around any training loop."""

from __future__ import annotations

import weakref
from types import TracebackType
from typing import TYPE_CHECKING, Any

from trainlab.diagnosis.judge.diagnose import diagnose
from trainlab.diagnosis.judge.rule_reading import Asked
from trainlab.diagnosis.observed.record import TrainingRecord
from trainlab.diagnosis.observed.told import Told
from trainlab.diagnosis.probe.frames import forget_own_frames
from trainlab.diagnosis.report.report import Report
from trainlab.diagnosis.script.interpreter import KeptOutput
from trainlab.diagnosis.signals.learnt import UsersRule, rule_from
from trainlab.diagnosis.signals.series import Series, all_series
from trainlab.errors import DiagnosisError, lacking

if TYPE_CHECKING:
    from trainlab.diagnosis.probe.probe import Probe

_active: list[Watch] = []


class Watch:
    """Listens between entering and leaving. `report` is the diagnosis so far, also after the end.

    In a script that ``trainlab doctor`` runs, the command listens already (`shared`): its record counts.
    With a `rule` of the user's that decides what is solved, what is printed meanwhile is kept.
    """

    def __init__(self, *models: Any, rule: UsersRule | None = None) -> None:
        self.rule = rule
        self.returned: Any = None
        """What the function returned, where one is watched."""
        self.whose = "what was watched"
        self._output = KeptOutput()
        self.shared = False
        self._models = [weakref.ref(model) for model in models]
        self._probe: Probe | None = None
        self._record: TrainingRecord | None = None
        self._report: Report | None = None
        self.trained = frozenset[int]()
        """The ids of the networks that were called and are still there at the end."""

    def __enter__(self) -> Watch:
        """Begin to listen."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening; an exception of the training goes on its way."""
        self.stop(error, how="end of the block")
        if error is not None:
            forget_own_frames(error)

    def start(self) -> Watch:
        """Begin to listen, where there is no block to enter.

        Raises:
            DiagnosisError: if another watch is listening, or PyTorch isn't installed.
        """
        if _active:
            raise DiagnosisError(
                "watch: another watch is listening already; leave it before you enter this one."
            )
        try:
            from trainlab.diagnosis.probe.probe import Probe, listening
        except ModuleNotFoundError as error:
            raise DiagnosisError(lacking("watch", "PyTorch", extra="torch")) from error
        open_probe = listening()
        self.shared = open_probe is not None
        self._probe = open_probe or Probe()
        self._report = None
        self._output, self.returned = KeptOutput(), None
        _active.append(self)
        if self.rule is not None:
            self._output.start()
        try:
            if not self.shared:
                self._probe.start()
            self.declare(*(model for one in self._models if (model := one()) is not None))
        except BaseException as error:
            self.stop(error)
            raise
        return self

    def declare(self, *models: Any) -> None:
        """Make known, while listening, that these are whole networks, though layers may be called singly."""
        if self._probe is not None:
            for model in models:
                self._probe.calls.declare(model)

    def stop(self, error: BaseException | None = None, *, how: str = "stopped") -> None:
        """Stop listening, if it is; `error` ended the training, or it ended as `how` says."""
        if self._probe is None:
            return
        _active.remove(self)
        self._output.stop()
        self._record = self._probe.read() if self.shared else self._probe.stop(whole=error is None)
        self.trained = frozenset(id(module) for module in self._probe.calls.networks.alive())
        self._probe = None
        if error is not None:
            how = f"{type(error).__name__}: {error}"
        if isinstance(error, KeyboardInterrupt):
            how = "interrupted"
        self._report = diagnose(self._record, ended={"how": how}, asked=self._asked())

    @property
    def listening(self) -> bool:
        """Whether it has begun and not ended."""
        return self._probe is not None

    @property
    def report(self) -> Report:
        """What was found; asked inside of the block, what was found so far."""
        if self._report is not None:
            return self._report
        return diagnose(self._training_record(), ended={"how": "still training"}, asked=self._asked())

    @property
    def signals(self) -> tuple[Series, ...]:
        """The signals over the steps so far: loss, rates, and those of each parameter and activation."""
        return all_series(self._training_record())

    def _asked(self) -> Asked | None:
        if self.rule is None:
            return None
        told = Told(printed=self._output.text, returned=self.returned, whose=self.whose)
        return Asked(rule=self.rule, told=told)

    def _training_record(self) -> TrainingRecord:
        if self._probe is not None:
            return self._probe.read()
        if self._record is None:
            raise DiagnosisError("watch: nothing was watched yet; train inside of `with trainlab.watch(…):`.")
        return self._record


def open_watch() -> Watch | None:
    """Return the watch that is listening in this process, or None."""
    return _active[-1] if _active else None


def watch(*models: Any, solved: str | None = None) -> Watch:
    """Return a context in which trainings are listened to.

    Every training in the process is watched. Models that are given are known to be whole networks, also where
    the loop calls their layers one by one; they are checked to be modules, so that a slip shows at once.

    Args:
        models: networks that are trained.
        solved: what counts as success, as in ``"accuracy > 0.9"``, instead of the doctor's own judgement: a
            number that is printed inside of the block after this name, or else accuracy, R² or loss as
            trainlab measures them.

    Raises:
        DiagnosisError: if something given isn't a torch module, `solved` is no rule, or another watch is
            listening.
    """
    rule = None if solved is None else rule_from(solved, option="watch: solved")
    for model in models:
        if not callable(getattr(model, "parameters", None)):
            raise DiagnosisError(
                f"watch: {type(model).__name__} is not a torch module; give models, or nothing "
                "to hear everything."
            )
    return Watch(*models, rule=rule)
