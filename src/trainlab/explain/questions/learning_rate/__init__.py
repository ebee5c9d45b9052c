"""What is the learning rate for?"""

from trainlab.explain.questions.learning_rate.question import learning_rate
from trainlab.explain.questions.learning_rate.result import LearningRateExplanation

__all__ = ["LearningRateExplanation", "learning_rate"]
