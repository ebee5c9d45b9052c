"""How are weights initialised? Schemes, signals through depth, symmetry, and what they do to learning."""

from trainlab.explain.inits.answer import init
from trainlab.explain.inits.result import InitExplanation

__all__ = ["InitExplanation", "init"]
