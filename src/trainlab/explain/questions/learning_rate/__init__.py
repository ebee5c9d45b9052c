"""What is the learning rate for?"""

from trainlab.explain.questions.learning_rate.evidence import LearningRateExplanation
from trainlab.explain.questions.learning_rate.question import learning_rate

__all__ = ["LearningRateExplanation", "learning_rate"]
