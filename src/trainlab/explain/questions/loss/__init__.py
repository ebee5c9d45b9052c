"""What is a loss? Pairings of task, output and loss, their gradients, and what they do on populations."""

from trainlab.explain.questions.loss.loss import LossExplanation, loss
from trainlab.explain.questions.loss.pairing import Pairing, pairing, pairing_of, pairings

__all__ = ["LossExplanation", "Pairing", "loss", "pairing", "pairing_of", "pairings"]
