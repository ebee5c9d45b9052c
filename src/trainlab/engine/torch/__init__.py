"""The torch engine: populations stacked along a first axis, on the CPU or on CUDA; and any torch module."""

from trainlab.engine.torch.engine import TorchEngine
from trainlab.engine.torch.populations import population
from trainlab.engine.torch.trained_population import Population

__all__ = ["Population", "TorchEngine", "population"]
