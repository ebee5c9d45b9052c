"""What a question is asked of: an experiment's network, its loss and optimizer, or a user's torch module."""
