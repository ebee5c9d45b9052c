"""The course: its experiments are what its words say, and none of its answers is written down."""

from __future__ import annotations

import json

import pytest

from trainlab.spec import name_of
from trainlab.web.course import CHOICES, NEAR, Exercise, course
from trainlab.web.limits import Limits
from trainlab.web.reading import experiment_of
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
