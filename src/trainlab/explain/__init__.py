"""The five questions, each a function that answers with the numbers of a network, checked and tested.

The names below are loaded when first used: who asks one question, or only shows a result, need not wait for
the other four.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trainlab.explain.chains import ChainRuleExplanation, chain_rule
    from trainlab.explain.explanation import Explanation, Section, Table
    from trainlab.explain.inits import InitExplanation, init
    from trainlab.explain.losses import LossExplanation, Pairing, loss, pairing
    from trainlab.explain.neurons import Collapse, NeuronExplanation, collapse, neuron
    from trainlab.explain.rates import LearningRateExplanation, learning_rate

_HOMES = {
    "ChainRuleExplanation": "chains",
    "Collapse": "neurons",
    "Explanation": "explanation",
    "InitExplanation": "inits",
    "LearningRateExplanation": "rates",
    "LossExplanation": "losses",
    "NeuronExplanation": "neurons",
    "Pairing": "losses",
    "Section": "explanation",
    "Table": "explanation",
    "chain_rule": "chains",
    "collapse": "neurons",
    "init": "inits",
    "learning_rate": "rates",
    "loss": "losses",
    "neuron": "neurons",
    "pairing": "losses",
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
