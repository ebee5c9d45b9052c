"""The chain rule: paths from a weight to the loss, the backward pass, depth, and the step downhill."""

from trainlab.explain.chains.ask import chain_rule
from trainlab.explain.chains.result import ChainRuleExplanation

__all__ = ["ChainRuleExplanation", "chain_rule"]
