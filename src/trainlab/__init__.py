"""trainlab finds out why a neural network learns, or does not."""
