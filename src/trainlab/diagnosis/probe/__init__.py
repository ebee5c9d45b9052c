"""The probe: listens to a training through PyTorch's own hooks and writes down plain numbers."""
