"""What is the learning rate for?"""

from trainlab.explain.questions.learning_rate.answer import LearningRateExplanation, learning_rate

__all__ = ["LearningRateExplanation", "learning_rate"]
