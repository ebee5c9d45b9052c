"""Every fully connected network with an exact number of trainable parameters: counted, listed, sampled."""

from trainlab.budgets.architecture import Architecture, Layer, LayerTable, bias_flags, layer_table
from trainlab.budgets.question import BiasRule, Budget, budget

__all__ = [
    "Architecture",
    "BiasRule",
    "Budget",
    "Layer",
    "LayerTable",
    "bias_flags",
    "budget",
    "layer_table",
]
