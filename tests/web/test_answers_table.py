"""Every question that a page may ask has its maker of answers."""

from importlib import import_module
from typing import get_args

import pytest

from trainlab.web import answers
from trainlab.web.questions import Asked


@pytest.mark.parametrize("question", get_args(Asked))
def test_a_question_has_its_answers(question: type):
    file, maker = answers._MAKERS[question]
    assert callable(getattr(import_module(file), maker))
