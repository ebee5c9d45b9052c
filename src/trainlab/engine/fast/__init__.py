"""The fast engine: a population in tiles of small networks, each trained by the compiled kernel."""

from trainlab.engine.fast.engine import FastEngine

__all__ = ["FastEngine"]
