"""The reference engine: an ordinary PyTorch loop over one network at a time, which the others must match."""

from trainlab.engine.reference.engine import ReferenceEngine
from trainlab.engine.reference.module import build_module
from trainlab.engine.reference.optimizers import build_optimizer

__all__ = ["ReferenceEngine", "build_module", "build_optimizer"]
