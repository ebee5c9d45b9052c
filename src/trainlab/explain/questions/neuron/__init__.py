"""What is a neuron? One taken apart, and what a stack of them is without activations."""

from trainlab.explain.questions.neuron.question import neuron
from trainlab.explain.questions.neuron.result import NeuronExplanation, StackRates
from trainlab.explain.questions.neuron.stack import Collapse, Difference, collapse

__all__ = ["Collapse", "Difference", "NeuronExplanation", "StackRates", "collapse", "neuron"]
