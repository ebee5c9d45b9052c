"""What is a loss? Pairings of task, output and loss, their gradients, and what they do on populations."""

from trainlab.explain.questions.loss.pairing import Pairing, pairing, pairing_of, pairings
from trainlab.explain.questions.loss.question import LossExplanation, loss

__all__ = ["LossExplanation", "Pairing", "loss", "pairing", "pairing_of", "pairings"]
