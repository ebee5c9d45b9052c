"""What is the learning rate for?"""

from trainlab.explain.rates.answer import LearningRateExplanation, learning_rate

__all__ = ["LearningRateExplanation", "learning_rate"]
