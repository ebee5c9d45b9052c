"""The course: its experiments are what its words say, and none of its answers is written down."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from web.experiments import sent

from trainlab.engine import get_engine
from trainlab.errors import SpecError
from trainlab.spec import name_of
from trainlab.web.answers.compare import answer_compare
from trainlab.web.answers.population import WORDS
from trainlab.web.course import CHOICES, NEAR, SEEDS, Exercise, answer_exercise, course, truth
from trainlab.web.experiment_forms import experiment_of, page_form
from trainlab.web.questions import Compare, Limits
from trainlab.web.questions import Exercise as ExerciseQuestion
from trainlab.web.schema import schema

EXERCISES = course()


def test_there_are_ten_with_titles_of_their_own():
    assert len(EXERCISES) == 10
    assert len({exercise.title for exercise in EXERCISES}) == 10


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.title)
def test_the_page_asks_what_the_server_answers(exercise: Exercise):
    told = json.loads(json.dumps(exercise.to_dict()))
    for form, experiment in ((told["a"], exercise.a), (told["b"], exercise.b)):
        assert (form is None) == (experiment is None)
        if form is not None and experiment is not None:
            read = experiment_of(form, Limits(), seeds=told["seeds"])
            assert read.network == experiment.network
            assert read.optimizer == experiment.optimizer
            assert read.init == experiment.init
    assert set(told) == {"title", "text", "rule", "choices", "near", "seeds", "view", "a", "b"}
    assert (exercise.b is not None) == (exercise.reading == "effect")


def test_the_schema_tells_the_course_without_its_answers():
    told = schema()["course"]
    assert [each["title"] for each in told] == [exercise.title for exercise in EXERCISES]
    assert not any(exercise.because in json.dumps(told, ensure_ascii=False) for exercise in EXERCISES)


def test_two_sides_differ_in_what_the_exercise_is_about():
    expected = {
        "Adam for SGD": {"optimizer"},
        "MSE for L1": {"loss"},
        "Sigmoid for tanh": {"network"},
        "2,001 epochs for 300": {"epochs"},
        "No last activation": {"network"},
        "What is the learning rate for?": {"optimizer"},
        "What is a loss?": {"network"},
    }
    found = {
        exercise.title: {
            name
            for name in exercise.a.__struct_fields__
            if name != "record" and getattr(exercise.a, name) != getattr(exercise.b, name)
        }
        for exercise in EXERCISES
        if exercise.b is not None
    }
    assert found == expected


def test_words_and_experiments_agree():
    by_title = {exercise.title: exercise for exercise in EXERCISES}
    for exercise in EXERCISES:
        network = exercise.a.network
        assert network.parameters == 44
        name = {"2-5-4-1": "Model 1", "2-11-1": "Model 2"}.get(network.label, "Model 3")
        assert name in exercise.text
    rates = by_title["What is the learning rate for?"]
    assert rates.b is not None
    assert (rates.a.optimizer.lr, rates.b.optimizer.lr) == (0.0002, 0.2)
    longer = by_title["2,001 epochs for 300"]
    assert longer.b is not None
    assert (longer.a.epochs, longer.b.epochs) == (300, 2001)
    plain = by_title["What is a neuron?"].a.network
    assert set(plain.activations) == {"linear"}
    init = by_title["How are weights initialised?"].a.init
    assert (name_of(init.weight), name_of(init.bias)) == ("constant", "default")
    deep = by_title["What does the chain rule do to a deep network?"].a.network
    assert deep.activations == ("sigmoid",) * 7 + ("linear",)
    assert 4**7 == 16_384


def test_a_guess_is_a_choice_or_a_number():
    assert all(bool(CHOICES[exercise.reading]) == (exercise.reading != "share") for exercise in EXERCISES)
    assert 0 < NEAR < 1


# The truth about an exercise is read off the runs by the rule that the exercise states.


def exercise_of(reading: str) -> Exercise:
    return next(exercise for exercise in course() if exercise.reading == reading)


@pytest.mark.parametrize(
    ("reading", "choice"),
    [
        ("helps", "B solves more seeds"),
        ("hurts", "B solves fewer seeds"),
        ("no difference seen", "no difference seen, or one below 2 points"),
        ("shown to be small", "no difference seen, or one below 2 points"),
    ],
)
def test_an_effect_is_read_as_studies_read_it(reading: str, choice: str):
    told = truth(exercise_of("effect"), {"effect": {"reading": reading}, "sentence": "So it is."})
    assert CHOICES["effect"][told["right"]] == choice
    assert told["sentence"] == "So it is."


def test_a_share_is_told_with_its_interval_and_no_choice_is_right():
    told = truth(exercise_of("share"), {"k": 3, "n": 10, "low": 0.1, "high": 0.6, "sentence": "3 of 10."})
    assert told == {"right": None, "k": 3, "n": 10, "low": 0.1, "high": 0.6, "sentence": "3 of 10."}


def failing(*names: str) -> dict[str, Any]:
    why = [{"name": name, "words": f"7 of 9: {name}.", "low": 0.45, "high": 0.94} for name in names]
    return {"why": why, "sentence": "1 of 10."}


@pytest.mark.parametrize("name", list(WORDS))
def test_the_commonest_failure_is_right(name: str):
    other = next(each for each in WORDS if each != name)
    told = truth(exercise_of("failures"), failing(name, other))
    assert CHOICES["failures"][told["right"]].startswith(f"{name} ")
    assert told["sentence"] == f"7 of 9: {name}; 95 % interval 45 to 94 % of those that fail."


def test_where_none_fails_that_is_the_right_choice():
    told = truth(exercise_of("failures"), failing())
    assert CHOICES["failures"][told["right"]] == "none fails"


@pytest.mark.trains
@pytest.mark.parametrize("number", range(1, len(course()) + 1))
def test_every_exercise_can_be_answered(number: int):
    header, _ = sent(answer_exercise(ExerciseQuestion(number=number), Limits()))[-1]
    exercise = course()[number - 1]
    assert (header["kind"], header["number"], header["last"]) == ("exercise", number, True)
    assert header["why"][0] == exercise.because
    if exercise.reading == "share":
        assert header["right"] is None
        assert header["n"] == SEEDS
    else:
        assert 0 <= header["right"] < len(CHOICES[exercise.reading])


def test_the_truth_is_that_of_the_comparison():
    (place, exercise), *_ = ((n, each) for n, each in enumerate(course(), 1) if each.b is not None)
    assert exercise.b is not None
    question = Compare(a=page_form(exercise.a), b=page_form(exercise.b), seeds=SEEDS)
    compared, _ = sent(answer_compare(question, Limits()))[-1]
    header, _ = sent(answer_exercise(ExerciseQuestion(number=place), Limits()))[-1]
    assert header["sentence"] == compared["sentence"]


def test_a_longer_training_begins_as_the_shorter():
    exercise = next(each for each in course() if each.title == "2,001 epochs for 300")
    assert exercise.b is not None
    engine = get_engine("fast")
    (short,), (long,) = (engine.train(each, range(8)) for each in (exercise.a, exercise.b))
    marks = np.isin(long.loss_epochs, short.loss_epochs)
    assert np.array_equal(short.loss_curve, long.loss_curve[:, marks])


def test_an_exercise_that_isn_t_there_is_told():
    with pytest.raises(SpecError, match=r"number = 11: the course has exercises 1 to 10\."):
        list(answer_exercise(ExerciseQuestion(number=11), Limits()))
