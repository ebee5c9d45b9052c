"""Remedies are tried: applied from outside, and compared with the unchanged training on the same seeds."""
