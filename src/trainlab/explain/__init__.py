"""The five questions, each a function that answers with the numbers of a network, checked and tested.

All have these options, beside their own:

- ``parts``: the sections to make, by name; all if empty. Fewer come without answer and verdict.
- ``engine``: who trains the populations.
- ``store``: the folder that keeps finished runs; none if left out.
- ``workers``: threads or processes; all processors if left out.
- ``on_progress``: called while populations train.
- ``on_section``: called with each section as soon as it is ready.

The names below are loaded when first used: who asks one question, or only shows a result, need not wait for
the other four.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from trainlab.errors import TrainlabError

if TYPE_CHECKING:
    from trainlab.explain.explanation import Explanation
    from trainlab.explain.questions.chain_rule import ChainRuleExplanation, chain_rule
    from trainlab.explain.questions.init import InitExplanation, init
    from trainlab.explain.questions.learning_rate import LearningRateExplanation, learning_rate
    from trainlab.explain.questions.loss import LossExplanation, Pairing, loss, pairing
    from trainlab.explain.questions.neuron import Collapse, NeuronExplanation, collapse, neuron
    from trainlab.page.section import Section, Table

_HOMES = {
    "ChainRuleExplanation": "questions.chain_rule",
    "Collapse": "questions.neuron",
    "Explanation": "explanation",
    "InitExplanation": "questions.init",
    "LearningRateExplanation": "questions.learning_rate",
    "LossExplanation": "questions.loss",
    "NeuronExplanation": "questions.neuron",
    "Pairing": "questions.loss",
    "Section": "explanation",
    "Table": "explanation",
    "chain_rule": "questions.chain_rule",
    "collapse": "questions.neuron",
    "init": "questions.init",
    "learning_rate": "questions.learning_rate",
    "loss": "questions.loss",
    "neuron": "questions.neuron",
    "pairing": "questions.loss",
}

__all__ = [
    "ChainRuleExplanation",
    "Collapse",
    "Explanation",
    "InitExplanation",
    "LearningRateExplanation",
    "LossExplanation",
    "NeuronExplanation",
    "Pairing",
    "Section",
    "Table",
    "chain_rule",
    "collapse",
    "init",
    "learning_rate",
    "loss",
    "neuron",
    "pairing",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'trainlab.explain' has no attribute {name!r}")
    return getattr(import_module(f"trainlab.explain.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)


class _Room(ModuleType):
    """The module, which says what to call where it is called itself."""

    def __call__(self, *_: object, **__: object) -> None:
        raise TrainlabError(
            "trainlab.explain holds the questions and is none itself; call one of them: explain.neuron(), "
            "explain.loss(), explain.chain_rule(), explain.init() or explain.learning_rate()."
        )


sys.modules[__name__].__class__ = _Room
