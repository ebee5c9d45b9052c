"""What is a loss? Pairings of task, output and loss, their gradients, and what they do on populations."""

from trainlab.explain.questions.loss.pairing import Pairing, pairing, pairing_of, pairings
from trainlab.explain.questions.loss.question import loss
from trainlab.explain.questions.loss.result import LossExplanation

__all__ = ["LossExplanation", "Pairing", "loss", "pairing", "pairing_of", "pairings"]
