"""A worker that does what a question's experiment says: ``{"do": "frames", "count": 3, "pause": 0.1}``."""

import os
import time
from collections.abc import Iterator

import numpy as np

from trainlab.errors import SpecError
from trainlab.web.frames import Frame
from trainlab.web.questions import Asked, Limits, check_wanted
from trainlab.web.worker_main import Answer, Worker, own_stdout


def double(question: Asked, limits: Limits) -> Iterator[Frame]:
    asked = question.experiment
    match asked["do"]:
        case "frames":
            count = asked.get("count", 1)
            for number in range(count):
                time.sleep(asked.get("pause", 0))
                print("this is no frame")
                os.write(1, b"nor is this")
                yield frame(number, last=number == count - 1, size=asked.get("size", 1))
        case "hang":
            yield frame(0, last=False)
            time.sleep(600)
        case "part by part":
            yield frame(0, last=False)
            while True:
                check_wanted()
                time.sleep(0.01)
        case "die":
            os._exit(3)
        case "refuse":
            raise SpecError("optimizer.lr = -1: must be a finite number\n> 0.")
        case "fail":
            raise ZeroDivisionError
        case "break off":
            yield frame(0, last=False)


def frame(number: int, *, last: bool, size: int = 1) -> Frame:
    fields = {"number": number, "pid": os.getpid()}
    return Frame(kind="double", fields=fields, arrays={"x": np.zeros(size, np.uint8)}, last=last)


def main(answer: Answer) -> None:
    import sys

    answers = own_stdout()
    Worker(answer, asked=sys.stdin.buffer, answers=answers).run()


if __name__ == "__main__":
    main(double)
