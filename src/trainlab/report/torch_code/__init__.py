"""A cell as a script that needs PyTorch only."""
