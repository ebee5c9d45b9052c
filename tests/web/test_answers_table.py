"""Every question that a page may ask has its file of answers."""

from importlib.util import find_spec
from typing import get_args

import pytest

from trainlab.web import answers
from trainlab.web.questions import Asked


@pytest.mark.parametrize("question", get_args(Asked))
def test_a_question_has_its_answers(question: type):
    assert find_spec(f"trainlab.web.answers.{answers._FILES[question]}") is not None
