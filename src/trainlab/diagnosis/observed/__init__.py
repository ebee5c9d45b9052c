"""What the probe saw of a training, and of its code, as plain data."""
