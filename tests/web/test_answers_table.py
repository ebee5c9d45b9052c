"""Every question that a page may ask has its file of answers."""

from importlib import import_module
from typing import get_args

import pytest

from trainlab.web import answers
from trainlab.web.questions import Asked


@pytest.mark.parametrize("question", get_args(Asked))
def test_a_question_has_its_answers(question: type):
    name = answers._FILES[question]
    file = f"trainlab.web.answers.{name}"
    assert callable(getattr(import_module(file), f"answer_{name}"))
