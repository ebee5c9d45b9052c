"""What is the truth about an exercise of the course? Its runs are trained, and read by the rule it states.

Kind ``exercise``. Every frame is about the seeds trained so far:

| field | what it is |
|---|---|
| `number` | which exercise, from 1 |
| `right` | the place of the right choice; null where the guess is a number of seeds |
| `k`, `n`, `low`, `high` | where it is one: solved, seeds so far, and the interval of the share |
| `sentence` | the truth, with its interval |
| `why` | what follows from formulas, and what these runs did, a sentence or two each |
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from trainlab.errors import SpecError
from trainlab.stats import Reading as EffectReading
from trainlab.web.addresses import page_form
from trainlab.web.answers.compare import answer_compare
from trainlab.web.answers.outcomes import WORDS
from trainlab.web.answers.population import answer_population
from trainlab.web.course import SEEDS, Exercise, course
from trainlab.web.frames import Frame
from trainlab.web.limits import Limits
from trainlab.web.questions import Compare, Population
from trainlab.web.questions import Exercise as ExerciseQuestion

EFFECT_CHOICE: Final[Mapping[EffectReading, int]] = {
    "helps": 0,
    "hurts": 1,
    "no difference seen": 2,
    "shown to be small": 2,
}
"""Which of the course's choices an effect's reading is."""


def answer_exercise(question: ExerciseQuestion, limits: Limits) -> Iterator[Frame]:
    """Yield the truth about an exercise, on more and more of its seeds."""
    exercises = course()
    if question.number > len(exercises):
        raise SpecError(f"number = {question.number}: the course has exercises 1 to {len(exercises)}.")
    exercise = exercises[question.number - 1]
    for frame in _runs(exercise, limits):
        yield Frame(
            kind="exercise",
            fields={
                "number": question.number,
                **truth(exercise, frame.fields),
                "why": [exercise.because, *_failures(exercise, frame.fields)],
            },
            last=frame.last,
        )


def truth(exercise: Exercise, found: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is right, and the sentence that says so, from the fields of its runs' answer."""
    if exercise.reading == "effect":
        return {"right": EFFECT_CHOICE[found["effect"]["reading"]], "sentence": found["sentence"]}
    if exercise.reading == "share":
        share = {name: found[name] for name in ("k", "n", "low", "high")}
        return {"right": None, **share, "sentence": found["sentence"]}
    failures: Sequence[Mapping[str, Any]] = found["why"]
    if not failures:
        return {"right": len(WORDS), "sentence": f"None fails. {found['sentence']}"}
    commonest = failures[0]
    return {
        "right": list(WORDS).index(commonest["name"]),
        "sentence": (
            f"{commonest['words'].removesuffix('.')}; 95 % interval {100 * commonest['low']:.0f} to "
            f"{100 * commonest['high']:.0f} % of those that fail."
        ),
    }


def _runs(exercise: Exercise, limits: Limits) -> Iterator[Frame]:
    a = page_form(exercise.a)
    if exercise.b is None:
        return answer_population(Population(experiment=a, seeds=SEEDS), limits)
    return answer_compare(Compare(a=a, b=page_form(exercise.b), seeds=SEEDS), limits)


def _failures(exercise: Exercise, found: Mapping[str, Any]) -> list[str]:
    """Return how each side's runs fail most often, unless that was the question."""
    if exercise.reading == "failures":
        return []
    sides = {"A": found["a"], "B": found["b"]} if "b" in found else {"": found}
    return [
        f"{f'Failures of {name}' if name else 'Failures'}, the commonest kind: {side['why'][0]['words']}"
        for name, side in sides.items()
        if side["why"]
    ]
