"""The lab as a notebook's widget: the same modules, answered by the kernel."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from trainlab.draw import css
from trainlab.errors import SpecError, TrainlabError
from trainlab.spec import Experiment
from trainlab.web.addresses import lab_address
from trainlab.web.answers import answer
from trainlab.web.bundle import STATIC, bundle
from trainlab.web.errors_as_frames import error_frame, words_of
from trainlab.web.frames import encode
from trainlab.web.limits import Limits
from trainlab.web.questions import read_question
from trainlab.web.schema import schema

if TYPE_CHECKING:
    from anywidget import AnyWidget

SEEDS = 256


def lab(experiment: Experiment | None = None, *, seed: int = 0, seeds: int = SEEDS) -> AnyWidget:
    """Return the lab as a widget: in a notebook, the last expression of a cell shows it.

    Its ``address`` is what the page of ``trainlab serve`` has behind its own address, so that what was found
    here opens there.

    Args:
        experiment: what it begins with; left out, the assignment's Model 1 with Adam and MSE.
        seed: the run that is looked at.
        seeds: how many seeds are asked.

    Raises:
        SpecError: `experiment` is none.
        TrainlabError: the extra isn't installed.
    """
    if experiment is not None and not isinstance(experiment, Experiment):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise SpecError(
            f"experiment is {type(experiment).__name__}, but must be an Experiment: make one with "
            "Experiment.from_dict, or leave it out."
        )
    try:
        import anywidget
        import traitlets
    except ImportError:
        raise TrainlabError("lab: shows itself as a widget; pip install 'trainlab[notebook]'.") from None

    class Lab(anywidget.AnyWidget):
        _esm = bundle("notebook") + "\nexport default { render: renderNotebook };\n"
        offered = traitlets.Dict(schema()).tag(sync=True)
        look = traitlets.Unicode(css(scope=":host") + (STATIC / "lab.css").read_text("utf-8")).tag(sync=True)
        address = traitlets.Unicode("#").tag(sync=True)

    address = "#" if experiment is None else lab_address(experiment, seed=seed, seeds=seeds).removeprefix("/")
    widget: Any = Lab(address=address)
    desks: dict[str, Desk] = {}

    def receive(_widget: object, message: dict[str, Any], _buffers: object) -> None:
        view = str(message.get("view"))
        if message.get("leave"):
            if view in desks:
                desks.pop(view).close()
            return
        if view not in desks:
            desks[view] = Desk(lambda frame: widget.send({"view": view}, [frame]))
        if "cancel" in message:
            desks[view].cancel(str(message["cancel"]))
        else:
            desks[view].ask(int(message["id"]), str(message["lane"]), message["question"])

    widget.on_msg(receive)
    return widget


class Desk:
    """Answers the questions of one page in a thread of its own: the newest of each lane, in their order."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send
        self._waiting: dict[str, tuple[int, object]] = {}
        self._newest: dict[str, int] = {}
        self._changed = threading.Condition()
        self._closed = False
        threading.Thread(target=self._work, daemon=True, name="trainlab lab").start()

    def ask(self, number: int, lane: str, question: object) -> None:
        """Answer a question; an older one of its lane is dropped."""
        with self._changed:
            self._newest[lane] = number
            self._waiting[lane] = (number, question)
            self._changed.notify()

    def cancel(self, lane: str) -> None:
        """Drop the question of a lane."""
        with self._changed:
            self._newest.pop(lane, None)
            self._waiting.pop(lane, None)

    def close(self) -> None:
        """Drop everything, and end the thread."""
        with self._changed:
            self._closed = True
            self._newest.clear()
            self._changed.notify()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if self._closed:
                    return
                lane = next(iter(self._waiting))
                number, question = self._waiting.pop(lane)
            self._answer(number, lane, question)

    def _answer(self, number: int, lane: str, question: object) -> None:
        try:
            for frame in answer(read_question(msgspec.json.encode(question)), Limits()):
                if self._newest.get(lane) != number:
                    return
                self._send(encode(frame, id=number, lane=lane))
        except Exception as error:
            # The thread has to answer the next question, whatever became of this one.
            self._send(encode(error_frame(words_of(error)), id=number, lane=lane))
