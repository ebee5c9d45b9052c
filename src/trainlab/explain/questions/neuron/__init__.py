"""What is a neuron? One taken apart, and what a stack of them is without activations."""

from trainlab.explain.questions.neuron.linear_stack import Collapse, Difference, collapse
from trainlab.explain.questions.neuron.question import NeuronExplanation, neuron
from trainlab.explain.questions.neuron.stacks import StackRates

__all__ = ["Collapse", "Difference", "NeuronExplanation", "StackRates", "collapse", "neuron"]
