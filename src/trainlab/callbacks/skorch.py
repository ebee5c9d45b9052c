# pyright: basic
"""The doctor in skorch: ``NeuralNetClassifier(…, callbacks=[DoctorCallback()])``."""

from __future__ import annotations

from typing import Any

from trainlab.callbacks.doctor import OTHER_PROCESS, Doctor, missing

try:
    import torch
    from skorch.callbacks import Callback
except ModuleNotFoundError as error:
    raise missing(error, "skorch", extra="skorch") from error


class DoctorCallback(Doctor, Callback):
    """Listens during ``fit`` and ``partial_fit``, and prints the report at their end.

    Args:
        show: print the report. It is kept in `report` in any case.
    """

    def __init__(self, *, show: bool = True) -> None:
        super().__init__(show=show)

    def on_train_begin(self, net: Any, X: Any = None, y: Any = None, **kwargs: Any) -> None:
        """Begin to listen, in the first process."""
        group = torch.distributed
        first = not (group.is_available() and group.is_initialized() and group.get_rank())
        self._begin(not_watched="" if first else OTHER_PROCESS)
        self._tell_of_error(net)

    def on_train_end(self, net: Any, X: Any = None, y: Any = None, **kwargs: Any) -> None:
        """Stop listening."""
        self._end()

    def _tell_of_error(self, net: Any) -> None:
        """Wrap the next loop, once: no event tells callbacks that it ended with an exception."""

        def fit_loop(*args: Any, **kwargs: Any) -> Any:
            vars(net).pop("fit_loop", None)
            try:
                return net.fit_loop(*args, **kwargs)
            except KeyboardInterrupt:
                raise  # for skorch an ordinary end of a fit: on_train_end follows
            except BaseException as error:
                self._end(error)
                raise

        vars(net)["fit_loop"] = fit_loop
