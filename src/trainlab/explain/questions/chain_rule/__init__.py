"""The chain rule: paths from a weight to the loss, the backward pass, depth, and the step downhill."""

from trainlab.explain.questions.chain_rule.evidence import ChainRuleExplanation
from trainlab.explain.questions.chain_rule.question import chain_rule

__all__ = ["ChainRuleExplanation", "chain_rule"]
