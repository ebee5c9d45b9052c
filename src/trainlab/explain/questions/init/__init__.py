"""How are weights initialised? Schemes, signals through depth, symmetry, and what they do to learning."""

from trainlab.explain.questions.init.evidence import InitExplanation
from trainlab.explain.questions.init.question import init

__all__ = ["InitExplanation", "init"]
