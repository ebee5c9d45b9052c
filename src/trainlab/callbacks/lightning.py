# pyright: basic
"""The doctor in ``lightning`` or ``pytorch_lightning``: ``Trainer(callbacks=[DoctorCallback()])``."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from trainlab.callbacks.doctor import OTHER_PROCESS, SHARDED, Doctor, missing

_PACKAGES = ("lightning.pytorch", "pytorch_lightning")
_SEARCHES = frozenset(("LearningRateFinder", "BatchSizeFinder"))
_SHARDING = frozenset(("FSDPStrategy", "ModelParallelStrategy", "DeepSpeedStrategy"))


def _bases() -> tuple[Any, ...]:
    """Return the ``Callback`` of each package in use; of the one that is installed, if none is yet."""
    used = [sys.modules[name] for name in _PACKAGES if name in sys.modules]
    if not used:
        try:
            used = [import_module(_PACKAGES[0])]
        except ModuleNotFoundError:
            used = [import_module(_PACKAGES[1])]
    return tuple(package.Callback for package in used)


if TYPE_CHECKING:
    _Callback: Any = object
else:
    try:
        _Callback = type("_Callback", _bases(), {})
    except ModuleNotFoundError as error:
        raise missing(error, "pytorch_lightning", extra="lightning") from error


class DoctorCallback(Doctor, _Callback):
    """Listens during ``Trainer.fit``, and prints the report at its end.

    Args:
        show: print the report. It is kept in `report` in any case.
    """

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Begin to listen before the optimizers are made, unless a search comes first."""
        if stage == "fit" and not _searches(trainer):
            self._begin(not_watched=_why_not_watched(trainer))

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        """Tell the watch about the module: ``training_step`` may call its layers one by one."""
        self._declare(pl_module)

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Begin to listen, if a search had to end first."""
        if _searches(trainer):
            self._begin(not_watched=_why_not_watched(trainer))
            self._declare(pl_module)

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """Stop listening."""
        self._end(exception)

    def teardown(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Stop listening."""
        self._end()


def _searches(trainer: Any) -> bool:
    """Whether trial steps with rates or batch sizes come before the training itself."""
    kinds = {kind.__name__ for callback in trainer.callbacks for kind in type(callback).__mro__}
    return not kinds.isdisjoint(_SEARCHES)


def _why_not_watched(trainer: Any) -> str:
    if type(trainer.strategy).__name__ in _SHARDING:
        return SHARDED
    return "" if trainer.is_global_zero else OTHER_PROCESS
