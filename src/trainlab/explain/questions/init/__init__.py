"""How are weights initialised? Schemes, signals through depth, symmetry, and what they do to learning."""

from trainlab.explain.questions.init.question import init
from trainlab.explain.questions.init.result import InitExplanation

__all__ = ["InitExplanation", "init"]
