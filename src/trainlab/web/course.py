"""The course: ten exercises on the assignment's changes and questions, each a guess about runs not yet made.

No answer is written down. Each exercise is an experiment, or two to compare, and a rule by which the answer
of the runs is read (`trainlab.web.course`); the rule is part of what the page asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal

from trainlab.errors import SpecError
from trainlab.spec import Edit, Experiment, any_study, select_cells
from trainlab.spec.change import apply_edits
from trainlab.stats import Reading as EffectReading
from trainlab.web.answers.compare import answer_compare
from trainlab.web.answers.population import WORDS, answer_population
from trainlab.web.experiment_forms import page_form
from trainlab.web.frames import Frame
from trainlab.web.questions import Compare, Limits, Population
from trainlab.web.questions import Exercise as ExerciseQuestion

SHOWN: Final = "xor44"
"""The study whose networks and changes the page begins with, and the course is about."""
SEEDS: Final = 256
NEAR: Final = 0.1
"""A guess of a share counts as right up to so far from it."""

Reading = Literal["effect", "share", "failures"]

CHOICES: Final[Mapping[Reading, tuple[str, ...]]] = {
    "effect": ("B solves more seeds", "B solves fewer seeds", "no difference seen, or one below 2 points"),
    "share": (),
    "failures": (*(f"{name} {words}" for name, words in WORDS.items()), "none fails"),
}
"""What can be guessed; of a share, any number of seeds."""

RULES: Final[Mapping[Reading, str]] = {
    "effect": (
        "More or fewer: the 95 % interval of the difference, paired by seed, leaves out 0, and isn't all "
        "within 2 points of it."
    ),
    "share": f"Right is a guess within {100 * NEAR:g} points of the share solved.",
    "failures": "Right is the commonest kind of failure among these seeds.",
}
"""By which rule each reading finds the right answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Exercise:
    """What is asked, of `a` alone or of `b` beside it, how the answer is read, and why it is so.

    `because` says what follows from formulas alone; what these runs did is for them to say. `view` is where
    the page shows more.
    """

    title: str
    text: str
    reading: Reading
    because: str
    view: str
    a: Experiment
    b: Experiment | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return what the page shows before a guess is made."""
        return {
            "title": self.title,
            "text": self.text,
            "rule": RULES[self.reading],
            "choices": CHOICES[self.reading],
            "near": NEAR,
            "seeds": SEEDS,
            "view": self.view,
            "a": page_form(self.a),
            "b": None if self.b is None else page_form(self.b),
        }


@cache
def course() -> tuple[Exercise, ...]:
    """Return the exercises in order: the five changes, then the five questions."""
    return (
        Exercise(
            title="Adam for SGD",
            text=(
                "A is Model 1, 2-5-4-1, as the assignment begins: SGD with lr 0.02 and momentum 0.9, L1 "
                "loss, tanh after every layer, 300 epochs. B trains it with Adam, lr 0.02. What does Adam "
                "do?"
            ),
            reading="effect",
            because=(
                "A step of SGD is lr times the gradient, with momentum. Adam divides that by the "
                "gradient's own recent size, so a weight with a small gradient moves as far as one with a "
                "large gradient."
            ),
            view="compare",
            a=_made("Model 1"),
            b=_made("Model 1", "A"),
        ),
        Exercise(
            title="MSE for L1",
            text=(
                "A is Model 2, 2-11-1, as the assignment begins: L1 loss, SGD, tanh, 300 epochs. B's loss "
                "is MSE. What does MSE do?"
            ),
            reading="effect",
            because=(
                "The slope of |p − y| is 1 however small the error, so the steps of L1 don't get shorter "
                "near the target; the slope of (p − y)² goes to 0 with the error."
            ),
            view="compare",
            a=_made("Model 2"),
            b=_made("Model 2", "B"),
        ),
        Exercise(
            title="Sigmoid for tanh",
            text=(
                "A is Model 1 with Adam and MSE, 300 epochs. B has a sigmoid wherever A has a tanh, after "
                "the last layer too. What do sigmoids do?"
            ),
            reading="effect",
            because=(
                "The slope of a sigmoid is 1/4 at most, that of tanh 1, so each layer lets less of the "
                "gradient through; and a sigmoid comes close to 0 or 1 only where it is nearly flat."
            ),
            view="compare",
            a=_made("Model 1", "AB"),
            b=_made("Model 1", "ABC"),
        ),
        Exercise(
            title="2,001 epochs for 300",
            text=(
                "A is Model 1 with Adam, MSE and sigmoids, trained for 300 epochs. B trains on to epoch "
                "2,001. What does the longer training do?"
            ),
            reading="effect",
            because=(
                "The first 300 epochs of B are A's, number for number: B is the same runs read later. So "
                "seeds are rescued by time alone, and lost only if a run unlearns what it knew."
            ),
            view="compare",
            a=_made("Model 1", "ABC"),
            b=_made("Model 1", "ABCD"),
        ),
        Exercise(
            title="No last activation",
            text=(
                "A is Model 1 with the four changes so far: Adam, MSE, sigmoids, 2,001 epochs. In B the "
                "last layer has no activation. What does that do?"
            ),
            reading="effect",
            because=(
                "Answers of a last sigmoid lie between 0 and 1, those of a linear layer anywhere; both "
                "can come within 0.1 of 0 and of 1, which is what counts as solved."
            ),
            view="compare",
            a=_made("Model 1", "ABCD"),
            b=_made("Model 1", "ABCDE"),
        ),
        Exercise(
            title="What is a neuron?",
            text=(
                "Model 2, 2-11-1, with Adam, MSE and 2,001 epochs, but without any activation: its "
                "neurons only add up what comes in. How many seeds solve XOR?"
            ),
            reading="share",
            because=(
                "Without activations both layers are one linear map. Its answers to (0,0) and (1,1) add "
                "up to the same as those to (0,1) and (1,0); XOR wants sums of 0 and 2, so no weights "
                "solve it."
            ),
            view="map",
            a=_made("Model 2", "ABDE", ("network.activation", "linear")),
        ),
        Exercise(
            title="What is the learning rate for?",
            text=(
                "Model 1 with Adam, MSE, tanh, 2,001 epochs and no last activation. The assignment's "
                "learning rate is 0.02. A has 0.0002, a hundredth of it; B has 0.2, ten times as much. "
                "Which does better?"
            ),
            reading="effect",
            because=(
                "A step of Adam is about as long as the learning rate. With short steps a run may not "
                "arrive within its epochs; long ones can throw weights to where tanh is flat and sends no "
                "gradient back."
            ),
            view="compare",
            a=_made("Model 1", "ABDE", ("optimizer.lr", 0.0002)),
            b=_made("Model 1", "ABDE", ("optimizer.lr", 0.2)),
        ),
        Exercise(
            title="How are weights initialised?",
            text=(
                "Model 1 with Adam and MSE, tanh, 300 epochs, but every weight begins at 0. Biases begin "
                "as PyTorch has them: small and random. How many seeds solve it?"
            ),
            reading="share",
            because=(
                "Neurons with equal weights stay equal only while their biases are equal too. Here the "
                "biases differ, and through them the gradients: zero weights alone don't keep neurons the "
                "same."
            ),
            view="map",
            a=_made("Model 1", "AB", ("init.weight.name", "constant"), ("init.weight.val", 0.0)),
        ),
        Exercise(
            title="What is a loss?",
            text=(
                "Model 2 with Adam and 300 epochs, its loss BCEWithLogitsLoss. A has no last activation; "
                "B has a sigmoid there, for an answer between 0 and 1. What does the sigmoid do?"
            ),
            reading="effect",
            because=(
                "BCEWithLogitsLoss applies a sigmoid of its own, and a sigmoid of a number between 0 and "
                "1 lies between 0.5 and 0.73: it can't come near 0, nor near 1."
            ),
            view="compare",
            a=_made("Model 2", "A", ("loss", "bce_with_logits"), ("network.output_activation", "linear")),
            b=_made("Model 2", "A", ("loss", "bce_with_logits"), ("network.output_activation", "sigmoid")),
        ),
        Exercise(
            title="What does the chain rule do to a deep network?",
            text=(
                "Model 3, eight layers of two neurons but for the last, with all five changes of the "
                "assignment. Of the seeds that don't solve it: which kind of failure is the commonest?"
            ),
            reading="failures",
            because=(
                "The first layer's gradient is a product over all layers, of weights and of slopes. "
                "Before the last layer there are seven sigmoids, each with a slope of 1/4 at most: "
                "together 1/16,384 at most."
            ),
            view="microscope",
            a=_made("Model 3", "ABCDE"),
        ),
    )


def _made(network: str, changes: str = "", *edits: tuple[str, float | str]) -> Experiment:
    """Return a network of the assignment with some of its changes, A to E, and further edits."""
    cell = f"{network}:{'+'.join(changes) or 'none'}"
    experiment = select_cells(any_study(SHOWN), (cell,))[0].experiment
    return apply_edits(experiment, tuple(Edit(path=path, value=value) for path, value in edits))


# What is the truth about an exercise of the course? Its runs are trained, and read by the rule it states.
#
# Kind ``exercise``. Every frame is about the seeds trained so far:
#
# | field | what it is |
# |---|---|
# | `number` | which exercise, from 1 |
# | `right` | the place of the right choice; null where the guess is a number of seeds |
# | `k`, `n`, `low`, `high` | where it is one: solved, seeds so far, and the interval of the share |
# | `sentence` | the truth, with its interval |
# | `why` | what follows from formulas, and what these runs did, a sentence or two each |


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
