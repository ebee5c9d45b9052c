"""Answers to the page's questions: each a pure function that yields frames."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Final

from trainlab.web.frames import Frame
from trainlab.web.questions import (
    Asked,
    Budget,
    Compare,
    Exercise,
    Limits,
    Microscope,
    Plane,
    Population,
    Rates,
    Replay,
    TakeAway,
    Why,
    WhySeed,
)

_MAKERS: Final[dict[type[Asked], tuple[str, str]]] = {
    Population: ("trainlab.web.answers.population", "answer_population"),
    Why: ("trainlab.web.answers.why", "answer_why"),
    WhySeed: ("trainlab.web.answers.why", "answer_why_seed"),
    Compare: ("trainlab.web.answers.compare", "answer_compare"),
    Replay: ("trainlab.web.answers.replay", "answer_replay"),
    Plane: ("trainlab.web.answers.plane", "answer_plane"),
    Microscope: ("trainlab.web.answers.microscope", "answer_microscope"),
    Rates: ("trainlab.web.answers.rates", "answer_rates"),
    Budget: ("trainlab.web.answers.budget", "answer_budget"),
    TakeAway: ("trainlab.web.answers.take_away", "answer_take_away"),
    Exercise: ("trainlab.web.course", "answer_exercise"),
}
"""Which function of which file makes the answer."""


def answer(question: Asked, limits: Limits) -> Iterator[Frame]:
    """Answer a question, frame by frame; a file is imported when its question is first asked.

    Raises:
        TrainlabError: it can't be answered; one line says why.
    """
    file, maker = _MAKERS[type(question)]
    return getattr(import_module(file), maker)(question, limits)
