"""The five questions, each a function that answers with the numbers of a network, checked and tested."""

from trainlab.explain.explanation import Explanation, Section, Table
from trainlab.explain.neurons import Collapse, NeuronExplanation, collapse, neuron

__all__ = [
    "Collapse",
    "Explanation",
    "InitExplanation",
    "LearningRateExplanation",
    "NeuronExplanation",
    "Section",
    "Table",
    "collapse",
    "init",
    "learning_rate",
    "neuron",
]
