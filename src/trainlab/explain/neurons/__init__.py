"""What is a neuron? One taken apart, and what a stack of them is without activations."""

from trainlab.explain.neurons.neuron import neuron
from trainlab.explain.neurons.result import NeuronExplanation, StackRates
from trainlab.explain.neurons.stack import Collapse, Difference, collapse

__all__ = ["Collapse", "Difference", "NeuronExplanation", "StackRates", "collapse", "neuron"]
