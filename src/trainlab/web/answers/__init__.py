"""Answers to the page's questions: a file a question, each a pure function that yields frames."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Final

from trainlab.web.frames import Frame
from trainlab.web.limits import Limits
from trainlab.web.questions import (
    Asked,
    Budget,
    Compare,
    Exercise,
    Microscope,
    Plane,
    Population,
    Rates,
    Replay,
    TakeAway,
    Why,
    WhySeed,
)

_FILES: Final[dict[type[Asked], str]] = {
    Population: "population",
    Why: "why",
    WhySeed: "why_seed",
    Compare: "compare",
    Replay: "replay",
    Plane: "plane",
    Microscope: "microscope",
    Rates: "rates",
    Budget: "budget",
    TakeAway: "take_away",
    Exercise: "exercise",
}
"""Which file has the answer: ``population.py`` has ``answer_population(question, limits)``, and so on."""


def answer(question: Asked, limits: Limits) -> Iterator[Frame]:
    """Answer a question, frame by frame; a file is imported when its question is first asked.

    Raises:
        TrainlabError: it can't be answered; one line says why.
    """
    name = _FILES[type(question)]
    return getattr(import_module(f"{__name__}.{name}"), f"answer_{name}")(question, limits)
