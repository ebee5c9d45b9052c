# pyright: basic
"""The doctor in Hugging Face's ``Trainer``: ``Trainer(…, callbacks=[DoctorCallback()])``."""

from __future__ import annotations

import functools
from typing import Any

from trainlab.callbacks.doctor import OTHER_PROCESS, SHARDED, Doctor, missing

try:
    from transformers import Trainer, TrainerCallback
except ModuleNotFoundError as error:
    raise missing(error, "transformers", extra="transformers") from error


class DoctorCallback(Doctor, TrainerCallback):
    """Listens while ``Trainer.train`` trains, and prints the report at its end.

    Args:
        show: print the report. It is kept in `report` in any case.
    """

    def __init__(self, *, show: bool = True) -> None:
        super().__init__(show=show)
        _wrap_train()

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Begin to listen, if the user's own ``train`` doesn't call Trainer's."""
        if not self._listens:
            self._begin(not_watched=_why_not_watched(args, first=state.is_world_process_zero))

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Stop listening."""
        self._end()


def _why_not_watched(args: Any, *, first: bool) -> str:
    return SHARDED if args.fsdp or args.deepspeed else "" if first else OTHER_PROCESS


def _wrap_train() -> None:
    """Wrap ``Trainer.train``, once.

    The first event comes after the optimizer is made, and none comes if training ends with an exception.
    """
    original = Trainer.train
    if hasattr(original, "heard_by_doctors"):
        return

    @functools.wraps(original)
    def train(trainer: Any, *args: Any, **kwargs: Any) -> Any:
        doctors = [one for one in trainer.callback_handler.callbacks if isinstance(one, DoctorCallback)]
        for doctor in doctors:
            doctor._begin(not_watched=_why_not_watched(trainer.args, first=trainer.is_world_process_zero()))
        try:
            return original(trainer, *args, **kwargs)
        except BaseException as error:
            for doctor in doctors:
                doctor._end(error)
            raise

    train.heard_by_doctors = True  # pyright: ignore[reportAttributeAccessIssue]
    Trainer.train = train  # pyright: ignore[reportAttributeAccessIssue]
