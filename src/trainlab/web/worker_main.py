"""A worker: a process that answers one question after another, and stops between its parts when told to.

``python -m trainlab.web.worker_main`` is spoken to in the words of `workers.py`, and ends with its stdin.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import BinaryIO

import msgspec

from trainlab.errors import TrainlabError
from trainlab.spec import any_study
from trainlab.web.answers import answer
from trainlab.web.course import SHOWN
from trainlab.web.experiment_forms import page_form
from trainlab.web.frames import Frame, encode, error_frame, words_of
from trainlab.web.questions import Asked, GivenUpError, Limits, Population, check_wanted, while_wanted
from trainlab.web.workers import ASK, CANCEL, DONE, FRAME, LENGTH, NUMBER, READY, Order, packed, unpacked

Answer = Callable[[Asked, Limits], Iterator[Frame]]


class Worker:
    """Answers what comes in at `asked`, and writes to `answers`."""

    def __init__(self, answer: Answer, *, asked: BinaryIO, answers: BinaryIO) -> None:
        self._answer = answer
        self._asked, self._answers = asked, answers
        self._orders: SimpleQueue[Order] = SimpleQueue()
        self._cancelled = -1
        """The number of the last order that is to be given up; all before it are done."""

    def run(self, *, prepare: Callable[[], None] | None = None) -> None:
        """Prepare, say that it is ready, and answer until the process ends."""
        # A thread of its own: the kernel runs without Python's lock, so that cancels are heard meanwhile, and
        # the end of the server even while this is busy.
        threading.Thread(target=self._listen, daemon=True).start()
        if prepare is not None:
            prepare()
        self._send(READY)
        while True:
            order = self._orders.get()
            self._carry_out(order)
            self._send(DONE)

    def _listen(self) -> None:
        while True:
            prefix = self._asked.read(LENGTH.size)
            if len(prefix) < LENGTH.size:
                # The server is gone, and nobody is left to answer to.
                os._exit(0)
            kind, body = unpacked(self._asked.read(*LENGTH.unpack(prefix)))
            if kind == ASK:
                self._orders.put(msgspec.json.decode(body, type=Order))
            elif kind == CANCEL:
                (self._cancelled,) = NUMBER.unpack(body)

    def _carry_out(self, order: Order) -> None:
        """Send the frames of an answer; an error is its last."""
        try:
            question: Asked = msgspec.json.decode(order.question, type=Asked)
            with while_wanted(lambda: self._cancelled < order.number):
                for frame in self._answer(question, order.limits):
                    check_wanted()
                    self._send_frame(frame, order)
                    if frame.last:
                        return
            failure = "The answer broke off without an end: an error of trainlab's own."
        except GivenUpError:
            return
        except Exception as error:
            failure = words_of(error)
        self._send_frame(error_frame(failure), order)

    def _send_frame(self, frame: Frame, order: Order) -> None:
        encoded = encode(frame, id=order.id, lane=order.lane)
        most = order.limits.frame_bytes
        if len(encoded) > most:
            raise TrainlabError(
                f"The answer has {len(encoded) / 1e6:,.0f} MB, and at most {most / 1e6:,.0f} MB are sent: "
                "ask for fewer seeds, frames or examples, or take a smaller network."
            )
        self._send(FRAME, encoded)

    def _send(self, kind: bytes, body: bytes = b"") -> None:
        self._answers.write(packed(kind, body))
        self._answers.flush()


def own_stdout() -> BinaryIO:
    """Return stdout for messages alone; whatever else prints, in Python or C, goes to stderr."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return answers


def load_kernel() -> None:
    """Answer what the page asks first, for two epochs: what is loaded by then, a visitor needn't wait for.

    Among it is the kernel's machine code, of which each process makes what it needs.
    """
    first = any_study(SHOWN).cells()[0].experiment
    asked = Population(experiment=page_form(msgspec.structs.replace(first, epochs=2)), seeds=Limits().seeds)
    for _ in answer(asked, Limits()):
        pass


def main() -> None:
    """Load the kernel, and answer."""
    Worker(answer, asked=sys.stdin.buffer, answers=own_stdout()).run(prepare=load_kernel)


if __name__ == "__main__":
    main()
