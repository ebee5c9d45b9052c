"""The five questions, each a function that answers with the numbers of a network, checked and tested."""

from trainlab.explain.chains import ChainRuleExplanation, chain_rule
from trainlab.explain.explanation import Explanation, Section, Table
from trainlab.explain.inits import InitExplanation, init
from trainlab.explain.losses import LossExplanation, Pairing, loss, pairing
from trainlab.explain.neurons import Collapse, NeuronExplanation, collapse, neuron
from trainlab.explain.rates import LearningRateExplanation, learning_rate

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
